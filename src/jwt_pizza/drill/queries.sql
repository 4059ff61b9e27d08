-- name: orders
-- What became of all orders; `harmed` counts those whose diner got no pizza for it.
SELECT count(*) AS placed,
       count(*) FILTER (WHERE status = 'fulfilled') AS fulfilled,
       count(DISTINCT h.order_id) AS failed,
       count(DISTINCT h.order_id) FILTER (WHERE h.harm = 'charged') AS charged,
       count(DISTINCT h.diner_id) AS diners,
       coalesce(sum(i.pizzas) FILTER (WHERE h.order_id IS NOT NULL), 0)::bigint AS pizzas,
       min(h.placed_at) AS first_failed_at, max(h.placed_at) AS last_failed_at
FROM shop.orders o
LEFT JOIN shop.hurt_orders h ON h.order_id = o.id
CROSS JOIN LATERAL (SELECT count(*) AS pizzas FROM shop.order_items i WHERE i.order_id = o.id) i;

-- name: first_bad_call
-- When the remote factory first failed an order, whatever became of it.
SELECT min(started_at) FROM shop.bake_attempts WHERE oven = 'factory' AND reason <> 'good';

-- name: remedies
-- What was given to diners, by kind, and when the last of it was.
SELECT count(*) FILTER (WHERE kind = 'refund') AS refunds,
       (SELECT count(*) FROM shop.vouchers WHERE revoked_at IS NULL) AS vouchers, max(at) AS last_at
FROM shop.remedies;

-- name: letters
-- The Message-IDs of the letters to diners.
SELECT message_id FROM shop.letters;

-- name: events
-- Everything in the log, in the order in which it happened.
SELECT at, actor, data FROM ops.events ORDER BY at, id;
