-- name: order
-- An order with its diner, for who looks after people.
SELECT o.id, o.diner_id, coalesce(u.name, '') AS diner, coalesce(u.email, '') AS email, o.status::text AS status,
       o.total, o.discount, o.placed_at,
       (SELECT string_agg(i.description, ', ' ORDER BY i.line) FROM shop.order_items i WHERE i.order_id = o.id) AS pizzas
FROM shop.orders o LEFT JOIN shop.users u ON u.id = o.diner_id
WHERE o.id = $1;

-- name: orders_of
-- A diner's last orders, likewise.
SELECT o.id, o.diner_id, u.name AS diner, u.email, o.status::text AS status, o.total, o.discount, o.placed_at,
       (SELECT string_agg(i.description, ', ' ORDER BY i.line) FROM shop.order_items i WHERE i.order_id = o.id) AS pizzas
FROM shop.orders o JOIN shop.users u ON u.id = o.diner_id
WHERE o.diner_id = $1 ORDER BY o.placed_at DESC, o.id DESC LIMIT $2;

-- name: find_diner
-- Whose address this is.
SELECT id FROM shop.users WHERE email_key = $1;

-- name: diner
-- A diner and the voucher that is live.
SELECT u.id, u.name, u.email, v.reason, v.granted_at
FROM shop.users u LEFT JOIN shop.vouchers v ON v.diner_id = u.id AND v.revoked_at IS NULL
WHERE u.id = $1 AND u.deleted_at IS NULL;

-- name: grant_voucher
-- Free pizza for life, unless there is one; nothing for whom there is not.
INSERT INTO shop.vouchers (diner_id, reason, granted_at)
SELECT id, $2, $3 FROM shop.users WHERE id = $1 AND deleted_at IS NULL
ON CONFLICT (diner_id) WHERE revoked_at IS NULL DO NOTHING
RETURNING id;

-- name: revoke_voucher
-- No more free pizza.
UPDATE shop.vouchers SET revoked_at = $2 WHERE diner_id = $1 AND revoked_at IS NULL RETURNING id;

-- name: voucher_changed
-- What processes remember of this diner is stale now.
UPDATE shop.users SET version = version + 1 WHERE id = $1;
