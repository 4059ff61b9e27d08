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

-- name: record_calm
-- As record, for pizzas that were made for the vendor that a key was last seen to be of. Those are left out whose key is
-- no longer that vendor's, or whose vendor has another name, or an attack on it or on all that is neither ended nor
-- over. Which are recorded, by their place.
WITH made AS MATERIALIZED (
    SELECT n.*
    FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bigint[], $5::real[], $6::timestamptz[])
        WITH ORDINALITY AS n (key_hash, vendor_id, name, order_id, ms, at, line)
    JOIN factory.vendor_keys k ON k.key_hash = n.key_hash AND k.vendor_id = n.vendor_id
    JOIN factory.vendors v ON v.id = n.vendor_id AND v.name = n.name
    WHERE NOT EXISTS (
        SELECT FROM factory.attacks a
        WHERE a.ended_at IS NULL AND a.ends_at > n.at AND (a.vendor_id IS NULL OR a.vendor_id = n.vendor_id)
    )
), recorded AS (
    INSERT INTO factory.bakes (vendor_id, order_id, outcome, ms, at, repeat)
    SELECT m.vendor_id, m.order_id, 'baked', m.ms, m.at,
        row_number() OVER (PARTITION BY m.vendor_id, m.order_id ORDER BY m.line) > 1 OR before.known IS NOT NULL
    FROM made m
    LEFT JOIN LATERAL (
        SELECT true AS known FROM factory.bakes b
        WHERE b.vendor_id = m.vendor_id AND b.order_id = m.order_id AND b.outcome IN ('baked', 'lost')
        LIMIT 1
    ) before ON true
)
SELECT line FROM made;

-- name: recent
-- The last orders of a vendor, newest first.
SELECT vendor_id, order_id, outcome, chaos, ms, at, repeat
FROM factory.bakes WHERE vendor_id = $1 ORDER BY id DESC LIMIT $2;

-- name: prune
-- Old ones.
DELETE FROM factory.bakes WHERE at < $1;
