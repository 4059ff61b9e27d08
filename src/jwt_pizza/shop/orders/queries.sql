-- name: place
-- The orders that wait, each with its items, hold, capture, pizza and idempotency key: one statement, one commit.
-- One that is only held has no pizza and no capture yet.
-- An order is left out, and said to be stale, when its session has ended, its diner or the catalogue has changed since
-- it was made, or its voucher has paid on that day; and said to be taken when its key was used before.
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[],
                         $7::text[], $8::bigint[], $9::integer[], $10::bigint[], $11::text[], $12::bytea[],
                         $13::shop.order_status[], $14::timestamptz[], $15::timestamptz[], $16::bigint[],
                         $17::bigint[], $18::date[])
        AS a (id, diner_id, franchise_id, store_id, total, placed_at, jwt, session_id, user_version, catalogue_version,
              key, fingerprint, status, expires_at, baking_until, discount, voucher_id, day)
), live AS MATERIALIZED (
    SELECT a.*
    FROM asked a
    JOIN shop.sessions s ON s.id = a.session_id AND s.user_id = a.diner_id AND s.ended_at IS NULL
    JOIN shop.users u ON u.id = a.diner_id AND u.version = a.user_version
    WHERE a.catalogue_version = (SELECT version FROM shop.catalogue)
      AND (a.voucher_id IS NULL
           OR (EXISTS (SELECT FROM shop.vouchers v
                       WHERE v.id = a.voucher_id AND v.diner_id = a.diner_id AND v.revoked_at IS NULL)
               AND NOT EXISTS (SELECT FROM shop.voucher_uses w WHERE w.voucher_id = a.voucher_id AND w.day = a.day)))
), keyed AS (
    INSERT INTO shop.idempotency_keys (diner_id, key, fingerprint, order_id)
    SELECT diner_id, key, fingerprint, id FROM live WHERE key IS NOT NULL ORDER BY diner_id, key
    ON CONFLICT DO NOTHING
    RETURNING order_id
), fresh AS MATERIALIZED (
    SELECT * FROM live WHERE key IS NULL
    UNION ALL
    SELECT live.* FROM live JOIN keyed ON keyed.order_id = live.id
), placed AS (
    INSERT INTO shop.orders
        (id, diner_id, franchise_id, store_id, status, total, discount, placed_at, jwt, hold_expires_at, baking_until)
    SELECT id, diner_id, franchise_id, store_id, status, total, discount, placed_at, jwt, expires_at, baking_until
    FROM fresh
), used AS (
    INSERT INTO shop.voucher_uses (voucher_id, day, order_id)
    SELECT voucher_id, day, id FROM fresh WHERE voucher_id IS NOT NULL
), lined AS (
    INSERT INTO shop.order_items (order_id, line, menu_id, description, price)
    SELECT i.order_id, i.line, i.menu_id, i.description, i.price
    FROM unnest($19::bigint[], $20::smallint[], $21::bigint[], $22::text[], $23::bigint[])
        AS i (order_id, line, menu_id, description, price)
    JOIN fresh ON fresh.id = i.order_id
), moved AS (
    INSERT INTO shop.transfers (id, order_id, kind, debit, credit, amount, at)
    SELECT id * 10, id, 'hold'::shop.transfer_kind, diner_id * 10 + 1, store_id * 10 + 2, total - discount, placed_at
    FROM fresh WHERE total > discount
    UNION ALL
    SELECT id * 10 + 1, id, 'capture', diner_id * 10 + 1, store_id * 10 + 2, total - discount, placed_at
    FROM fresh WHERE status <> 'held' AND total > discount
    UNION ALL
    SELECT id * 10 + 3, id, 'hold', 3, store_id * 10 + 2, discount, placed_at FROM fresh WHERE discount > 0
    UNION ALL
    SELECT id * 10 + 4, id, 'capture', 3, store_id * 10 + 2, discount, placed_at
    FROM fresh WHERE status <> 'held' AND discount > 0
), changed AS (
    INSERT INTO shop.balance_changes (account, amount)
    SELECT store_id * 10 + 2, sum(total) FROM fresh WHERE status <> 'held' GROUP BY store_id
    UNION ALL
    SELECT 3, -sum(discount) FROM fresh WHERE status <> 'held' AND discount > 0 HAVING sum(discount) > 0
)
SELECT a.id, fresh.id IS NOT NULL AS placed, live.id IS NOT NULL AS live
FROM asked a LEFT JOIN live ON live.id = a.id LEFT JOIN fresh ON fresh.id = a.id;

