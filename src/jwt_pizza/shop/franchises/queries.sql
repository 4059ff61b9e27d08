-- name: page
-- Open franchises by name pattern with their open stores.
SELECT f.id, f.name, s.ids, s.names
FROM shop.franchises f
CROSS JOIN LATERAL (
    SELECT array_agg(id ORDER BY id) AS ids, array_agg(name ORDER BY id) AS names
    FROM shop.stores WHERE franchise_id = f.id AND closed_at IS NULL
) s
WHERE f.closed_at IS NULL AND f.name ILIKE $1
ORDER BY f.id
OFFSET $2 LIMIT $3;

-- name: get
-- An open franchise with its open stores.
SELECT f.id, f.name, s.ids, s.names
FROM shop.franchises f
CROSS JOIN LATERAL (
    SELECT array_agg(id ORDER BY id) AS ids, array_agg(name ORDER BY id) AS names
    FROM shop.stores WHERE franchise_id = f.id AND closed_at IS NULL
) s
WHERE f.id = $1 AND f.closed_at IS NULL;

-- name: run_by
-- The open franchises that a user runs.
SELECT f.id, f.name, s.ids, s.names
FROM shop.roles r
JOIN shop.franchises f ON f.id = r.franchise_id AND f.closed_at IS NULL
CROSS JOIN LATERAL (
    SELECT array_agg(id ORDER BY id) AS ids, array_agg(name ORDER BY id) AS names
    FROM shop.stores WHERE franchise_id = f.id AND closed_at IS NULL
) s
WHERE r.user_id = $1
ORDER BY f.id;

-- name: admins
-- Who runs these franchises.
SELECT r.franchise_id, u.id, u.name, u.email
FROM shop.roles r JOIN shop.users u ON u.id = r.user_id
WHERE r.franchise_id = ANY($1::bigint[])
ORDER BY u.id;

-- name: people
-- Users by address.
SELECT id, name, email, email_key FROM shop.users WHERE email_key = ANY($1::text[]);

-- name: add
-- A franchise; its name is unique among the open ones.
INSERT INTO shop.franchises (name) VALUES ($1) RETURNING id;

-- name: appoint
-- Makes users its franchisees.
INSERT INTO shop.roles (user_id, role, franchise_id) SELECT unnest($2::bigint[]), 'franchisee', $1::bigint
ON CONFLICT DO NOTHING;

-- name: close
-- Closes a franchise.
UPDATE shop.franchises SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL RETURNING id;

-- name: close_stores
-- Closes all of its stores.
UPDATE shop.stores SET closed_at = $2 WHERE franchise_id = $1 AND closed_at IS NULL;

-- name: dismiss
-- Its franchisees run it no more.
DELETE FROM shop.roles WHERE franchise_id = $1;

-- name: add_store
-- A store of an open franchise, which stays open until the commit; nothing when there is no such franchise.
INSERT INTO shop.stores (franchise_id, name)
SELECT id, $2 FROM (SELECT id FROM shop.franchises WHERE id = $1 AND closed_at IS NULL FOR SHARE) f
RETURNING id;

-- name: close_store
-- Closes a store.
UPDATE shop.stores SET closed_at = $3 WHERE id = $2 AND franchise_id = $1 AND closed_at IS NULL RETURNING id;

-- name: store_names
-- What stores are called, with their franchises, also when they have closed.
SELECT s.id, s.name, f.name AS franchise
FROM shop.stores s JOIN shop.franchises f ON f.id = s.franchise_id
WHERE s.id = ANY($1::bigint[]);
