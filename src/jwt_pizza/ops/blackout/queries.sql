-- name: chain
-- The chain of the route that takes what no other takes; without it, the first one there is.
SELECT c.team_id, c.steps
FROM ops.chains c LEFT JOIN ops.routes r ON r.chain_id = c.id AND r.removed_at IS NULL
WHERE c.removed_at IS NULL
ORDER BY r.position DESC NULLS LAST, c.id
LIMIT 1;

-- name: secret
-- What links are signed with.
SELECT value FROM ops.secrets WHERE name = 'links';
