-- name: write
-- What somebody did, in the transaction that does it.
INSERT INTO shop.audit (actor_id, at, verb, subject, about) VALUES ($1, $2, $3, $4, $5);

-- name: page
-- What was done, the newest first.
SELECT a.id, a.at, coalesce(u.name, '') AS actor, a.verb, a.subject, a.about
FROM shop.audit a LEFT JOIN shop.users u ON u.id = a.actor_id
WHERE ($1::text IS NULL OR a.verb = $1) AND ($2::text IS NULL OR a.subject = $2) AND ($3::bigint IS NULL OR a.id < $3)
ORDER BY a.id DESC LIMIT $4;
