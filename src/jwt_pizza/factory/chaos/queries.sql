-- name: admit
-- The vendors of these API keys, each with the attacks on it, or on all, that are neither ended nor over.
-- unnest, for with `= ANY ($1)` the planner thinks it worth while to plan anew each time, which takes longer than the rest.
SELECT k.key_hash, v.id AS vendor, v.name, v.roles, a.*
FROM unnest($1::bytea[]) AS asked (key_hash)
JOIN factory.vendor_keys k ON k.key_hash = asked.key_hash
JOIN factory.vendors v ON v.id = k.vendor_id
LEFT JOIN factory.attacks a
    ON a.ended_at IS NULL AND a.ends_at > $2 AND (a.vendor_id IS NULL OR a.vendor_id = v.id);

-- name: lock
-- One start at a time.
SELECT pg_advisory_xact_lock(hashtext('factory.attacks'));

-- name: replace
-- The attack on the same target ends: as over, if its time was up.
UPDATE factory.attacks
SET ended_at = least($2, ends_at), ended_how = 'replaced'
WHERE coalesce(vendor_id, '') = coalesce($1::text, '') AND ended_at IS NULL;

-- name: start
-- A new attack.
INSERT INTO factory.attacks
    (kind, vendor_id, probability, delay_seconds, fix_code, started_by, created_at, starts_at, ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
RETURNING *;

-- name: end
-- Ends an attack, if it has not ended.
UPDATE factory.attacks SET ended_at = $3, ended_how = $2
WHERE id = $1 AND ended_at IS NULL AND ends_at > $3
RETURNING id;

-- name: end_all
-- Ends every attack.
UPDATE factory.attacks SET ended_at = $1, ended_how = 'stopped' WHERE ended_at IS NULL AND ends_at > $1 RETURNING id;

-- name: of
-- The last attack of a vendor's own.
SELECT * FROM factory.attacks WHERE vendor_id = $1 ORDER BY id DESC LIMIT 1;

-- name: recent
-- Attacks, newest first.
SELECT * FROM factory.attacks ORDER BY id DESC LIMIT $1;
