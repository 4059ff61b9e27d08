-- name: all
-- All of them by name.
SELECT * FROM ops.heartbeats WHERE removed_at IS NULL ORDER BY lower(name);

-- name: get
-- One of them.
SELECT * FROM ops.heartbeats WHERE id = $1 AND removed_at IS NULL;

-- name: add
-- A new one has its interval to begin.
INSERT INTO ops.heartbeats (name, token, interval_seconds, severity, created_at, due_at)
VALUES ($1, $2, $3, $4, $5, $5::timestamptz + make_interval(secs => $3))
RETURNING *;

-- name: change
-- The next beat is due by the new interval.
UPDATE ops.heartbeats
SET name = $2, interval_seconds = $3, severity = $4, due_at = coalesce(last_at, created_at) + make_interval(secs => $3)
WHERE id = $1 AND removed_at IS NULL
RETURNING *;

-- name: remove
-- Nobody waits for it any more.
UPDATE ops.heartbeats SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL RETURNING *;

-- name: beat
-- It is alive. `missed`: it was missing until now.
UPDATE ops.heartbeats h
SET last_at = greatest(h.last_at, $2), due_at = greatest(h.due_at, $2::timestamptz + make_interval(secs => h.interval_seconds))
FROM (SELECT id, due_at <= $2 AS missed FROM ops.heartbeats WHERE token = $1 AND removed_at IS NULL FOR UPDATE) was
WHERE h.id = was.id
RETURNING h.*, was.missed;

-- name: missing
-- Those that are overdue.
SELECT * FROM ops.heartbeats WHERE removed_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT 10000;
