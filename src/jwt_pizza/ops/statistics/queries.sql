-- name: courses
-- When the groups that opened in a time were first acknowledged, and resolved.
SELECT g.opened_at, g.resolved_at, (
    SELECT min(e.at) FROM ops.events e WHERE e.group_id = g.id AND e.kind = 'group.acknowledged'
) AS acknowledged_at
FROM ops.groups g WHERE g.opened_at >= $1 AND g.opened_at < $2 ORDER BY g.opened_at LIMIT 100000;

-- name: woken
-- Messages about alerts by person and hour of their own day.
SELECT n.person_id, p.name, extract(hour FROM n.sent_at AT TIME ZONE p.time_zone)::integer AS hour,
    count(DISTINCT n.message_id)::integer AS pages
FROM ops.notifications n JOIN ops.people p ON p.id = n.person_id
WHERE n.sent_at >= $1 AND n.sent_at < $2 AND n.kind IN ('page', 'reminder')
GROUP BY n.person_id, p.name, hour ORDER BY n.person_id, hour;
