-- name: turn
-- Who measures holds the row; another process that is at it is not waited for.
SELECT measured_at FROM ops.status_page WHERE one FOR UPDATE SKIP LOCKED;

-- name: snapshots
-- What each process said last, of those that said something lately.
SELECT snapshot::text FROM ops.snapshots WHERE at >= $1;

-- name: known
-- Up to where each process's counters are counted.
SELECT process, totals::text FROM ops.measured_processes WHERE process = ANY($1::text[]);

-- name: know
-- The counters that are counted from now on; processes that are long gone are forgotten.
WITH gone AS (DELETE FROM ops.measured_processes WHERE at < $3::timestamptz - interval '1 day')
INSERT INTO ops.measured_processes (process, totals, at)
SELECT process, totals, $3 FROM unnest($1::text[], $2::text[]) AS told (process, text), LATERAL (SELECT text::jsonb AS totals) AS read
ON CONFLICT (process) DO UPDATE SET totals = excluded.totals, at = excluded.at;

-- name: count_minute
-- Requests of this minute, by part; minutes that are long past go.
WITH gone AS (DELETE FROM ops.measured_minutes WHERE minute < $1::timestamptz - interval '1 hour')
INSERT INTO ops.measured_minutes AS m (minute, component, good, bad)
SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::bigint[])
ON CONFLICT (minute, component) DO UPDATE SET good = m.good + excluded.good, bad = m.bad + excluded.bad;

-- name: recent
-- Requests since a minute, by part.
SELECT component, sum(good)::bigint AS good, sum(bad)::bigint AS bad FROM ops.measured_minutes WHERE minute >= $1 GROUP BY component;

-- name: count_day
-- Requests and time of this day, by part.
INSERT INTO ops.measured_days AS d (day, component, good, bad, up_seconds, down_seconds)
SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::float8[], $6::float8[])
ON CONFLICT (day, component) DO UPDATE
SET good = d.good + excluded.good, bad = d.bad + excluded.bad, up_seconds = d.up_seconds + excluded.up_seconds,
    down_seconds = d.down_seconds + excluded.down_seconds;

-- name: forget_days
-- Days that no page shows any more.
DELETE FROM ops.measured_days WHERE day < $1;

-- name: set_states
-- The present state of each part; when it changed is kept.
INSERT INTO ops.status_components AS c (component, state, since)
SELECT component, state, $3 FROM unnest($1::text[], $2::text[]) AS told (component, state)
ON CONFLICT (component) DO UPDATE SET state = excluded.state, since = excluded.since WHERE c.state <> excluded.state;

-- name: measured
-- It was measured now, and the page is to be drawn anew.
UPDATE ops.status_page SET measured_at = $1, version = version + 1 WHERE one;

-- name: version
-- Of the page.
SELECT version FROM ops.status_page WHERE one;

-- name: changed
-- The page is to be drawn anew.
UPDATE ops.status_page SET version = version + 1 WHERE one;

-- name: days
-- What was measured since a day, oldest first.
SELECT * FROM ops.measured_days WHERE day >= $1 ORDER BY day;

-- name: components
-- The present state of each part.
SELECT component, state, since FROM ops.status_components;

-- name: incidents
-- What the public knows of: what is open, and the last ones that are over; newest first.
SELECT * FROM ops.public_incidents WHERE closed_at IS NULL
UNION ALL
(SELECT * FROM ops.public_incidents WHERE closed_at IS NOT NULL ORDER BY opened_at DESC, incident_id DESC LIMIT $1)
ORDER BY opened_at DESC, incident_id DESC;

-- name: incident
-- What the public knows of one.
SELECT * FROM ops.public_incidents WHERE incident_id = $1;

-- name: updates
-- What was said of incidents, newest first.
SELECT id, incident_id, at, status, text FROM ops.public_updates WHERE incident_id = ANY($1::bigint[]) ORDER BY id DESC;

-- name: hold_incident
-- It stays as it is until the transaction ends.
SELECT merged_into FROM ops.incidents WHERE id = $1 FOR UPDATE;

