-- name: all
-- Every chain, by name.
SELECT id, team_id, name, steps FROM ops.chains WHERE removed_at IS NULL ORDER BY lower(name);

-- name: get
-- One chain.
SELECT id, team_id, name, steps FROM ops.chains WHERE id = $1 AND removed_at IS NULL;

-- name: naming
-- What the steps of a chain may name.
SELECT
    ARRAY(SELECT id FROM ops.teams WHERE removed_at IS NULL) AS teams,
    ARRAY(SELECT id FROM ops.people WHERE removed_at IS NULL) AS people,
    ARRAY(SELECT id FROM ops.schedules WHERE removed_at IS NULL) AS schedules;

-- name: add
-- A new chain.
INSERT INTO ops.chains (team_id, name, steps) VALUES ($1, $2, $3) RETURNING id, team_id, name, steps;

-- name: change
-- All of a chain at once. Whose turn it is belongs to the steps that were.
UPDATE ops.chains SET team_id = $2, name = $3, steps = $4, turns = CASE WHEN steps = $4 THEN turns ELSE '{}' END
WHERE id = $1 AND removed_at IS NULL
RETURNING id, team_id, name, steps;

-- name: routed
-- The routes that lead to a chain.
SELECT name FROM ops.routes WHERE chain_id = $1 AND removed_at IS NULL ORDER BY position;

-- name: remove
-- It can no longer be chosen; groups that escalate along it go on.
UPDATE ops.chains SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL RETURNING name;
