-- name: recent
-- The latest attempts, newest first.
SELECT id, order_id, oven, started_at, ms, reason, status, error, report_url, trace
FROM shop.bake_attempts
WHERE ($2 = false OR reason <> 'good') AND ($3::bigint IS NULL OR order_id = $3)
ORDER BY id DESC
LIMIT $1;

-- name: get
-- One attempt.
SELECT id, order_id, oven, started_at, ms, reason, status, error, report_url, trace
FROM shop.bake_attempts WHERE id = $1;
