-- Questions about many alerts ask of one after the other: a plan made while the table was empty, and kept by the
-- connection, else goes through all that fires, again and again.

-- name: peek
-- Which of these alerts fire, and until when they are believed.
SELECT a.fingerprint, a.stale_at
FROM unnest($1::text[]) AS told (fingerprint) CROSS JOIN LATERAL (
    SELECT fingerprint, stale_at FROM ops.alerts
    WHERE status = 'firing' AND fingerprint = told.fingerprint LIMIT 1
) a;

-- name: firing
-- These alerts, where they fire.
SELECT a.*
FROM unnest($1::text[]) AS told (fingerprint) CROSS JOIN LATERAL (
    SELECT group_id, fingerprint, starts_at, stale_at, muted, inhibits, inhibited FROM ops.alerts
    WHERE status = 'firing' AND fingerprint = told.fingerprint LIMIT 1
) a;

-- name: earlier
-- Which of these alerts fired before; and when the last episode began that its source has ended since $2.
SELECT a.*
FROM unnest($1::text[]) AS told (fingerprint) CROSS JOIN LATERAL (
    SELECT fingerprint, max(starts_at) FILTER (WHERE how = 'source' AND last_seen_at > $2) AS began FROM ops.alerts
    WHERE status = 'resolved' AND fingerprint = told.fingerprint GROUP BY fingerprint
) a;

-- name: groups
-- The open groups of these keys, and the groups of these ids. Until the transaction ends nobody else changes them.
SELECT * FROM ops.groups WHERE (key = ANY($1::text[]) AND status <> 'resolved') OR id = ANY($2::bigint[])
ORDER BY id FOR UPDATE;

-- name: inhibiting
-- How many firing alerts mute those that have one of these keys.
SELECT key, count(*) AS count
FROM ops.alerts, unnest(inhibits) AS key
WHERE status = 'firing' AND inhibits <> '{}' AND inhibits && $1::text[] AND key = ANY($1::text[])
GROUP BY key;

-- name: any_stale
-- Whether there is work for `stale`.
SELECT EXISTS (SELECT FROM ops.alerts WHERE status = 'firing' AND stale_at <= $1);

-- name: stale
-- Alerts of which nobody has said anything for too long.
SELECT group_id, fingerprint, starts_at, stale_at, muted, inhibits, inhibited, labels
FROM ops.alerts WHERE status = 'firing' AND stale_at <= $1 ORDER BY stale_at LIMIT $2;

-- name: muted
-- Alerts that fire and page nobody, from a place in their order on.
SELECT group_id, fingerprint, starts_at, stale_at, muted, inhibits, inhibited, labels
FROM ops.alerts WHERE status = 'firing' AND muted IS NOT NULL AND fingerprint > $1 ORDER BY fingerprint LIMIT $2;

-- name: all_firing
-- Alerts that fire, from a place in their order on.
SELECT group_id, fingerprint, starts_at, stale_at, muted, inhibits, inhibited, labels
FROM ops.alerts WHERE status = 'firing' AND fingerprint > $1 ORDER BY fingerprint LIMIT $2;

-- name: inhibited
-- Alerts that fire and would be muted by one of these keys.
SELECT group_id, fingerprint, starts_at, stale_at, muted, inhibits, inhibited, labels
FROM ops.alerts
WHERE status = 'firing' AND inhibited <> '{}' AND inhibited && $1::text[] AND fingerprint > $2
ORDER BY fingerprint LIMIT $3;

-- name: acknowledged_too_long
-- Groups that were acknowledged, still fire, and are to page again.
SELECT * FROM ops.groups WHERE unacknowledge_at <= $1 ORDER BY id LIMIT 1000 FOR UPDATE;

-- name: open_groups
-- New groups, a column each.
INSERT INTO ops.groups
    (key, route_id, chain_id, labels, title, severity, status, firing, loud, opened_at, last_alert_at, resolved_at,
     resolved_by, generation, next_action_at)
SELECT * FROM unnest(
    $1::text[], $2::bigint[], $3::bigint[], $4::jsonb[], $5::text[], $6::text[], $7::text[], $8::int[], $9::int[],
    $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::int[], $15::timestamptz[])
RETURNING id;

-- name: write_groups
-- Groups as they are now, a column each.
UPDATE ops.groups g
SET severity = v.severity, status = v.status, firing = v.firing, loud = v.loud, last_alert_at = v.last_alert_at,
    acknowledged_at = v.acknowledged_at, acknowledged_by = v.acknowledged_by, resolved_at = v.resolved_at,
    resolved_by = v.resolved_by, silenced_until = v.silenced_until, remind_at = v.remind_at,
    unacknowledge_at = v.unacknowledge_at, generation = v.generation, next_action_at = v.next_action_at,
    step = CASE WHEN v.restart THEN 0 ELSE g.step END, visits = CASE WHEN v.restart THEN '{}' ELSE g.visits END
