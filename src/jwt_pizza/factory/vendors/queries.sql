-- name: exists
-- Whether there is such a vendor.
SELECT EXISTS (SELECT FROM factory.vendors WHERE id = $1);

-- name: by_keys
-- The vendors of these API keys.
SELECT k.key_hash, v.id, v.name, v.roles
FROM factory.vendor_keys k JOIN factory.vendors v ON v.id = k.vendor_id
WHERE k.key_hash = ANY($1::bytea[]);

-- name: add
-- A new vendor, or nothing when there is one.
INSERT INTO factory.vendors (id, name, email, git_hub_url, website, phone, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: issue
-- A further key of a vendor.
INSERT INTO factory.vendor_keys (key_hash, vendor_id, created_at) VALUES ($1, $2, $3);

-- name: revoke
-- All keys of a vendor but its newest ones.
DELETE FROM factory.vendor_keys WHERE key_hash IN (
    SELECT key_hash FROM factory.vendor_keys WHERE vendor_id = $1 ORDER BY created_at DESC, key_hash OFFSET $2
);

-- name: details
-- What a vendor says about itself.
SELECT name, email, git_hub_url, website, phone FROM factory.vendors WHERE id = $1;

-- name: change
-- Sets all of it.
UPDATE factory.vendors SET name = $2, email = $3, git_hub_url = $4, website = $5, phone = $6 WHERE id = $1;

-- name: set_roles
-- Sets the roles.
UPDATE factory.vendors SET roles = $2 WHERE id = $1 RETURNING id;

-- name: delete
-- The vendor with everything that is only its own.
DELETE FROM factory.vendors WHERE id = $1 RETURNING id;

-- name: delete_bakes
-- What was recorded of its orders.
DELETE FROM factory.bakes WHERE vendor_id = $1;

-- name: delete_logs
-- What it logged.
DELETE FROM factory.vendor_logs WHERE vendor_id = $1;

-- name: delete_attacks
-- The attacks on it.
DELETE FROM factory.attacks WHERE vendor_id = $1;

-- name: delete_connections
-- Its connections; the vendors at their other ends wait again.
WITH own AS (DELETE FROM factory.connections WHERE vendor_id = $1)
UPDATE factory.connections SET other_id = NULL, rating = NULL WHERE other_id = $1;

-- name: cards
-- Vendors (all when null) with their connections and the attack on them that has not ended.
SELECT v.id, v.name, v.email, v.git_hub_url, v.website, v.phone, v.roles, v.created_at,
    c.purposes, c.others, c.ratings,
    a.kind AS chaos_kind, a.created_at AS chaos_created_at, a.starts_at, a.ends_at
FROM factory.vendors v
CROSS JOIN LATERAL (
    SELECT array_agg(purpose ORDER BY purpose) AS purposes, array_agg(other_id ORDER BY purpose) AS others,
        array_agg(rating ORDER BY purpose) AS ratings
    FROM factory.connections WHERE vendor_id = v.id
) c
LEFT JOIN factory.attacks a ON a.vendor_id = v.id AND a.ended_at IS NULL AND a.ends_at > $2
WHERE $1::text IS NULL OR v.id = $1
ORDER BY v.created_at, v.id;

-- name: lock_purpose
-- One pairing of a purpose at a time.
SELECT pg_advisory_xact_lock(hashtext('factory.connections ' || $1));

-- name: wait_for
-- The vendor waits, unless it waits or is connected.
INSERT INTO factory.connections (vendor_id, purpose, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: pair
-- Connects the vendor, if it waits, with the one that waits longest, both ways.
WITH other AS (
    SELECT o.vendor_id FROM factory.connections o
    WHERE o.purpose = $2 AND o.other_id IS NULL AND o.vendor_id <> $1
      AND EXISTS (SELECT FROM factory.connections WHERE vendor_id = $1 AND purpose = $2 AND other_id IS NULL)
    ORDER BY o.created_at, o.vendor_id LIMIT 1
)
UPDATE factory.connections c
SET other_id = CASE WHEN c.vendor_id = $1 THEN other.vendor_id ELSE $1 END
FROM other
WHERE c.purpose = $2 AND c.vendor_id IN ($1, other.vendor_id);

-- name: rate
-- The rating of a connection that is made.
UPDATE factory.connections SET rating = $4
WHERE vendor_id = $1 AND purpose = $3 AND other_id IS NOT NULL AND ($2::text IS NULL OR other_id = $2)
RETURNING vendor_id;

-- name: log
-- Keeps a line; the answer to it.
WITH kept AS (INSERT INTO factory.vendor_logs (vendor_id, text, at) VALUES ($1, $2, $3))
SELECT text FROM factory.log_answer;

-- name: set_log_answer
-- What every further log call is answered.
UPDATE factory.log_answer SET text = $1;

-- name: put_code
-- A code in place of the one before.
INSERT INTO factory.vendor_codes (vendor_id, code_hash, tries, expires_at) VALUES ($1, $2, 0, $3)
ON CONFLICT (vendor_id) DO UPDATE SET code_hash = excluded.code_hash, tries = 0, expires_at = excluded.expires_at;

-- name: try_code
-- Counts a try, under the row's lock, and says whether the code was right and still good.
UPDATE factory.vendor_codes SET tries = tries + 1
WHERE vendor_id = $1 AND tries < $3 AND expires_at > $4
RETURNING code_hash = $2;

-- name: drop_code
-- A code was used: for the first who deletes it.
DELETE FROM factory.vendor_codes WHERE vendor_id = $1 AND code_hash = $2 RETURNING vendor_id;

-- name: open_session
-- A login to the console.
INSERT INTO factory.vendor_sessions (token_hash, vendor_id, expires_at) VALUES ($1, $2, $3);

-- name: session
-- Who is logged in.
SELECT v.id, v.name, v.roles FROM factory.vendor_sessions s JOIN factory.vendors v ON v.id = s.vendor_id
WHERE s.token_hash = $1 AND s.expires_at > $2;

-- name: end_session
-- A logout.
DELETE FROM factory.vendor_sessions WHERE token_hash = $1;

-- name: charge
-- Counts one attempt against each subject, starting a new window where the old one is over.
INSERT INTO factory.throttle AS t (subject, count, ends_at)
SELECT subject, 1, $3 FROM unnest($1::text[]) AS subject ORDER BY subject
ON CONFLICT (subject) DO UPDATE
SET count = CASE WHEN t.ends_at <= $2 THEN 1 ELSE t.count + 1 END,
    ends_at = CASE WHEN t.ends_at <= $2 THEN excluded.ends_at ELSE t.ends_at END
RETURNING subject, count, ends_at;

-- name: pardon
-- Takes one attempt back.
UPDATE factory.throttle SET count = count - 1 WHERE subject = ANY($1::text[]) AND count > 0;

-- name: prune
-- What is over: codes, sessions, windows ($1), and logs before $2.
WITH codes AS (DELETE FROM factory.vendor_codes WHERE expires_at < $1),
    sessions AS (DELETE FROM factory.vendor_sessions WHERE expires_at < $1),
    logs AS (DELETE FROM factory.vendor_logs WHERE at < $2)
DELETE FROM factory.throttle WHERE ends_at < $1;
