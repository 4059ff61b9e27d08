-- name: find_key
-- The incident that was declared with this key.
SELECT id FROM ops.incidents WHERE key = $1;

-- name: declare
-- A new incident.
INSERT INTO ops.incidents (title, severity, severity_by_hand, state, started_at, declared_at, declared_by, look_at, key)
VALUES ($1, $2, $3, 'triggered', $4, $5, $6, $5, $7)
ON CONFLICT (key) DO NOTHING
RETURNING id;

-- name: get
-- An incident, with its groups and roles.
SELECT i.*,
       ARRAY(SELECT group_id FROM ops.incident_groups g WHERE g.incident_id = i.id ORDER BY group_id) AS groups,
       (SELECT coalesce(jsonb_object_agg(role, person_id), '{}') FROM ops.incident_roles r WHERE r.incident_id = i.id)
           AS roles
FROM ops.incidents i WHERE i.id = $1;

-- name: take_up
-- The same. Until the transaction ends nobody else changes it.
SELECT i.*,
       ARRAY(SELECT group_id FROM ops.incident_groups g WHERE g.incident_id = i.id ORDER BY group_id) AS groups,
       (SELECT coalesce(jsonb_object_agg(role, person_id), '{}') FROM ops.incident_roles r WHERE r.incident_id = i.id)
           AS roles
FROM ops.incidents i WHERE i.id = $1 FOR UPDATE OF i;

-- name: list
-- Incidents, the newest first, before an id; those that were merged into another are shown by that one.
SELECT i.*,
       ARRAY(SELECT group_id FROM ops.incident_groups g WHERE g.incident_id = i.id ORDER BY group_id) AS groups,
       (SELECT coalesce(jsonb_object_agg(role, person_id), '{}') FROM ops.incident_roles r WHERE r.incident_id = i.id)
           AS roles
FROM ops.incidents i
WHERE merged_into IS NULL AND ($2::bigint IS NULL OR id < $2)
  AND ($1::text IS NULL OR state = $1 OR ($1 = 'open' AND state NOT IN ('resolved', 'reviewed')))
ORDER BY id DESC LIMIT $3;

-- name: write
-- An incident as it is now.
UPDATE ops.incidents
SET title = $2, severity = $3, severity_by_hand = $4, state = $5, started_at = $6, acknowledged_at = $7,
    acknowledged_by = $8, mitigated_at = $9, resolved_at = $10, reviewed_at = $11, merged_into = $12, look_at = $13
WHERE id = $1;

-- name: set_role
-- Who has a role.
INSERT INTO ops.incident_roles (incident_id, role, person_id) VALUES ($1, $2, $3)
ON CONFLICT (incident_id, role) DO UPDATE SET person_id = excluded.person_id;

-- name: unset_role
-- Nobody has it.
DELETE FROM ops.incident_roles WHERE incident_id = $1 AND role = $2;

-- name: is_person
-- Whether there is such a person.
SELECT EXISTS (SELECT FROM ops.people WHERE id = $1 AND removed_at IS NULL);

-- name: group
-- An alert group, and which incident it belongs to.
SELECT g.id, g.title, g.severity, g.opened_at, l.incident_id
FROM ops.groups g LEFT JOIN ops.incident_groups l ON l.group_id = g.id WHERE g.id = $1;

-- name: link
-- A group belongs to this incident, and to no other one any more.
INSERT INTO ops.incident_groups (group_id, incident_id, linked_at) VALUES ($1, $2, $3)
ON CONFLICT (group_id) DO UPDATE SET incident_id = excluded.incident_id, linked_at = excluded.linked_at;

-- name: unlink
-- A group belongs to none.
UPDATE ops.incident_groups SET incident_id = NULL WHERE incident_id = $1 AND group_id = $2 RETURNING group_id;

-- name: move_groups
-- The groups of one incident belong to another.
UPDATE ops.incident_groups SET incident_id = $2 WHERE incident_id = $1;

-- name: move_follow_ups
-- So do its follow-ups.
UPDATE ops.follow_ups SET incident_id = $2 WHERE incident_id = $1;

-- name: move_merged
-- And those that were merged into it before.
UPDATE ops.incidents SET merged_into = $2 WHERE merged_into = $1;

