-- name: claim
-- Letters that are due, for this process to send until its claim ends. A letter that tells where money is claimed waits
-- until all of it can be.
WITH due AS (
    SELECT message_id FROM shop.letters l
    WHERE status = 'queued' AND next_try_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)
      AND NOT EXISTS (SELECT FROM shop.payouts p WHERE p.message_id = l.message_id AND p.status <> 'sent')
    ORDER BY next_try_at LIMIT $3 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE shop.letters l SET claimed_until = $2, attempts = attempts + 1 FROM due WHERE l.message_id = due.message_id
    RETURNING l.message_id, l.incident, l.diner_id, l.facts, l.attempts
)
SELECT c.message_id, c.incident, c.facts, c.attempts, u.name, u.email,
       (SELECT jsonb_object_agg(p.order_id, p.link) FROM shop.payouts p WHERE p.message_id = c.message_id) AS links
FROM claimed c JOIN shop.users u ON u.id = c.diner_id;

-- name: sent
-- The mail server has taken them.
UPDATE shop.letters SET status = 'sent', sent_at = $2, next_try_at = NULL, claimed_until = NULL, error = NULL
WHERE message_id = ANY($1::text[]) AND status = 'queued';

-- name: void
-- Their accounts are gone.
UPDATE shop.letters SET status = 'void', next_try_at = NULL, claimed_until = NULL WHERE message_id = ANY($1::text[]);

-- name: postpone
-- It was not taken; later again.
UPDATE shop.letters SET next_try_at = $2, claimed_until = NULL, error = $3 WHERE message_id = $1 AND status = 'queued';

-- name: give_up
-- It never will be taken.
UPDATE shop.letters SET status = 'failed', next_try_at = NULL, claimed_until = NULL, error = $2
WHERE message_id = $1 AND status = 'queued';
