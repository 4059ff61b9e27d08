-- name: impact
-- What happened to diners in a window.
WITH hurt AS (
    SELECT h.*, (SELECT count(*) FROM shop.order_items i WHERE i.order_id = h.order_id) AS pizzas
    FROM shop.hurt_orders h WHERE h.placed_at >= $1 AND h.placed_at < $2
), tried AS (
    SELECT count(*) AS orders, count(DISTINCT diner_id) AS diners
    FROM shop.orders WHERE placed_at >= $1 AND placed_at < $2
), served AS (
    SELECT count(*) AS diners
    FROM (SELECT diner_id, min(placed_at) AS first_at FROM hurt GROUP BY diner_id) a
    WHERE EXISTS (SELECT FROM shop.orders o WHERE o.diner_id = a.diner_id AND o.status = 'fulfilled' AND o.placed_at > a.first_at)
)
SELECT tried.diners AS diners_tried, tried.orders AS orders_tried,
       count(DISTINCT hurt.diner_id) AS diners_affected, count(hurt.order_id) AS orders_failed,
       coalesce(sum(hurt.pizzas), 0)::bigint AS pizzas_not_delivered,
       count(*) FILTER (WHERE harm = 'charged') AS orders_charged,
       coalesce(sum(paid) FILTER (WHERE harm = 'charged'), 0)::bigint AS satoshis_charged,
       count(*) FILTER (WHERE compensated) AS orders_compensated,
       served.diners AS diners_served_later, min(placed_at) AS first_failed_at, max(placed_at) AS last_failed_at
FROM tried CROSS JOIN served LEFT JOIN hurt ON true
GROUP BY tried.diners, tried.orders, served.diners;

-- name: impact_by_store
-- The same for each store, the worst first.
SELECT h.store_id, h.franchise_id, coalesce(s.name, '') AS store, count(*) AS orders,
       coalesce(sum((SELECT count(*) FROM shop.order_items i WHERE i.order_id = h.order_id)), 0)::bigint AS pizzas,
       coalesce(sum(paid) FILTER (WHERE harm = 'charged'), 0)::bigint AS satoshis
FROM shop.hurt_orders h LEFT JOIN shop.stores s ON s.id = h.store_id
WHERE h.placed_at >= $1 AND h.placed_at < $2
GROUP BY h.store_id, h.franchise_id, s.name
ORDER BY count(*) DESC, h.store_id;

-- name: hurt
-- The orders that failed in a window.
SELECT h.order_id, h.diner_id, h.store_id, h.placed_at, h.harm, h.compensated,
       (SELECT count(*) FROM shop.order_items i WHERE i.order_id = h.order_id) AS pizzas,
       CASE WHEN h.harm = 'charged' THEN h.paid ELSE 0 END AS satoshis
FROM shop.hurt_orders h WHERE h.placed_at >= $1 AND h.placed_at < $2
ORDER BY h.placed_at, h.order_id;

-- name: minutes
-- Orders of a window by the minute in which they were placed, and how many of them failed.
SELECT date_trunc('minute', o.placed_at) AS at, (count(*) - count(h.order_id))::integer AS good,
       count(h.order_id)::integer AS failed
FROM shop.orders o LEFT JOIN shop.hurt_orders h ON h.order_id = o.id
WHERE o.placed_at >= $1 AND o.placed_at < $2 AND o.status <> 'held'
GROUP BY 1 ORDER BY 1;

