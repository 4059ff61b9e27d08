-- name: shares_of
-- The links to these orders' pizzas, of those that their diners show.
SELECT order_id, token, shared_at FROM shop.shares WHERE order_id = ANY($1::bigint[]);

-- name: share
-- Shows a pizza; the link of before stays.
INSERT INTO shop.shares (order_id, token, shared_at) VALUES ($1, $2, $3) ON CONFLICT (order_id) DO NOTHING;

-- name: unshare
-- Takes the link back.
DELETE FROM shop.shares WHERE order_id = $1;

-- name: shown
-- The order behind a link, while it has a pizza.
SELECT o.*, i.menu_ids, i.descriptions, i.prices
FROM shop.shares s
JOIN shop.orders o ON o.id = s.order_id AND o.jwt IS NOT NULL
CROSS JOIN LATERAL (
    SELECT array_agg(menu_id ORDER BY line) AS menu_ids, array_agg(description ORDER BY line) AS descriptions, array_agg(price ORDER BY line) AS prices
    FROM shop.order_items WHERE order_id = o.id
) i
WHERE s.token = $1;

-- name: favourites
-- A diner's favourite orders, the last kept first.
SELECT o.*, i.menu_ids, i.descriptions, i.prices
FROM shop.favourites f
JOIN shop.orders o ON o.id = f.order_id
CROSS JOIN LATERAL (
    SELECT array_agg(menu_id ORDER BY line) AS menu_ids, array_agg(description ORDER BY line) AS descriptions, array_agg(price ORDER BY line) AS prices
    FROM shop.order_items WHERE order_id = o.id
) i
WHERE f.diner_id = $1
ORDER BY f.kept_at DESC, f.order_id DESC
LIMIT $2;

-- name: keep
-- One more favourite, of the diner's own orders, unless there are enough.
INSERT INTO shop.favourites (diner_id, order_id, kept_at)
SELECT diner_id, id, $3 FROM shop.orders
WHERE id = $2 AND diner_id = $1 AND (SELECT count(*) FROM shop.favourites WHERE diner_id = $1) < $4
ON CONFLICT DO NOTHING;

-- name: drop
-- One favourite less.
DELETE FROM shop.favourites WHERE diner_id = $1 AND order_id = $2;

-- name: count_receipt
-- One more receipt of an order, unless there were enough.
INSERT INTO shop.receipts AS r (order_id, times) VALUES ($1, 1)
ON CONFLICT (order_id) DO UPDATE SET times = r.times + 1 WHERE r.times < $2
RETURNING times;

-- name: uncount_receipt
-- It could not be mailed.
UPDATE shop.receipts SET times = times - 1 WHERE order_id = $1 AND times > 0;
