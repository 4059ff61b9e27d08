-- name: claim
-- Payouts that are due, for this process to make until its claim ends.
WITH due AS (
    SELECT order_id FROM shop.payouts
    WHERE status = 'waiting' AND next_try_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)
    ORDER BY next_try_at, order_id LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE shop.payouts p SET claimed_until = $2, attempts = attempts + 1 FROM due WHERE p.order_id = due.order_id
RETURNING p.order_id, p.name, p.amount, p.attempts;

-- name: sent
-- The gateway has it. True even when the claim has ended meanwhile: it has one of each name.
UPDATE shop.payouts
SET status = 'sent', reference = $2, link = $3, sent_at = $4, next_try_at = NULL, claimed_until = NULL, error = NULL
WHERE order_id = $1 AND status <> 'sent';

-- name: postpone
-- It was not made, or nobody knows; later again.
UPDATE shop.payouts SET next_try_at = $2, claimed_until = NULL, error = $3 WHERE order_id = $1 AND status = 'waiting';

-- name: give_up
-- People must look at it.
UPDATE shop.payouts SET status = 'failed', next_try_at = NULL, claimed_until = NULL, error = $2
WHERE order_id = $1 AND status = 'waiting';

-- name: of_incident
-- With their links, for administrators.
SELECT p.order_id, p.diner_id, p.name, p.amount AS satoshis, p.status, p.reference, p.link, p.error,
       EXISTS (SELECT FROM shop.letters l WHERE l.message_id = p.message_id AND l.status <> 'void') AS told
FROM shop.payouts p WHERE p.incident = $1 ORDER BY p.order_id;