-- name: plan
-- A plan; planned again its window grows, and its words change until letters carry them.
INSERT INTO shop.amends AS a (incident, since, until, explanation, remedies, planned_at, planned_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (incident) DO UPDATE
SET since = least(a.since, excluded.since), until = greatest(a.until, excluded.until),
    explanation = CASE WHEN a.started_at IS NULL THEN excluded.explanation ELSE a.explanation END,
    remedies = CASE WHEN a.started_at IS NULL THEN excluded.remedies ELSE a.remedies END;

-- name: list_orders
-- Fixes the list: what failed in the plan's window and nobody has made good.
WITH plan AS (
    SELECT * FROM shop.amends WHERE incident = $1
), listed AS (
    INSERT INTO shop.amends_orders AS l (incident, order_id, diner_id, charged, remedies)
    SELECT $1, h.order_id, h.diner_id, CASE WHEN h.harm = 'charged' THEN h.paid ELSE 0 END,
           ARRAY(SELECT jsonb_array_elements_text(plan.remedies -> h.harm))
    FROM plan JOIN shop.hurt_orders h ON h.placed_at >= plan.since AND h.placed_at < plan.until
    WHERE NOT h.compensated AND jsonb_array_length(coalesce(plan.remedies -> h.harm, '[]')) > 0
      AND NOT EXISTS (SELECT FROM shop.remedies r WHERE r.order_id = h.order_id)
    ON CONFLICT (incident, order_id) DO NOTHING
    RETURNING diner_id
), due AS (
    INSERT INTO shop.amends_diners AS d (incident, diner_id, status)
    SELECT DISTINCT $1, diner_id, 'due' FROM listed
    ON CONFLICT (incident, diner_id) DO UPDATE SET status = 'due', error = NULL
    RETURNING 1
)
UPDATE shop.amends SET finished_at = NULL, approved_at = NULL, approved_by = NULL
WHERE incident = $1 AND EXISTS (SELECT FROM due);

-- name: relist
-- Before anything was given the list is made anew, as the remedies may be others now.
WITH unlisted AS (
    DELETE FROM shop.amends_orders o USING shop.amends a
    WHERE a.incident = $1 AND a.started_at IS NULL AND o.incident = a.incident
)
DELETE FROM shop.amends_diners d USING shop.amends a
WHERE a.incident = $1 AND a.started_at IS NULL AND d.incident = a.incident;

-- name: get
-- A plan and how far it is.
SELECT a.*,
       (SELECT count(*) FROM shop.amends_diners d WHERE d.incident = a.incident) AS diners,
       (SELECT count(*) FROM shop.amends_diners d WHERE d.incident = a.incident AND d.status = 'done') AS done,
       (SELECT count(*) FROM shop.amends_diners d WHERE d.incident = a.incident AND d.status = 'failed') AS failed,
       o.orders, o.refund, r.refunds, r.refunded, r.vouchers, r.apologies,
       l.sent AS letters_sent, l.waiting - p.held AS letters_waiting, l.failed AS letters_failed,
       p.sent AS payouts_sent, p.waiting AS payouts_waiting, p.failed AS payouts_failed
FROM shop.amends a
CROSS JOIN LATERAL (
    SELECT count(*) AS orders, coalesce(sum(charged) FILTER (WHERE 'refund' = ANY(remedies)), 0)::bigint AS refund
    FROM shop.amends_orders o WHERE o.incident = a.incident
) o
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE kind = 'refund') AS refunds, count(*) FILTER (WHERE kind = 'apology') AS apologies,
           coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0)::bigint AS refunded,
           count(DISTINCT diner_id) FILTER (WHERE kind = 'voucher') AS vouchers
    FROM shop.remedies r WHERE r.incident = a.incident
) r
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE status = 'sent') AS sent, count(*) FILTER (WHERE status = 'queued') AS waiting,
           count(*) FILTER (WHERE status = 'failed') AS failed
    FROM shop.letters l WHERE l.incident = a.incident
) l
CROSS JOIN LATERAL (
    -- A letter that a failed payout holds up does not wait: nothing moves it but a retry.
    SELECT count(*) FILTER (WHERE status = 'sent') AS sent, count(*) FILTER (WHERE status = 'waiting') AS waiting,
           count(*) FILTER (WHERE status = 'failed') AS failed,
           count(DISTINCT message_id) FILTER (WHERE status = 'failed') AS held
    FROM shop.payouts p WHERE p.incident = a.incident
) p
WHERE a.incident = $1;

