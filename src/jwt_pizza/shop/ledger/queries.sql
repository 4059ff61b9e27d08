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
-- Gives a fulfilled order's price back from the store to the diner, and what goodwill paid to goodwill: once, because
-- the transfers' ids are the order's.
WITH refunded AS (
    UPDATE shop.orders SET status = 'refunded' WHERE id = $1 AND status = 'fulfilled'
    RETURNING id, diner_id, store_id, total, discount
), moved AS (
    INSERT INTO shop.transfers (id, order_id, kind, debit, credit, amount, at)
    SELECT id * 10 + 2, id, 'refund'::shop.transfer_kind, store_id * 10 + 2, diner_id * 10 + 1, total - discount, $2::timestamptz
    FROM refunded WHERE total > discount
    UNION ALL
    SELECT id * 10 + 5, id, 'refund', store_id * 10 + 2, 3, discount, $2::timestamptz FROM refunded WHERE discount > 0
), changed AS (
    INSERT INTO shop.balance_changes (account, amount)
    SELECT store_id * 10 + 2, -total FROM refunded
    UNION ALL
    SELECT 3, discount FROM refunded WHERE discount > 0
)
SELECT total - discount FROM refunded;

-- name: check_sum
-- Debits and credits cancel out: what diners paid by their orders, and what stores have by their balances, less what
-- goodwill has spent.
SELECT ((SELECT coalesce(sum(total - discount), 0) FROM shop.orders WHERE status IN ('fulfilled', 'charged'))
      - (SELECT coalesce(sum(amount), 0) FROM shop.balances)
      - (SELECT coalesce(sum(amount), 0) FROM shop.balance_changes))::bigint AS wrong;

-- name: check_owner
-- Transfers that no order owns.
SELECT count(*) AS wrong FROM shop.transfers t WHERE NOT EXISTS (SELECT FROM shop.orders o WHERE o.id = t.order_id);

-- name: check_accounts
-- Transfers between accounts that are not their order's, of a wrong amount, or under an id that is not their step's:
-- steps 0 to 2 move the diner's part, 3 to 5 goodwill's.
SELECT count(*) AS wrong
FROM (
    SELECT t.*, o.total, o.discount, t.id - o.id * 10 AS step, o.store_id * 10 + 2 AS store,
           CASE WHEN t.id - o.id * 10 < 3 THEN o.diner_id * 10 + 1 ELSE 3 END AS payer
    FROM shop.transfers t JOIN shop.orders o ON o.id = t.order_id
) t
WHERE t.step NOT BETWEEN 0 AND 5
   OR t.amount <> CASE WHEN t.step < 3 THEN t.total - t.discount ELSE t.discount END
   OR t.step % 3 <> CASE t.kind WHEN 'hold' THEN 0 WHEN 'refund' THEN 2 ELSE 1 END
   OR (t.debit, t.credit) <> CASE WHEN t.kind = 'refund' THEN (t.store, t.payer) ELSE (t.payer, t.store) END;

-- name: check_hold
-- Orders whose parts are not each held: what the diner pays, and what goodwill pays.
SELECT count(*) AS wrong FROM shop.orders o
WHERE (o.total > o.discount) <> EXISTS (SELECT FROM shop.transfers t WHERE t.id = o.id * 10)
   OR (o.discount > 0) <> EXISTS (SELECT FROM shop.transfers t WHERE t.id = o.id * 10 + 3);

-- name: check_resolution
-- Orders whose status and whose holds' resolution contradict each other: captured ⇔ fulfilled (or refunded since).
SELECT count(*) AS wrong
FROM shop.orders o
LEFT JOIN shop.transfers d ON d.id = o.id * 10 + 1
LEFT JOIN shop.transfers g ON g.id = o.id * 10 + 4
CROSS JOIN LATERAL (
    SELECT CASE o.status WHEN 'held' THEN NULL WHEN 'voided' THEN 'void' ELSE 'capture' END::shop.transfer_kind AS kind
) due
WHERE d.kind IS DISTINCT FROM CASE WHEN o.total > o.discount THEN due.kind END
   OR g.kind IS DISTINCT FROM CASE WHEN o.discount > 0 THEN due.kind END;

-- name: check_refund
-- Orders marked refunded without a refund, or refunded without the mark.
SELECT count(*) AS wrong
FROM shop.orders o
LEFT JOIN shop.transfers d ON d.id = o.id * 10 + 2
LEFT JOIN shop.transfers g ON g.id = o.id * 10 + 5
WHERE (o.status = 'refunded' AND o.total > o.discount) <> (d.id IS NOT NULL)
   OR (o.status = 'refunded' AND o.discount > 0) <> (g.id IS NOT NULL);

-- name: check_vouchers
-- Discounts that no voucher gave on that day, and days that a voucher has paid for nothing.
SELECT (SELECT count(*) FROM shop.orders o
        WHERE o.discount > 0 AND o.status <> 'voided'
          AND NOT EXISTS (SELECT FROM shop.voucher_uses w JOIN shop.vouchers v ON v.id = w.voucher_id
                          WHERE w.order_id = o.id AND v.diner_id = o.diner_id))
     + (SELECT count(*) FROM shop.voucher_uses w
        WHERE NOT EXISTS (SELECT FROM shop.orders o WHERE o.id = w.order_id AND o.discount > 0 AND o.status <> 'voided'))
     AS wrong;

-- name: check_remedies
-- Refunds that amends have given and the books know nothing of.
SELECT count(*) AS wrong
FROM shop.remedies r JOIN shop.orders o ON o.id = r.order_id
WHERE r.kind = 'refund' AND (o.status <> 'refunded' OR r.amount <> o.total - o.discount);

-- name: check_payouts
-- Payouts of another amount than their order's refund to its diner.
SELECT count(*) AS wrong
FROM shop.payouts p LEFT JOIN shop.transfers t ON t.id = p.order_id * 10 + 2 AND t.credit = p.diner_id * 10 + 1
WHERE t.amount IS DISTINCT FROM p.amount;

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
-- Accounts of stores, and goodwill's, whose remembered balance is not the sum of their transfers.
SELECT count(*) AS wrong
FROM (
    SELECT account, sum(amount) AS amount FROM (
        SELECT account, amount FROM shop.balances UNION ALL SELECT account, amount FROM shop.balance_changes
    ) posted GROUP BY account
) remembered
FULL JOIN (
    SELECT account, sum(amount) AS amount FROM (
        SELECT credit AS account, amount FROM shop.transfers WHERE kind IN ('capture', 'refund') AND credit % 10 IN (2, 3)
        UNION ALL
        SELECT debit, -amount FROM shop.transfers WHERE kind IN ('capture', 'refund') AND debit % 10 IN (2, 3)
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
