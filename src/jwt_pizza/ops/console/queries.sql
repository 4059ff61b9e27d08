-- name: marks
-- Of alert groups and incidents that somebody looks at: what changes when something of them does.
SELECT 'groups' AS kind, g.id, g.xmin::text || ':' || (SELECT count(*) FROM ops.events e WHERE e.group_id = g.id) AS mark
FROM ops.groups g WHERE g.id = ANY($1::bigint[])
UNION ALL
SELECT 'incidents', i.id,
       i.xmin::text || ':' || (SELECT count(*) FROM ops.events e WHERE e.incident_id = i.id) || ':'
       || (SELECT count(*) FROM ops.events e JOIN ops.incident_groups l USING (group_id) WHERE l.incident_id = i.id)
FROM ops.incidents i WHERE i.id = ANY($2::bigint[]);