-- name: add_follow_up
-- Something to be done.
INSERT INTO ops.follow_ups (incident_id, text, owner_id, due_on, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING *;

-- name: get_follow_up
-- It, and the incident that it belongs to. Until the transaction ends nobody else changes it.
SELECT * FROM ops.follow_ups WHERE id = $1 FOR UPDATE;

-- name: close_follow_up
-- It is done, dropped, or open again.
UPDATE ops.follow_ups SET state = $2, closed_at = $3 WHERE id = $1 RETURNING *;

-- name: follow_ups
-- What is to be done after an incident.
SELECT * FROM ops.follow_ups WHERE incident_id = $1 ORDER BY id;

-- name: timeline
-- What was done to it and to those merged into it, what their groups did, and what happened around it; in order.
WITH them AS (
    SELECT id, started_at, resolved_at FROM ops.incidents WHERE id = $1 OR merged_into = $1
), span AS (
    SELECT min(started_at) - $2::interval AS since, max(coalesce(resolved_at, 'infinity')) + $3::interval AS until
    FROM them WHERE id = $1
)
SELECT * FROM (
    SELECT e.* FROM ops.events e WHERE e.incident_id IN (SELECT id FROM them)
    UNION ALL
    SELECT e.* FROM ops.events e JOIN ops.incident_groups g USING (group_id)
    WHERE g.incident_id IN (SELECT id FROM them) AND e.incident_id IS NULL
    UNION ALL
    SELECT e.* FROM ops.events e, span
    WHERE e.kind IN ('happening', 'database.lost', 'database.back') AND e.at >= span.since AND e.at <= span.until
      AND e.incident_id IS NULL AND e.group_id IS NULL
) told
ORDER BY at, id LIMIT $4;

-- name: one_at_a_time
-- Whether this transaction is the one that declares; others need not.
SELECT pg_try_advisory_xact_lock(hashtext('ops.incidents.adopt'));

-- name: severe
-- Alert groups that declare an incident, and belong to none yet: those that fire with one of these severities, and
-- those of which a step of a chain said so since $2. With when their first alert began.
SELECT g.id, g.title, g.severity,
       coalesce((SELECT min(a.starts_at) FROM ops.alerts a WHERE a.group_id = g.id), g.opened_at) AS began_at
FROM (
    SELECT id FROM ops.groups WHERE status <> 'resolved' AND loud > 0 AND severity = ANY($1::text[])
    UNION
    SELECT group_id FROM ops.events WHERE kind = 'incident.declared' AND group_id IS NOT NULL AND at > $2
) severe JOIN ops.groups g USING (id)
WHERE NOT EXISTS (SELECT FROM ops.incident_groups l WHERE l.group_id = g.id)
ORDER BY g.id LIMIT $3;

-- name: joinable
-- The incident that further groups join: the newest that is open, and was not mitigated before $1.
SELECT id FROM ops.incidents
WHERE state NOT IN ('resolved', 'reviewed') AND merged_into IS NULL AND coalesce(mitigated_at, 'infinity') > $1
ORDER BY id DESC LIMIT 1;

-- name: moved
-- What the groups of open incidents say of them: the first acknowledgement, and, where all of them are resolved, the
-- last resolution.
SELECT i.id, i.acknowledged_at IS NULL AND min(g.acknowledged_at) IS NOT NULL AS acknowledge,
       (array_agg(g.acknowledged_by ORDER BY g.acknowledged_at) FILTER (WHERE g.acknowledged_at IS NOT NULL))[1]
           AS acknowledged_by,
       min(g.acknowledged_at) AS acknowledged_at,
       every(g.status = 'resolved') AND bool_or(g.resolved_by <> 'system') AS resolve,
       (array_agg(g.resolved_by ORDER BY g.resolved_at DESC NULLS LAST) FILTER (WHERE g.resolved_by <> 'system'))[1]
           AS resolved_by,
       max(g.resolved_at) AS resolved_at
FROM ops.incidents i JOIN ops.incident_groups l ON l.incident_id = i.id JOIN ops.groups g ON g.id = l.group_id
WHERE i.state NOT IN ('resolved', 'reviewed') AND i.merged_into IS NULL
GROUP BY i.id
HAVING (i.acknowledged_at IS NULL AND min(g.acknowledged_at) IS NOT NULL)
    OR (every(g.status = 'resolved') AND bool_or(g.resolved_by <> 'system'));

-- name: claim
-- Incidents that are due to be looked at. The next look is moved, so that no other process looks now.
UPDATE ops.incidents SET look_at = $1 + $2::interval
WHERE id IN (SELECT id FROM ops.incidents WHERE look_at <= $1 ORDER BY look_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id;

-- name: look_at
-- When somebody looks again.
UPDATE ops.incidents SET look_at = $2 WHERE id = $1 AND merged_into IS NULL;

-- name: measure
-- What was measured.
UPDATE ops.incidents SET impact = $2, measured_at = $3, told_at = $4, started_at = $5, severity = $6 WHERE id = $1;

-- name: told_at
-- When the timeline was last told of the impact.
SELECT told_at FROM ops.incidents WHERE id = $1;

-- name: set_amends
-- The plan as the shop shows it.
UPDATE ops.incidents SET amends = $2 WHERE id = $1;

-- name: alerts
-- The rules that the alerts of its groups come from, and whether any of them still fires.
SELECT a.labels ->> 'alertname' AS rule, bool_or(a.status = 'firing') AS firing,
       max(a.annotations ->> 'runbook_url') AS runbook, max(coalesce(a.ends_at, a.last_seen_at)) AS last_at
FROM ops.incident_groups g JOIN ops.alerts a USING (group_id)
WHERE g.incident_id = $1 AND a.labels ? 'alertname'
GROUP BY 1 ORDER BY 1;

-- name: disturbed
-- Which of these rules fired within a time.
SELECT DISTINCT rule
FROM ops.events CROSS JOIN LATERAL coalesce(data ->> 'name', data -> 'labels' ->> 'alertname') AS rule
WHERE kind = 'alert.fired' AND at >= $1 AND at < $2 AND rule = ANY($3::text[])
ORDER BY rule;

-- name: begin_run
-- An action runs by itself: once in an incident.
INSERT INTO ops.runs (incident_id, action, automatic, begun_at) VALUES ($1, $2, true, $3)
ON CONFLICT (incident_id, action) WHERE automatic DO NOTHING RETURNING id;
