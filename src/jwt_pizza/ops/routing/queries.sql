-- name: lock
-- What decides about alerts runs one at a time, and not while the rules change.
SELECT pg_advisory_xact_lock(hashtext('ops.alerts'));

-- name: version
-- Grows with every change of the rules.
SELECT version FROM ops.routing;

-- name: changed
-- Tells every process to read the rules again.
UPDATE ops.routing SET version = version + 1;

-- name: routes
-- In the order in which they are tried.
SELECT * FROM ops.routes WHERE removed_at IS NULL ORDER BY position, id;

-- name: add_route
-- Before the default route, after all others.
INSERT INTO ops.routes (position, name, matchers, group_by, chain_id, remind_seconds, unacknowledge_seconds)
SELECT coalesce(max(position), 0) + 1, $1, $2::jsonb, $3, $4, $5, $6
FROM ops.routes WHERE removed_at IS NULL AND position < 2147483647
RETURNING *;

-- name: change_route
-- All of it but its place. The default route goes on fitting everything.
UPDATE ops.routes
SET name = $2, matchers = CASE WHEN position = 2147483647 THEN '[]'::jsonb ELSE $3::jsonb END, group_by = $4,
    chain_id = $5, remind_seconds = $6, unacknowledge_seconds = $7
WHERE id = $1 AND removed_at IS NULL
RETURNING *;

-- name: order_routes
-- Their places, from 1 on; the default route keeps its own.
UPDATE ops.routes r SET position = wanted.position
FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position)
WHERE r.id = wanted.id AND r.position < 2147483647 AND r.removed_at IS NULL;

-- name: remove_route
-- Groups that it made go on. The default route stays.
UPDATE ops.routes SET removed_at = $2
WHERE id = $1 AND removed_at IS NULL AND position < 2147483647
RETURNING *;

-- name: silences
-- Those that are not over, the last first.
SELECT * FROM ops.silences WHERE ended_at IS NULL AND ends_at > $1 ORDER BY id DESC LIMIT $2;

-- name: all_silences
-- Over or not, the last first.
SELECT * FROM ops.silences ORDER BY id DESC LIMIT $1;

-- name: add_silence
-- The firing alerts are looked at when it begins.
INSERT INTO ops.silences
    (kind, matchers, starts_at, ends_at, comment, created_by, created_at, next_change_at)
VALUES ($1, $2::jsonb, $3, $4, $5, $6, $7, $3)
RETURNING *;

-- name: end_silence
-- Before its time; the firing alerts are looked at at once.
UPDATE ops.silences SET ended_at = coalesce(ended_at, $2), next_change_at = $2
WHERE id = $1 AND ends_at > $2
RETURNING *;

-- name: any_due
-- Whether there is work for `due_silences` or `looked_at`.
SELECT EXISTS (SELECT FROM ops.silences WHERE next_change_at <= $1) OR EXISTS (SELECT FROM ops.routing WHERE recheck);

-- name: due_silences
-- Those that begin or are over; each is told once.
UPDATE ops.silences
SET next_change_at = CASE WHEN ended_at IS NULL AND ends_at > $1 THEN ends_at END
WHERE next_change_at <= $1
RETURNING *;

-- name: inhibitions
-- All rules.
SELECT * FROM ops.inhibitions WHERE removed_at IS NULL ORDER BY id;

-- name: add_inhibition
-- A rule.
INSERT INTO ops.inhibitions (source, target, equal) VALUES ($1::jsonb, $2::jsonb, $3) RETURNING *;

-- name: remove_inhibition
-- A rule that mutes nothing any more.
UPDATE ops.inhibitions SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL RETURNING *;

-- name: look_again
-- Inhibition rules changed: all alerts that fire are looked at again.
UPDATE ops.routing SET recheck = true;

-- name: looked_at
-- Whether they were to be looked at again; told once.
UPDATE ops.routing SET recheck = false WHERE recheck RETURNING version;
