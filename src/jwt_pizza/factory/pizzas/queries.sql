-- name: keys
-- The signing key and those retired after a moment; older ones verify nothing any more.
SELECT kid, jwk, retired_at FROM factory.signing_keys WHERE retired_at IS NULL OR retired_at > $1 ORDER BY created_at;

-- name: lock
-- One rotation at a time.
SELECT pg_advisory_xact_lock(hashtext('factory.signing_keys'));

-- name: retire
-- The signing key signs no more.
UPDATE factory.signing_keys SET retired_at = $1 WHERE retired_at IS NULL;

-- name: add
-- A new signing key.
INSERT INTO factory.signing_keys (kid, jwk, created_at) VALUES ($1, $2::text::jsonb, $3);

-- name: record
-- Orders at the oven, many at once. A repeat is one whose order this vendor had baked before.
-- The look-up is lateral with a limit: as an EXISTS beside an OR it becomes a scan of the whole table, once a batch.
INSERT INTO factory.bakes (vendor_id, order_id, outcome, chaos, ms, at, repeat)
SELECT n.vendor_id, n.order_id, n.outcome, n.chaos, n.ms, n.at,
    n.outcome IN ('baked', 'lost') AND (
        row_number() OVER (PARTITION BY n.vendor_id, n.order_id, n.outcome IN ('baked', 'lost') ORDER BY n.line) > 1
        OR before.known IS NOT NULL
    )
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::real[], $6::timestamptz[])
    WITH ORDINALITY AS n (vendor_id, order_id, outcome, chaos, ms, at, line)
LEFT JOIN LATERAL (
    SELECT true AS known FROM factory.bakes b
    WHERE b.vendor_id = n.vendor_id AND b.order_id = n.order_id AND b.outcome IN ('baked', 'lost')
    LIMIT 1
) before ON true;

-- name: recent
-- The last orders of a vendor, newest first.
SELECT vendor_id, order_id, outcome, chaos, ms, at, repeat
FROM factory.bakes WHERE vendor_id = $1 ORDER BY id DESC LIMIT $2;

-- name: prune
-- Old ones.
DELETE FROM factory.bakes WHERE at < $1;