FROM unnest(
    $1::bigint[], $2::text[], $3::text[], $4::int[], $5::int[], $6::timestamptz[], $7::timestamptz[], $8::text[],
    $9::timestamptz[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::int[],
    $15::timestamptz[], $16::bool[])
    AS v (id, severity, status, firing, loud, last_alert_at, acknowledged_at, acknowledged_by, resolved_at,
          resolved_by, silenced_until, remind_at, unacknowledge_at, generation, next_action_at, restart)
WHERE g.id = v.id;

-- name: add_alerts
-- Alerts that fire for the first time in their group, or again, a column each.
INSERT INTO ops.alerts
    (group_id, fingerprint, status, source, labels, annotations, generator_url, starts_at, ends_at, how, last_seen_at,
     stale_at, muted, inhibits, inhibited)
SELECT a, b, c, d, e, f, g, h, i, j, $11, k, l,
       ARRAY(SELECT jsonb_array_elements_text(m)), ARRAY(SELECT jsonb_array_elements_text(n))
FROM unnest(
    $1::bigint[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::text[], $8::timestamptz[],
    $9::timestamptz[], $10::text[], $12::timestamptz[], $13::text[], $14::jsonb[], $15::jsonb[])
    AS v (a, b, c, d, e, f, g, h, i, j, k, l, m, n)
ON CONFLICT (group_id, fingerprint) DO UPDATE
SET status = excluded.status, source = excluded.source, labels = excluded.labels, annotations = excluded.annotations,
    generator_url = excluded.generator_url, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
    how = excluded.how, last_seen_at = excluded.last_seen_at, stale_at = excluded.stale_at, muted = excluded.muted,
    inhibits = excluded.inhibits, inhibited = excluded.inhibited;

-- name: change_alerts
-- Alerts that resolve, or are muted or not any more, a column each.
UPDATE ops.alerts a
SET status = v.status, ends_at = v.ends_at, how = v.how, muted = v.muted,
    last_seen_at = CASE WHEN v.status = 'resolved' THEN $7 ELSE a.last_seen_at END,
    inhibits = ARRAY(SELECT jsonb_array_elements_text(v.inhibits)),
    inhibited = ARRAY(SELECT jsonb_array_elements_text(v.inhibited))
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $8::jsonb[], $9::jsonb[])
    AS v (group_id, fingerprint, status, ends_at, how, muted, inhibits, inhibited)
WHERE a.group_id = v.group_id AND a.fingerprint = v.fingerprint;

-- name: see_alerts
-- Alerts that fire and were told again, a column each.
UPDATE ops.alerts a
SET last_seen_at = $3, stale_at = v.stale_at, annotations = v.annotations, source = v.source,
    generator_url = v.generator_url
FROM unnest($1::bigint[], $2::text[], $4::timestamptz[], $5::jsonb[], $6::text[], $7::text[])
    AS v (group_id, fingerprint, stale_at, annotations, source, generator_url)
WHERE a.group_id = v.group_id AND a.fingerprint = v.fingerprint;

-- name: find
-- Groups that fit, the newest first, before an id.
SELECT * FROM ops.groups
WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR severity = $2)
    AND ($3::bigint IS NULL OR route_id = $3) AND ($4::text IS NULL OR title ILIKE $4)
    AND ($5::timestamptz IS NULL OR opened_at >= $5) AND ($6::bigint IS NULL OR id < $6)
ORDER BY id DESC LIMIT $7;

-- name: find_open
-- The same of those that are not resolved.
SELECT * FROM ops.groups
WHERE status <> 'resolved' AND ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR severity = $2)
    AND ($3::bigint IS NULL OR route_id = $3) AND ($4::text IS NULL OR title ILIKE $4)
    AND ($5::timestamptz IS NULL OR opened_at >= $5) AND ($6::bigint IS NULL OR id < $6)
ORDER BY id DESC LIMIT $7;

-- name: get
-- A group.
SELECT * FROM ops.groups WHERE id = $1;

-- name: take_up
-- A group and what its route says of acknowledgements. Until the transaction ends nobody else changes it.
SELECT g.*, r.remind_seconds, r.unacknowledge_seconds
FROM ops.groups g LEFT JOIN ops.routes r ON r.id = g.route_id
WHERE g.id = $1 FOR UPDATE OF g;

-- name: alerts_of
-- The alerts of a group, those that fire first, the last ones first.
SELECT * FROM ops.alerts WHERE group_id = $1 ORDER BY status, starts_at DESC, fingerprint LIMIT $2;

-- name: reassign
-- The group's own chain in place of its route's.
UPDATE ops.groups SET chain = $2::jsonb WHERE id = $1;

-- name: is_person
-- Whether there is such a person.
SELECT EXISTS (SELECT FROM ops.people WHERE id = $1 AND removed_at IS NULL);

-- name: firing_now
-- What fires, for programs that ask as they ask an Alertmanager.
SELECT * FROM ops.alerts WHERE status = 'firing' ORDER BY starts_at DESC, fingerprint LIMIT $1;

-- name: unresolved
-- How many groups are not over, by status.
SELECT status, count(*) FROM ops.groups WHERE status <> 'resolved' GROUP BY status;
