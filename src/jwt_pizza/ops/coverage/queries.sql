-- name: chains
-- Chains that are in use.
SELECT id, team_id, name, steps::text AS steps FROM ops.chains WHERE removed_at IS NULL ORDER BY lower(name);

-- name: routes
-- Routes in order, and whether their chain is still there.
SELECT r.name, r.chain_id, c.removed_at IS NOT NULL AS chain_gone
FROM ops.routes r LEFT JOIN ops.chains c ON c.id = r.chain_id
WHERE r.removed_at IS NULL
ORDER BY r.position, r.id;
