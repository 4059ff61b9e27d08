-- name: read
-- What is for the audit log, the newest first; the condition on kind and actor is the index's.
SELECT * FROM ops.events
WHERE (kind IN ('audit.changed', 'audit.refused') OR starts_with(actor, 'person:'))
    AND ($1::text IS NULL
        OR CASE $1 WHEN 'changed' THEN kind = 'audit.changed'
                   WHEN 'refused' THEN kind = 'audit.refused'
                   ELSE kind NOT IN ('audit.changed', 'audit.refused') END)
    AND ($2::text IS NULL OR actor = $2) AND ($3::bigint IS NULL OR id < $3)
ORDER BY id DESC LIMIT $4;