-- name: approve
-- An administrator's yes, once.
UPDATE shop.amends SET approved_at = $2, approved_by = $3 WHERE incident = $1 AND approved_at IS NULL RETURNING incident;

-- name: start
-- From here on the list is given.
UPDATE shop.amends SET started_at = $2 WHERE incident = $1 AND started_at IS NULL RETURNING incident;

-- name: running
-- What was started and is not finished.
SELECT incident FROM shop.amends WHERE started_at IS NOT NULL AND finished_at IS NULL ORDER BY started_at;

-- name: give
-- Everything for the next diners: refund, voucher and letter, each order and kind once, all in this one commit.
-- Diners whom another process serves are left to it. Who was deleted is refunded, and gets no voucher and no letter.
-- Where a payment gateway pays out, what is owed through it is written down too.
WITH due AS MATERIALIZED (
    SELECT diner_id FROM shop.amends_diners WHERE incident = $1::text AND status = 'due'
    ORDER BY diner_id LIMIT $3::bigint FOR UPDATE SKIP LOCKED
), wanted AS MATERIALIZED (
    SELECT o.order_id, o.diner_id, r.kind
    FROM shop.amends_orders o JOIN due USING (diner_id) CROSS JOIN LATERAL unnest(o.remedies) AS r (kind)
    WHERE o.incident = $1
), refunded AS (
    UPDATE shop.orders o SET status = 'refunded'
    FROM wanted w WHERE w.kind = 'refund' AND o.id = w.order_id AND o.status = 'charged'
    RETURNING o.id, o.diner_id, o.store_id, o.total, o.discount
), moved AS (
    INSERT INTO shop.transfers (id, order_id, kind, debit, credit, amount, at)
    SELECT id * 10 + 2, id, 'refund'::shop.transfer_kind, store_id * 10 + 2, diner_id * 10 + 1, total - discount, $2::timestamptz
    FROM refunded WHERE total > discount
    UNION ALL
    SELECT id * 10 + 5, id, 'refund', store_id * 10 + 2, 3, discount, $2::timestamptz FROM refunded WHERE discount > 0
), changed AS (
    INSERT INTO shop.balance_changes (account, amount)
    SELECT store_id * 10 + 2, -sum(total) FROM refunded GROUP BY store_id
    UNION ALL
    SELECT 3, sum(discount) FROM refunded HAVING sum(discount) > 0
), given AS (
    INSERT INTO shop.remedies (order_id, kind, incident, diner_id, amount, at)
    SELECT w.order_id, w.kind, $1::text, w.diner_id, coalesce(r.total - r.discount, 0), $2::timestamptz
    FROM wanted w
    LEFT JOIN refunded r ON w.kind = 'refund' AND r.id = w.order_id
    JOIN shop.users u ON u.id = w.diner_id
    WHERE CASE w.kind WHEN 'refund' THEN r.id IS NOT NULL ELSE u.deleted_at IS NULL END
    ON CONFLICT (order_id, kind) DO NOTHING
    RETURNING order_id, kind, diner_id, amount
), vouched AS (
    INSERT INTO shop.vouchers (diner_id, reason, granted_at)
    SELECT DISTINCT diner_id, 'incident ' || $1::text, $2::timestamptz FROM given WHERE kind = 'voucher'
    ON CONFLICT (diner_id) WHERE revoked_at IS NULL DO NOTHING
    RETURNING diner_id
), seen AS (
    -- What processes remember of these diners knows nothing of the voucher.
    UPDATE shop.users u SET version = version + 1 FROM vouched WHERE u.id = vouched.diner_id
), written AS (
    INSERT INTO shop.letters (message_id, incident, diner_id, facts, status, next_try_at, queued_at)
    SELECT 'amends.' || $1::text || '.' || g.diner_id || '.' || min(g.order_id), $1, g.diner_id,
           jsonb_build_object(
               'explanation', (SELECT explanation FROM shop.amends WHERE incident = $1),
               'voucher', EXISTS (SELECT FROM given v WHERE v.diner_id = g.diner_id AND v.kind = 'voucher'),
               'orders', jsonb_agg(jsonb_build_object(
                   'orderId', o.id, 'placedAt', o.placed_at, 'store', coalesce(s.name, ''), 'satoshis', o.total - o.discount,
                   'refunded', r.id IS NOT NULL,
                   'pizzas', (SELECT jsonb_agg(i.description ORDER BY i.line) FROM shop.order_items i WHERE i.order_id = o.id)
               ) ORDER BY o.placed_at)),
           'queued', $2::timestamptz, $2::timestamptz
    FROM given g
    JOIN shop.orders o ON o.id = g.order_id
    LEFT JOIN shop.stores s ON s.id = o.store_id
    LEFT JOIN refunded r ON r.id = g.order_id
    WHERE g.kind = 'apology'
    GROUP BY g.diner_id
    ON CONFLICT DO NOTHING
), owed AS (
    INSERT INTO shop.payouts (order_id, name, incident, diner_id, message_id, amount, status, next_try_at, queued_at)
    SELECT g.order_id, 'JWT Pizza ' || m.mark || ' order ' || g.order_id, $1::text, g.diner_id, t.message_id, g.amount,
           'waiting', $2::timestamptz, $2::timestamptz
    FROM given g CROSS JOIN shop.payout_mark m
    LEFT JOIN (
        SELECT order_id, 'amends.' || $1::text || '.' || diner_id || '.' || min(order_id) OVER (PARTITION BY diner_id)
                         AS message_id
        FROM given WHERE kind = 'apology'
    ) t USING (order_id)
    WHERE $4::boolean AND g.kind = 'refund' AND g.amount > 0
    ON CONFLICT (order_id) DO NOTHING
), done AS (
    UPDATE shop.amends_diners d SET status = 'done', done_at = $2::timestamptz, error = NULL
    FROM due WHERE d.incident = $1 AND d.diner_id = due.diner_id
)
SELECT count(*) FROM due;

