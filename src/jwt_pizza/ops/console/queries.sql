-- name: marks
-- Of alert groups, incidents and drills that somebody looks at: what changes when something of them does.
SELECT 'groups' AS kind, g.id, g.xmin::text || ':' || (SELECT count(*) FROM ops.events e WHERE e.group_id = g.id) AS mark
FROM ops.groups g WHERE g.id = ANY($1::bigint[])
UNION ALL
SELECT 'incidents', i.id,
       i.xmin::text || ':' || (SELECT count(*) FROM ops.events e WHERE e.incident_id = i.id) || ':'
       || (SELECT count(*) FROM ops.events e JOIN ops.incident_groups l USING (group_id) WHERE l.incident_id = i.id)
FROM ops.incidents i WHERE i.id = ANY($2::bigint[])
UNION ALL
SELECT 'drills', d.id,
       d.state || ':' || (d.console IS NOT NULL) || ':' || (SELECT count(*) FROM ops.drill_entries e WHERE e.drill_id = d.id)
FROM ops.drills d WHERE d.id = ANY($3::bigint[]);
