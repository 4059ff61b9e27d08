-- name: append
-- Events, a column each; those whose key is in the log already are left out.
INSERT INTO ops.events (at, kind, actor, group_id, data, key, incident_id)
SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::bigint[], $5::jsonb[], $6::text[], $7::bigint[])
ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING;

-- name: of_group
-- What happened to a group, in order.
SELECT * FROM ops.events WHERE group_id = $1 ORDER BY at, id;

-- name: between
-- What happened in a time, in order.
SELECT * FROM ops.events WHERE at >= $1 AND at < $2 ORDER BY at, id LIMIT $3;
