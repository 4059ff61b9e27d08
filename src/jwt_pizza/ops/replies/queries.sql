-- name: groups
-- What is to be told of these groups, the worst and oldest first.
SELECT g.id, g.title, g.severity, g.status, g.generation, g.firing, g.opened_at, g.silenced_until, a.summary
FROM ops.groups g
LEFT JOIN LATERAL (
    SELECT annotations ->> 'summary' AS summary FROM ops.alerts
    WHERE group_id = g.id AND status = 'firing' ORDER BY last_seen_at DESC, fingerprint LIMIT 1
) a ON true
WHERE g.id = ANY($1::bigint[])
ORDER BY array_position(ARRAY['critical', 'warning', 'info'], g.severity), g.opened_at, g.id;

-- name: told_by
-- The groups that a message told somebody of.
SELECT DISTINCT group_id FROM ops.notifications
WHERE message_id = $1 AND person_id = $2 AND group_id IS NOT NULL ORDER BY group_id;

-- name: coded
-- Whom the last message with a reply code went to on a phone, and its groups.
SELECT person_id, array_agg(DISTINCT group_id ORDER BY group_id) AS groups
FROM ops.notifications
WHERE group_id IS NOT NULL AND channel = 'sms' AND message_id = (
    SELECT message_id FROM ops.notifications
    WHERE address = $1 AND reply_code = $2 AND channel = 'sms' AND created_at > $3 AND message_id IS NOT NULL
    ORDER BY message_id DESC LIMIT 1
)
GROUP BY person_id;

-- name: begin
-- What is to act once: a row if nobody has done it or does it since then.
INSERT INTO ops.deeds AS d (id, started_at) VALUES ($1, $2)
ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at WHERE d.done_at IS NULL AND d.started_at < $3
RETURNING id;

-- name: finish
-- It was done.
UPDATE ops.deeds SET done_at = $2 WHERE id = $1;
