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

-- name: vouchers
-- Vouchers, the newest first: who gave and took them is in the audit log, in the commit that did it, or in the amends
-- that they belong to. An order that was refunded or is only held has cost goodwill nothing.
SELECT v.id, v.diner_id, coalesce(u.name, '') AS diner, coalesce(u.email, '') AS email, v.reason, v.granted_at, v.revoked_at,
       coalesce(given.actor, a.approved_by, a.planned_by, '') AS granted_by,
       coalesce(taken.actor, '') AS revoked_by, coalesce(taken.about, '') AS why_revoked,
       ARRAY(SELECT r.order_id FROM shop.remedies r
             WHERE r.incident = a.incident AND r.diner_id = v.diner_id AND r.kind = 'voucher'
             ORDER BY r.order_id LIMIT 3) AS orders,
       used.times, used.cost
FROM shop.vouchers v
LEFT JOIN shop.users u ON u.id = v.diner_id
LEFT JOIN shop.amends a ON v.reason = 'incident ' || a.incident
LEFT JOIN LATERAL (
    SELECT coalesce(nullif(w.name, ''), 'somebody whose account is gone') AS actor
    FROM shop.audit l LEFT JOIN shop.users w ON w.id = l.actor_id
    WHERE l.subject = 'voucher of user ' || v.diner_id AND l.verb = 'granted' AND l.at = v.granted_at LIMIT 1
) given ON true
LEFT JOIN LATERAL (
    SELECT coalesce(nullif(w.name, ''), 'somebody whose account is gone') AS actor, l.about
    FROM shop.audit l LEFT JOIN shop.users w ON w.id = l.actor_id
    WHERE l.subject = 'voucher of user ' || v.diner_id AND l.verb = 'revoked' AND l.at = v.revoked_at LIMIT 1
) taken ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS times, coalesce(sum(o.discount) FILTER (WHERE o.status IN ('fulfilled', 'charged')), 0)::bigint AS cost
    FROM shop.voucher_uses w JOIN shop.orders o ON o.id = w.order_id WHERE w.voucher_id = v.id
) used
WHERE CASE $1::text
          WHEN 'valid' THEN v.revoked_at IS NULL AND u.email IS NOT NULL
          WHEN 'revoked' THEN v.revoked_at IS NOT NULL
          WHEN 'gone' THEN v.revoked_at IS NULL AND u.email IS NULL
          ELSE true
      END
  AND ($2::text IS NULL OR position(lower($2) IN lower(concat_ws(' ', u.name, u.email, v.reason))) > 0)
  AND ($3::bigint IS NULL OR v.id < $3)
ORDER BY v.id DESC LIMIT $4;
