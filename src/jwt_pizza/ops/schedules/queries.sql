-- name: schedules
-- All schedules, or one, with layers and with the overrides that end after a moment.
SELECT s.id, s.team_id, s.name, s.time_zone, s.feed_token, s.calendar_url, s.calendar::text AS calendar,
    s.calendar_read_at, s.calendar_error, s.standing, s.standing_at,
    (SELECT coalesce(json_agg(l.rotation ORDER BY l.position), '[]') FROM ops.layers l WHERE l.schedule_id = s.id)::text AS layers,
    (SELECT coalesce(json_agg(json_build_object(
        'id', o.id, 'kind', o.kind, 'person_id', o.person_id, 'replaces_id', o.replaces_id,
        'starts', o.starts_at, 'ends', o.ends_at, 'created_by', o.created_by) ORDER BY o.id), '[]')
     FROM ops.overrides o WHERE o.schedule_id = s.id AND o.removed_at IS NULL AND o.ends_at > $2)::text AS overrides
FROM ops.schedules s
WHERE s.removed_at IS NULL AND ($1::bigint IS NULL OR s.id = $1)
ORDER BY lower(s.name);

-- name: known
-- Everybody by whom a calendar kept elsewhere may name.
SELECT id, name, email_key FROM ops.people WHERE removed_at IS NULL AND NOT operates ORDER BY id DESC;

-- name: lock
-- The name of a schedule, which is locked.
SELECT name FROM ops.schedules WHERE id = $1 AND removed_at IS NULL FOR UPDATE;

-- name: lock_free
-- A schedule, locked unless somebody else is at it, whose standing is older than a moment.
SELECT id FROM ops.schedules
WHERE id = $1 AND removed_at IS NULL AND (standing_at IS NULL OR standing_at < $2)
FOR UPDATE SKIP LOCKED;

-- name: hold_team
-- A team, locked against being removed.
SELECT id FROM ops.teams WHERE id = $1 AND removed_at IS NULL FOR SHARE;

-- name: add
-- A new schedule, or nothing when the name is taken.
INSERT INTO ops.schedules (team_id, name, time_zone, feed_token, calendar_url, calendar_due_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (lower(name)) WHERE removed_at IS NULL DO NOTHING
RETURNING id;

-- name: change
-- Changes what is not null. Another calendar, or another zone to read it in, forgets what was read and is due at once.
UPDATE ops.schedules
SET team_id = coalesce($2, team_id),
    name = coalesce($3, name),
    time_zone = coalesce($4, time_zone),
    calendar_url = CASE WHEN $5::text IS NULL THEN calendar_url ELSE nullif($5, '') END,
    calendar = CASE WHEN coalesce($5, calendar_url, '') <> coalesce(calendar_url, '') THEN '[]' ELSE calendar END,
    calendar_read_at = CASE WHEN coalesce($5, calendar_url, '') <> coalesce(calendar_url, '') THEN NULL ELSE calendar_read_at END,
    calendar_error = CASE WHEN coalesce($5, calendar_url, '') <> coalesce(calendar_url, '') THEN NULL ELSE calendar_error END,
    calendar_due_at = CASE WHEN $5 = '' THEN NULL WHEN $5 IS NOT NULL OR $4 IS NOT NULL THEN $6::timestamptz ELSE calendar_due_at END
WHERE id = $1;

-- name: clear_layers
-- All layers of a schedule.
DELETE FROM ops.layers WHERE schedule_id = $1;

-- name: add_layers
-- Layers in order, the lowest first.
INSERT INTO ops.layers (schedule_id, position, rotation)
SELECT $1, position, rotation FROM unnest($2::jsonb[]) WITH ORDINALITY AS layer (rotation, position);

-- name: names_schedule
-- What still names a schedule: chains.
SELECT c.name FROM ops.chains c
WHERE c.removed_at IS NULL
AND jsonb_path_exists(c.steps, '$[*] ? (@.scheduleId == $id)', jsonb_build_object('id', $1::bigint))
ORDER BY 1;

-- name: remove
-- The schedule is no more.
UPDATE ops.schedules SET removed_at = $2 WHERE id = $1;

-- name: new_feed_token
-- The old address is void from now on.
UPDATE ops.schedules SET feed_token = $2 WHERE id = $1 AND removed_at IS NULL RETURNING name;

-- name: person_feed
-- What the secret address of somebody's shifts holds.
SELECT feed_token FROM ops.people WHERE id = $1 AND removed_at IS NULL;

-- name: override
-- A new override.
INSERT INTO ops.overrides (schedule_id, kind, person_id, replaces_id, starts_at, ends_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING id;

-- name: schedule_of_override
-- Whose override this is.
SELECT schedule_id FROM ops.overrides WHERE id = $1 AND removed_at IS NULL;

-- name: remove_override
-- It does not count any more.
UPDATE ops.overrides SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL RETURNING id;

-- name: stand
-- The log tells who is on call until then.
UPDATE ops.schedules SET standing = $2, standing_at = $3 WHERE id = $1;

-- name: history
-- Who was on call, from the last change before a moment on.
SELECT at, data::text AS data FROM ops.events
WHERE kind = 'oncall.changed' AND (data ->> 'schedule_id')::bigint = $1 AND at < $3
AND at >= coalesce((
    SELECT max(at) FROM ops.events
    WHERE kind = 'oncall.changed' AND (data ->> 'schedule_id')::bigint = $1 AND at <= $2
), $2)
ORDER BY at, id;

-- name: due
-- Takes one schedule that is kept elsewhere and is to be read.
UPDATE ops.schedules SET calendar_due_at = $2
WHERE id = (
    SELECT id FROM ops.schedules
    WHERE calendar_url IS NOT NULL AND removed_at IS NULL AND calendar_due_at <= $1
    ORDER BY calendar_due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, calendar_url, time_zone;

-- name: keep
-- What was read, unless it is kept in another place by now.
UPDATE ops.schedules SET calendar = $3, calendar_read_at = $4, calendar_error = NULL
WHERE id = $1 AND calendar_url = $2 AND time_zone = $5;

-- name: fail
-- Why it could not be read; what was read before stays.
UPDATE ops.schedules SET calendar_error = $3 WHERE id = $1 AND calendar_url = $2;
