-- name: of_stores
-- The balance of each account: what was folded and what was posted since.
SELECT account, sum(amount)::bigint AS amount
FROM (
    SELECT account, amount FROM shop.balances WHERE account = ANY($1::bigint[])
    UNION ALL
    SELECT account, amount FROM shop.balance_changes WHERE account = ANY($1::bigint[])
) posted
GROUP BY account;

-- name: fold
-- Moves what was posted since into the balances. Rows that another process is folding are left to it.
WITH taken AS (
    DELETE FROM shop.balance_changes WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM shop.balance_changes LIMIT 20000 FOR UPDATE SKIP LOCKED
    ))
    RETURNING account, amount
)
INSERT INTO shop.balances AS b (account, amount)
SELECT account, sum(amount) FROM taken GROUP BY account ORDER BY account
ON CONFLICT (account) DO UPDATE SET amount = b.amount + excluded.amount;

-- name: refund
-- Gives a fulfilled order's price back from the store to the diner: once, because the transfer's id is the order's.
WITH refunded AS (
    UPDATE shop.orders SET status = 'refunded' WHERE id = $1 AND status = 'fulfilled'
    RETURNING id, diner_id, store_id, total
), moved AS (
    INSERT INTO shop.transfers (id, order_id, kind, debit, credit, amount, at)
    SELECT id * 10 + 2, id, 'refund', store_id * 10 + 2, diner_id * 10 + 1, total, $2 FROM refunded
), changed AS (
    INSERT INTO shop.balance_changes (account, amount) SELECT store_id * 10 + 2, -total FROM refunded
)
SELECT total FROM refunded;

-- name: check_sum
-- Debits and credits cancel out: what diners paid by their orders, and what stores have by their balances.
SELECT ((SELECT coalesce(sum(total), 0) FROM shop.orders WHERE status IN ('fulfilled', 'charged'))
      - (SELECT coalesce(sum(amount), 0) FROM shop.balances)
      - (SELECT coalesce(sum(amount), 0) FROM shop.balance_changes))::bigint AS wrong;

-- name: check_owner
-- Transfers that no order owns.
SELECT count(*) AS wrong FROM shop.transfers t WHERE NOT EXISTS (SELECT FROM shop.orders o WHERE o.id = t.order_id);

-- name: check_accounts
-- Transfers between accounts that are not their order's diner and store, or under an id that is not their step's.
SELECT count(*) AS wrong
FROM shop.transfers t JOIN shop.orders o ON o.id = t.order_id
WHERE t.amount <> o.total
   OR t.id <> o.id * 10 + CASE t.kind WHEN 'hold' THEN 0 WHEN 'refund' THEN 2 ELSE 1 END
   OR CASE WHEN t.kind = 'refund'
           THEN t.debit <> o.store_id * 10 + 2 OR t.credit <> o.diner_id * 10 + 1
           ELSE t.debit <> o.diner_id * 10 + 1 OR t.credit <> o.store_id * 10 + 2 END;

-- name: check_hold
-- Orders without a hold.
SELECT count(*) AS wrong FROM shop.orders o WHERE NOT EXISTS (SELECT FROM shop.transfers t WHERE t.id = o.id * 10);

-- name: check_resolution
-- Orders whose status and whose hold's resolution contradict each other: captured ⇔ fulfilled (or refunded since).
SELECT count(*) AS wrong
FROM shop.orders o LEFT JOIN shop.transfers t ON t.id = o.id * 10 + 1
WHERE CASE o.status
          WHEN 'held' THEN t.id IS NOT NULL
          WHEN 'voided' THEN t.kind IS DISTINCT FROM 'void'
          ELSE t.kind IS DISTINCT FROM 'capture' END;

-- name: check_refund
-- Orders marked refunded without a refund, or refunded without the mark.
SELECT count(*) AS wrong
FROM shop.orders o LEFT JOIN shop.transfers t ON t.id = o.id * 10 + 2
WHERE (o.status = 'refunded') <> (t.id IS NOT NULL);

-- name: check_items
-- Orders whose price is not the sum of their items.
SELECT count(*) AS wrong
FROM shop.orders o
LEFT JOIN (SELECT order_id, sum(price) AS total FROM shop.order_items GROUP BY order_id) i ON i.order_id = o.id
WHERE i.total IS DISTINCT FROM o.total;

-- name: check_pizzas
-- Charged orders without a pizza, unless their diner was deleted since.
SELECT count(*) AS wrong
FROM shop.orders o JOIN shop.users u ON u.id = o.diner_id
WHERE (o.status = 'fulfilled' AND o.jwt IS NULL AND u.deleted_at IS NULL) OR o.status = 'charged';

-- name: check_people
-- Orders of diners or stores that never existed.
SELECT count(*) AS wrong
FROM shop.orders o
WHERE NOT EXISTS (SELECT FROM shop.users u WHERE u.id = o.diner_id)
   OR NOT EXISTS (SELECT FROM shop.stores s WHERE s.id = o.store_id AND s.franchise_id = o.franchise_id);

-- name: check_balances
-- Accounts of stores whose remembered balance is not the sum of their transfers.
SELECT count(*) AS wrong
FROM (
    SELECT account, sum(amount) AS amount FROM (
        SELECT account, amount FROM shop.balances UNION ALL SELECT account, amount FROM shop.balance_changes
    ) posted GROUP BY account
) remembered
FULL JOIN (
    SELECT account, sum(amount) AS amount FROM (
        SELECT credit AS account, amount FROM shop.transfers WHERE kind IN ('capture', 'refund') AND credit % 10 = 2
        UNION ALL
        SELECT debit, -amount FROM shop.transfers WHERE kind IN ('capture', 'refund') AND debit % 10 = 2
    ) moved GROUP BY account
) summed USING (account)
WHERE coalesce(remembered.amount, 0) <> coalesce(summed.amount, 0);

-- name: check_keys
-- Idempotency keys that point to no order of their diner.
SELECT count(*) AS wrong
FROM shop.idempotency_keys k
WHERE NOT EXISTS (SELECT FROM shop.orders o WHERE o.id = k.order_id AND o.diner_id = k.diner_id);

-- name: totals
-- For the report: orders, and satoshis captured, refunded and held.
SELECT (SELECT count(*) FROM shop.orders) AS orders,
       (SELECT count(*) FROM shop.transfers) AS transfers,
       (SELECT coalesce(sum(amount), 0) FROM shop.transfers WHERE kind = 'capture')::bigint AS captured,
       (SELECT coalesce(sum(amount), 0) FROM shop.transfers WHERE kind = 'refund')::bigint AS refunded,
       (SELECT coalesce(sum(total), 0) FROM shop.orders WHERE status = 'held')::bigint AS held;
