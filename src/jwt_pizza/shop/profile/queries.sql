-- name: registered_at
-- When somebody registered.
SELECT created_at FROM shop.users WHERE id = $1;

-- name: vouchers
-- A diner's vouchers, and what each has paid.
SELECT v.reason, v.granted_at, v.revoked_at, count(o.id) AS pizzas, coalesce(sum(o.discount), 0)::bigint AS worth
FROM shop.vouchers v
LEFT JOIN shop.voucher_uses w ON w.voucher_id = v.id
LEFT JOIN shop.orders o ON o.id = w.order_id AND o.status <> 'voided'
WHERE v.diner_id = $1
GROUP BY v.id ORDER BY v.id;

-- name: letters
-- What was written to a diner.
SELECT queued_at, sent_at, status, facts::text AS facts FROM shop.letters WHERE diner_id = $1 ORDER BY queued_at;

-- name: favourites
-- A diner's favourite orders.
SELECT order_id FROM shop.favourites WHERE diner_id = $1 ORDER BY order_id;

-- name: shared
-- A diner's orders whose pizza is shown to others.
SELECT s.order_id FROM shop.shares s JOIN shop.orders o ON o.id = s.order_id WHERE o.diner_id = $1 ORDER BY s.order_id;