-- name: placed_already
-- Of these orders those that are in the books.
SELECT id FROM shop.orders WHERE id = ANY($1::bigint[]);

-- name: resolve
-- Held orders come to their end: with a pizza the hold is captured, without one it is voided; each once, whoever is
-- first. A charged order (policy factory-only) gets its pizza; of the two only a held one has an expiry. What the ovens
-- answered is recorded with it. Whether the pizza was kept is answered, not the pizza: whoever asks has it. The
-- condition on the status is none that the index of held orders could be taken for: that one is full of dead entries
-- under load, and a plan made while it was small would walk it for ever.
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::timestamptz[]) AS a (id, jwt, at)
), ended AS (
    UPDATE shop.orders o
    SET status = CASE WHEN a.jwt IS NULL THEN 'voided' ELSE 'fulfilled' END::shop.order_status,
        jwt = CASE WHEN u.deleted_at IS NULL THEN a.jwt END,
        baking_until = NULL
    FROM asked a, shop.users u
    WHERE o.id = a.id AND u.id = o.diner_id
        AND o.status = ANY (CASE WHEN a.jwt IS NULL THEN '{held}' ELSE '{held,charged}' END::shop.order_status[])
    RETURNING o.id, o.diner_id, o.store_id, o.status, o.total, o.discount, o.jwt, a.at,
              o.hold_expires_at IS NOT NULL AS held
), moved AS (
    INSERT INTO shop.transfers (id, order_id, kind, debit, credit, amount, at)
    SELECT id * 10 + 1, id, CASE status WHEN 'voided' THEN 'void' ELSE 'capture' END::shop.transfer_kind,
           diner_id * 10 + 1, store_id * 10 + 2, total - discount, at
    FROM ended WHERE held AND total > discount
    UNION ALL
    SELECT id * 10 + 4, id, CASE status WHEN 'voided' THEN 'void' ELSE 'capture' END::shop.transfer_kind,
           3, store_id * 10 + 2, discount, at
    FROM ended WHERE held AND discount > 0
), changed AS (
    INSERT INTO shop.balance_changes (account, amount)
    SELECT store_id * 10 + 2, sum(total) FROM ended WHERE held AND status = 'fulfilled' GROUP BY store_id
    UNION ALL
    SELECT 3, -sum(discount) FROM ended WHERE held AND status = 'fulfilled' AND discount > 0 HAVING sum(discount) > 0
), unused AS (
    DELETE FROM shop.voucher_uses w USING ended WHERE ended.status = 'voided' AND ended.discount > 0 AND w.order_id = ended.id
), noted AS (
    INSERT INTO shop.bake_attempts (order_id, oven, started_at, ms, reason, status, error, report_url, trace)
    SELECT * FROM unnest($4::bigint[], $5::text[], $6::timestamptz[], $7::double precision[], $8::text[],
                         $9::integer[], $10::text[], $11::text[], $12::text[])
)
SELECT id, status::text, jwt IS NOT NULL AS kept FROM ended;

-- name: status
-- What these orders are now.
SELECT id, status::text, jwt FROM shop.orders WHERE id = ANY($1::bigint[]);

-- name: take_over
-- A held order that nobody works on any more, for this process to finish.
UPDATE shop.orders SET baking_until = $3
WHERE id = $1 AND status = 'held' AND baking_until < $2 AND hold_expires_at > $3
RETURNING id;

-- name: report_url
-- The last report link that the factory gave for an order.
SELECT report_url FROM shop.bake_attempts WHERE order_id = $1 AND report_url IS NOT NULL ORDER BY id DESC LIMIT 1;

