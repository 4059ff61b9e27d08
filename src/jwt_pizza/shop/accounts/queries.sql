-- name: add
-- A new diner, or nothing when the address is taken.
WITH added AS (
    INSERT INTO shop.users (name, email, email_key, password_hash, created_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (email_key) DO NOTHING
    RETURNING id, name, email
), granted AS (
    INSERT INTO shop.roles (user_id, role) SELECT id, 'diner' FROM added
)
SELECT id, name, email, ARRAY['diner'] AS roles, ARRAY[NULL::bigint] AS franchises FROM added;

-- name: grant_role
-- Gives a role; harmless when the user has it.
INSERT INTO shop.roles (user_id, role, franchise_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: take_role
-- Takes a role; harmless when the user does not have it.
DELETE FROM shop.roles WHERE user_id = $1 AND role = $2 AND franchise_id IS NOT DISTINCT FROM $3::bigint;

-- name: by_email
-- The user with this address, with the password's hash.
SELECT u.id, u.name, u.email, u.password_hash, r.roles, r.franchises
FROM shop.users u
CROSS JOIN LATERAL (
    SELECT array_agg(role ORDER BY role, franchise_id) AS roles, array_agg(franchise_id ORDER BY role, franchise_id) AS franchises
    FROM shop.roles WHERE user_id = u.id
) r
WHERE u.email_key = $1;

-- name: by_id
-- The user, unless deleted.
SELECT u.id, u.name, u.email, r.roles, r.franchises
FROM shop.users u
CROSS JOIN LATERAL (
    SELECT array_agg(role ORDER BY role, franchise_id) AS roles, array_agg(franchise_id ORDER BY role, franchise_id) AS franchises
    FROM shop.roles WHERE user_id = u.id
) r
WHERE u.id = $1 AND u.deleted_at IS NULL;

-- name: change
-- Changes what is not null, and counts the version up.
UPDATE shop.users
SET name = coalesce($2, name),
    email = coalesce($3, email),
    email_key = coalesce($4, email_key),
    password_hash = coalesce($5, password_hash),
    version = version + 1
WHERE id = $1 AND deleted_at IS NULL
RETURNING id;

-- name: end_sessions
-- Ends every session of a user but the one to keep (null: none).
UPDATE shop.sessions SET ended_at = $3 WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $2::bigint;

-- name: forget
-- Removes all personal data of a user; the row stays for the books.
UPDATE shop.users
SET name = '', email = NULL, email_key = NULL, password_hash = NULL, deleted_at = $2, version = version + 1
WHERE id = $1 AND deleted_at IS NULL
RETURNING id;

-- name: revoke_roles
-- Takes all roles of a user.
DELETE FROM shop.roles WHERE user_id = $1;

-- name: forget_pizzas
-- A pizza's JWT names its diner: those of a deleted user are forgotten.
UPDATE shop.orders SET jwt = NULL WHERE diner_id = $1 AND jwt IS NOT NULL;

-- name: page
-- Users by name pattern, oldest first.
SELECT u.id, u.name, u.email, r.roles, r.franchises
FROM shop.users u
CROSS JOIN LATERAL (
    SELECT array_agg(role ORDER BY role, franchise_id) AS roles, array_agg(franchise_id ORDER BY role, franchise_id) AS franchises
    FROM shop.roles WHERE user_id = u.id
) r
WHERE u.deleted_at IS NULL AND u.name ILIKE $1
ORDER BY u.id
OFFSET $2 LIMIT $3;

-- name: open_session
-- A new login.
INSERT INTO shop.sessions (user_id, created_at, expires_at, device)
SELECT id, $2, $3, $4 FROM shop.users WHERE id = $1 AND deleted_at IS NULL
RETURNING id;

-- name: logins
-- A user's sessions that have not ended, the newest first.
SELECT id, device, created_at, expires_at FROM shop.sessions
WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
ORDER BY created_at DESC, id DESC LIMIT 100;

-- name: end_login
-- Ends one session of a user; harmless when it has ended.
UPDATE shop.sessions SET ended_at = $3 WHERE id = $2 AND user_id = $1 AND ended_at IS NULL;

-- name: prolong_session
-- The session lives as long as its newest token.
UPDATE shop.sessions SET expires_at = greatest(expires_at, $2) WHERE id = $1;

-- name: end_session
-- A logout; harmless when it has ended.
UPDATE shop.sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL;

-- name: live
-- Of these sessions those that have not ended, with their users.
SELECT s.id AS session_id, u.id, u.name, u.email, u.version, r.roles, r.franchises, v.id AS voucher_id,
       (SELECT max(w.day) FROM shop.voucher_uses w WHERE w.voucher_id = v.id) AS voucher_used_on
FROM shop.sessions s
JOIN shop.users u ON u.id = s.user_id
CROSS JOIN LATERAL (
    SELECT array_agg(role ORDER BY role, franchise_id) AS roles, array_agg(franchise_id ORDER BY role, franchise_id) AS franchises
    FROM shop.roles WHERE user_id = u.id
) r
LEFT JOIN shop.vouchers v ON v.diner_id = u.id AND v.revoked_at IS NULL
WHERE s.id = ANY($1::bigint[]) AND s.ended_at IS NULL;

-- name: prune_sessions
-- Sessions that expired long ago.
DELETE FROM shop.sessions WHERE expires_at < $1;

-- name: failures
-- Failed logins of each subject in a window that is still open.
SELECT subject, failures, ends_at FROM shop.login_throttle WHERE subject = ANY($1::text[]) AND ends_at > $2;

-- name: charge
-- One more failure of each subject, starting a new window where the old one is over.
INSERT INTO shop.login_throttle AS t (subject, failures, ends_at)
SELECT subject, 1, $3 FROM unnest($1::text[]) AS subject ORDER BY subject
ON CONFLICT (subject) DO UPDATE
SET failures = CASE WHEN t.ends_at <= $2 THEN 1 ELSE t.failures + 1 END,
    ends_at = CASE WHEN t.ends_at <= $2 THEN excluded.ends_at ELSE t.ends_at END;

-- name: clear
-- A good login: the account starts anew.
DELETE FROM shop.login_throttle WHERE subject = $1;

-- name: prune_throttle
-- Windows that are over.
DELETE FROM shop.login_throttle WHERE ends_at < $1;

-- name: secret
-- A secret of this installation.
SELECT value FROM shop.secrets WHERE name = $1;

-- name: note_seen
-- These users are here. Processes that note the same ones do it in the same order.
INSERT INTO shop.attendance (user_id, at) SELECT id, $2 FROM unnest($1::bigint[]) AS id ORDER BY id
ON CONFLICT (user_id) DO UPDATE SET at = greatest(attendance.at, excluded.at);

-- name: forget_seen
-- Users that were not seen for long. Another process may be noting them.
DELETE FROM shop.attendance WHERE user_id IN (SELECT user_id FROM shop.attendance WHERE at < $1 FOR UPDATE SKIP LOCKED);

-- name: count_seen
-- Users that were seen.
SELECT count(*) FROM shop.attendance WHERE at >= $1;
