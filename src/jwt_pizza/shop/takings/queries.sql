-- name: days
-- What stores took each day (UTC), by when the orders were placed: sold and kept, paid for by goodwill, given back.
SELECT (placed_at AT TIME ZONE 'UTC')::date AS day, store_id,
       count(*) FILTER (WHERE status <> 'refunded') AS orders,
       coalesce(sum(total) FILTER (WHERE status <> 'refunded'), 0)::bigint AS taken,
       coalesce(sum(discount) FILTER (WHERE status <> 'refunded'), 0)::bigint AS goodwill,
       coalesce(sum(total) FILTER (WHERE status = 'refunded'), 0)::bigint AS refunded
FROM shop.orders
WHERE store_id = ANY($1::bigint[]) AND placed_at >= $2 AND status IN ('fulfilled', 'charged', 'refunded')
GROUP BY 1, 2 ORDER BY 1, 2;

-- name: best_sellers
-- What sold best, by pizzas.
SELECT i.description AS title, count(*) AS pizzas, sum(i.price)::bigint AS worth
FROM shop.orders o JOIN shop.order_items i ON i.order_id = o.id
WHERE o.store_id = ANY($1::bigint[]) AND o.placed_at >= $2 AND o.status IN ('fulfilled', 'charged')
GROUP BY i.description ORDER BY count(*) DESC, i.description LIMIT $3;

-- name: lines
-- Orders that moved money, the newest first, each with what came back and why.
SELECT o.id AS order_id, o.placed_at, o.store_id, o.status::text AS status, o.total, o.discount,
       (SELECT count(*) FROM shop.order_items i WHERE i.order_id = o.id) AS pizzas,
       (SELECT max(t.at) FROM shop.transfers t WHERE t.id IN (o.id * 10 + 2, o.id * 10 + 5)) AS refunded_at,
       (SELECT r.incident FROM shop.remedies r WHERE r.order_id = o.id AND r.kind = 'refund') AS incident,
       (SELECT a.explanation FROM shop.remedies r JOIN shop.amends a ON a.incident = r.incident
        WHERE r.order_id = o.id AND r.kind = 'refund') AS explanation,
       (SELECT l.about FROM shop.audit l WHERE l.subject = 'order ' || o.id AND l.verb = 'refunded' ORDER BY l.id LIMIT 1) AS reason
FROM shop.orders o
WHERE o.store_id = ANY($1::bigint[]) AND o.placed_at >= $2 AND o.placed_at < $3
  AND o.status IN ('fulfilled', 'charged', 'refunded') AND (NOT $4 OR o.status = 'refunded' OR o.discount > 0)
ORDER BY o.placed_at DESC, o.id DESC OFFSET $5 LIMIT $6;

-- name: stores
-- All stores of a franchise that it ever had.
SELECT id, name, closed_at FROM shop.stores WHERE franchise_id = $1 ORDER BY id;