-- name: reap
-- Voids holds that have expired. Orders that another process is resolving are left to it.
WITH due AS (
    SELECT id FROM shop.orders WHERE status = 'held' AND hold_expires_at <= $1::timestamptz
    ORDER BY placed_at LIMIT 500 FOR UPDATE SKIP LOCKED
), voided AS (
    UPDATE shop.orders o SET status = 'voided', baking_until = NULL FROM due WHERE o.id = due.id
    RETURNING o.id, o.diner_id, o.store_id, o.total, o.discount
), moved AS (
    INSERT INTO shop.transfers (id, order_id, kind, debit, credit, amount, at)
    SELECT id * 10 + 1, id, 'void'::shop.transfer_kind, diner_id * 10 + 1, store_id * 10 + 2, total - discount, $1::timestamptz
    FROM voided WHERE total > discount
    UNION ALL
    SELECT id * 10 + 4, id, 'void', 3, store_id * 10 + 2, discount, $1::timestamptz FROM voided WHERE discount > 0
), unused AS (
    DELETE FROM shop.voucher_uses w USING voided WHERE voided.discount > 0 AND w.order_id = voided.id
)
SELECT count(*) FROM voided;

-- name: next_ids
-- The first of the next 64 order numbers.
SELECT nextval('shop.order_ids');

-- name: catalogue
-- Version, chaos, menu and open stores, all of one moment.
SELECT c.version, c.chaos, m.ids AS menu_ids, m.titles, m.prices, s.ids AS store_ids, s.franchise_ids
FROM shop.catalogue c
CROSS JOIN (SELECT array_agg(id) AS ids, array_agg(title) AS titles, array_agg(price) AS prices
            FROM shop.menu_items WHERE withdrawn_at IS NULL) m
CROSS JOIN (SELECT array_agg(id) AS ids, array_agg(franchise_id) AS franchise_ids FROM shop.stores WHERE closed_at IS NULL) s;

-- name: set_chaos
-- Lets loose or chains the chaos monkey.
UPDATE shop.catalogue SET chaos = $1, version = version + 1;

-- name: by_key
-- The order that a key first placed.
SELECT k.fingerprint, o.*, i.menu_ids, i.descriptions, i.prices
FROM shop.idempotency_keys k
JOIN shop.orders o ON o.id = k.order_id
CROSS JOIN LATERAL (
    SELECT array_agg(menu_id ORDER BY line) AS menu_ids, array_agg(description ORDER BY line) AS descriptions, array_agg(price ORDER BY line) AS prices
    FROM shop.order_items WHERE order_id = o.id
) i
WHERE k.diner_id = $1 AND k.key = $2;

-- name: get
-- These orders.
SELECT o.*, i.menu_ids, i.descriptions, i.prices
FROM shop.orders o
CROSS JOIN LATERAL (
    SELECT array_agg(menu_id ORDER BY line) AS menu_ids, array_agg(description ORDER BY line) AS descriptions, array_agg(price ORDER BY line) AS prices
    FROM shop.order_items WHERE order_id = o.id
) i
WHERE o.id = ANY($1::bigint[]);

-- name: history
-- A diner's orders, oldest first.
SELECT o.*, i.menu_ids, i.descriptions, i.prices
FROM (
    SELECT * FROM shop.orders WHERE diner_id = $1 ORDER BY placed_at, id OFFSET $2 LIMIT $3
) o
CROSS JOIN LATERAL (
    SELECT array_agg(menu_id ORDER BY line) AS menu_ids, array_agg(description ORDER BY line) AS descriptions, array_agg(price ORDER BY line) AS prices
    FROM shop.order_items WHERE order_id = o.id
) i
ORDER BY o.placed_at, o.id;

-- name: history_newest_first
-- A diner's orders, newest first.
SELECT o.*, i.menu_ids, i.descriptions, i.prices
FROM (
    SELECT * FROM shop.orders WHERE diner_id = $1 ORDER BY placed_at DESC, id DESC OFFSET $2 LIMIT $3
) o
CROSS JOIN LATERAL (
    SELECT array_agg(menu_id ORDER BY line) AS menu_ids, array_agg(description ORDER BY line) AS descriptions, array_agg(price ORDER BY line) AS prices
    FROM shop.order_items WHERE order_id = o.id
) i
ORDER BY o.placed_at DESC, o.id DESC;
