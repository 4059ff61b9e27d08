-- name: recent
-- The latest attempts, newest first: before an id, of an order, of an oven, with an outcome.
SELECT id, order_id, oven, started_at, ms, reason, status, error, report_url, trace
FROM shop.bake_attempts
WHERE ($2::bigint IS NULL OR id < $2) AND ($3::bigint IS NULL OR order_id = $3)
  AND ($4::text IS NULL OR oven = $4) AND ($5::text IS NULL OR reason = $5)
ORDER BY id DESC
LIMIT $1;

-- name: failed
-- The same, of those that were no good: they have an index of their own.
SELECT id, order_id, oven, started_at, ms, reason, status, error, report_url, trace
FROM shop.bake_attempts
WHERE reason <> 'good'
  AND ($2::bigint IS NULL OR id < $2) AND ($3::bigint IS NULL OR order_id = $3)
  AND ($4::text IS NULL OR oven = $4) AND ($5::text IS NULL OR reason = $5)
ORDER BY id DESC
LIMIT $1;

-- name: get
-- One attempt.
SELECT id, order_id, oven, started_at, ms, reason, status, error, report_url, trace
FROM shop.bake_attempts WHERE id = $1;

-- name: force
-- The in-house oven bakes until then; what was said before is replaced.
INSERT INTO shop.forced_oven (until, forced_at, forced_by) VALUES ($1, $2, $3)
ON CONFLICT (one) DO UPDATE SET until = excluded.until, forced_at = excluded.forced_at, forced_by = excluded.forced_by
RETURNING until, forced_at, forced_by;

-- name: forced
-- Until when the in-house oven bakes, if it was told to.
SELECT until, forced_at, forced_by FROM shop.forced_oven WHERE until > $1;

-- name: unforce
-- The policy counts again.
DELETE FROM shop.forced_oven;