-- name: open
-- The public hears of an incident for the first time, or of its new status.
INSERT INTO ops.public_incidents AS p (incident_id, title, components, status, opened_at, closed_at)
VALUES ($1, $2, coalesce($3::text[], '{}'), $4, $5, CASE WHEN $4 = 'resolved' THEN $5::timestamptz END)
ON CONFLICT (incident_id) DO UPDATE
SET title = excluded.title, components = coalesce($3::text[], p.components), status = excluded.status,
    closed_at = CASE WHEN excluded.status = 'resolved' THEN coalesce(p.closed_at, excluded.closed_at) END;

-- name: tell
-- One thing that is said.
INSERT INTO ops.public_updates (incident_id, at, status, text, by) VALUES ($1, $2, $3, $4, $5) RETURNING id;

-- name: queue_update
-- A letter to everybody who has confirmed.
INSERT INTO ops.status_letters (message_id, subscriber_id, kind, update_id, next_try_at, queued_at)
SELECT 'status-' || $1::bigint || '-' || s.id, s.id, 'update', $1, $2, $2 FROM ops.subscribers s WHERE s.confirmed_at IS NOT NULL
ON CONFLICT DO NOTHING;

-- name: publish
-- The public edition of its report.
UPDATE ops.public_incidents SET report = $2, published_at = $3 WHERE incident_id = $1 RETURNING incident_id;

-- name: secret
-- What links are sealed with.
SELECT value FROM ops.secrets WHERE name = 'links';

-- name: ask
-- Somebody, or somebody else in their name, wants updates; asked again they are the same subscriber.
INSERT INTO ops.subscribers AS s (address, key, asked_at) VALUES ($1, $2, $3)
ON CONFLICT (key) DO UPDATE SET asked_at = excluded.asked_at
RETURNING id, confirmed_at IS NOT NULL AS confirmed;

-- name: queue_answer
-- A letter with a link, to the address that somebody typed.
INSERT INTO ops.status_letters (message_id, subscriber_id, kind, next_try_at, queued_at)
VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING;

-- name: confirm
-- They have it, and want it; whether there is such a subscriber.
UPDATE ops.subscribers SET confirmed_at = coalesce(confirmed_at, $2) WHERE id = $1 RETURNING id;

-- name: unsubscribe
-- Nothing of them is kept.
DELETE FROM ops.subscribers WHERE id = $1 RETURNING id;

-- name: forget_unconfirmed
-- Who did not confirm in time.
DELETE FROM ops.subscribers WHERE confirmed_at IS NULL AND asked_at < $1;

-- name: forget_letters
-- Letters that are done with and long past.
DELETE FROM ops.status_letters WHERE next_try_at IS NULL AND queued_at < $1;

-- name: claim
-- Letters that are due, for this process to send until its claim ends.
WITH due AS (
    SELECT message_id FROM ops.status_letters
    WHERE next_try_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)
    ORDER BY next_try_at LIMIT $3 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE ops.status_letters l SET claimed_until = $2, attempts = attempts + 1 FROM due WHERE l.message_id = due.message_id
    RETURNING l.message_id, l.subscriber_id, l.kind, l.update_id, l.attempts
)
SELECT c.message_id, c.kind, c.attempts, s.id AS subscriber_id, s.address, p.incident_id, p.title, u.status, u.text, u.at
FROM claimed c
JOIN ops.subscribers s ON s.id = c.subscriber_id
LEFT JOIN ops.public_updates u ON u.id = c.update_id
LEFT JOIN ops.public_incidents p ON p.incident_id = u.incident_id;

-- name: sent
-- The mail server has taken them.
UPDATE ops.status_letters SET sent_at = $2, next_try_at = NULL, claimed_until = NULL, error = NULL
WHERE message_id = ANY($1::text[]);

-- name: postpone
-- It was not taken; later again, or never where there is no time for it.
UPDATE ops.status_letters SET next_try_at = $2, claimed_until = NULL, error = $3 WHERE message_id = $1;
