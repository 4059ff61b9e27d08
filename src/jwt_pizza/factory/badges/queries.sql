-- name: find
-- A badge.
SELECT label, value, color FROM factory.badges WHERE account = $1 AND badge = $2;

-- name: put
-- A badge, in place of one of the same name.
INSERT INTO factory.badges (account, badge, label, value, color) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account, badge) DO UPDATE
SET label = excluded.label, value = excluded.value, color = excluded.color;

-- name: of
-- All badges of an account.
SELECT badge, label, value, color FROM factory.badges WHERE account = $1 ORDER BY badge LIMIT $2;