-- name: give_up
-- The next diner could not be given anything: a defect, for people to look at.
UPDATE shop.amends_diners SET status = 'failed', error = $3
WHERE incident = $1 AND diner_id = $2 AND status = 'due';

-- name: next_due
-- Whose turn it is.
SELECT diner_id FROM shop.amends_diners WHERE incident = $1 AND status = 'due' ORDER BY diner_id LIMIT 1;

-- name: finish
-- Nothing is left to give.
UPDATE shop.amends a SET finished_at = $2
WHERE a.incident = $1 AND a.finished_at IS NULL
  AND NOT EXISTS (SELECT FROM shop.amends_diners d WHERE d.incident = a.incident AND d.status <> 'done')
RETURNING incident;

-- name: failures
-- Who could not be given anything, payouts that could not be made, and letters that could not be sent.
SELECT diner_id, coalesce(error, '') AS error FROM shop.amends_diners WHERE incident = $1 AND status = 'failed'
UNION ALL
SELECT diner_id, 'payout of order ' || order_id || ': ' || coalesce(error, '') FROM shop.payouts
WHERE incident = $1 AND status = 'failed'
UNION ALL
SELECT diner_id, 'letter: ' || coalesce(error, '') FROM shop.letters WHERE incident = $1 AND status = 'failed'
ORDER BY 1;

-- name: retry
-- All of them are tried again.
WITH again AS (
    UPDATE shop.amends_diners SET status = 'due', error = NULL WHERE incident = $1 AND status = 'failed' RETURNING 1
), letters AS (
    UPDATE shop.letters SET status = 'queued', attempts = 0, next_try_at = $2 WHERE incident = $1 AND status = 'failed'
    RETURNING 1
), payouts AS (
    UPDATE shop.payouts SET status = 'waiting', attempts = 0, next_try_at = $2 WHERE incident = $1 AND status = 'failed'
    RETURNING 1
)
SELECT (SELECT count(*) FROM again) + (SELECT count(*) FROM letters) + (SELECT count(*) FROM payouts);
