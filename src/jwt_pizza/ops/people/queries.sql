-- name: anybody
-- Whether there are people who can log in.
SELECT EXISTS (SELECT FROM ops.people WHERE removed_at IS NULL AND NOT operates);

-- name: roster
-- Everybody with contacts, rules and teams, as of one moment.
SELECT
    (SELECT coalesce(json_agg(json_build_object(
        'id', id, 'name', name, 'email', email, 'role', role, 'time_zone', time_zone, 'operates', operates)
        ORDER BY id), '[]')
     FROM ops.people WHERE removed_at IS NULL)::text AS people,
    (SELECT coalesce(json_agg(json_build_object(
        'id', id, 'person_id', person_id, 'channel', channel, 'address', address,
        'verified', verified_at IS NOT NULL, 'opted_out', opted_out_at IS NOT NULL) ORDER BY id), '[]')
     FROM ops.contacts WHERE removed_at IS NULL)::text AS contacts,
    (SELECT coalesce(json_agg(json_build_object(
        'person_id', person_id, 'importance', importance, 'contact_id', contact_id, 'delay', delay_seconds)
        ORDER BY person_id, importance, position), '[]')
     FROM ops.notification_rules)::text AS rules,
    (SELECT coalesce(json_agg(json_build_object('id', t.id, 'name', t.name, 'members', (
        SELECT coalesce(json_agg(m.person_id ORDER BY m.person_id), '[]') FROM ops.team_members m WHERE m.team_id = t.id
        )) ORDER BY t.id), '[]')
     FROM ops.teams t WHERE removed_at IS NULL)::text AS teams;

-- name: by_email
-- Somebody with the hash of their password.
SELECT id, name, email, role, time_zone, password_hash FROM ops.people
WHERE email_key = $1 AND removed_at IS NULL AND NOT operates;

-- name: add
-- A new person, or nothing when the address is taken.
INSERT INTO ops.people (name, email, email_key, password_hash, role, time_zone, feed_token, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (email_key) DO NOTHING
RETURNING id, name, email, role, time_zone;

-- name: operator
-- Who commands log in as; made the first time.
INSERT INTO ops.people (name, role, feed_token, operates, created_at) VALUES ('command line', 'manager', $1, true, $2)
ON CONFLICT (operates) WHERE operates DO UPDATE SET operates = true
RETURNING id;

-- name: lock_managers
-- Those who manage, locked in one order: two changes at once must not leave nobody.
SELECT id FROM ops.people WHERE role = 'manager' AND removed_at IS NULL AND NOT operates ORDER BY id FOR UPDATE;

-- name: change
-- Changes what is not null.
UPDATE ops.people
SET name = coalesce($2, name),
    email = coalesce($3, email),
    email_key = coalesce($4, email_key),
    password_hash = coalesce($5, password_hash),
    role = coalesce($6, role),
    time_zone = coalesce($7, time_zone)
WHERE id = $1 AND removed_at IS NULL AND NOT operates
RETURNING id, name, email, role, time_zone;

-- name: lock_person
-- Somebody, locked against being named anew.
SELECT id, role FROM ops.people WHERE id = $1 AND removed_at IS NULL AND NOT operates FOR UPDATE;

-- name: names_person
-- What still names somebody: schedules, chains, teams.
SELECT 'team' AS kind, t.name FROM ops.teams t JOIN ops.team_members m ON m.team_id = t.id
WHERE m.person_id = $1 AND t.removed_at IS NULL
UNION
SELECT 'schedule', s.name FROM ops.schedules s JOIN ops.layers l ON l.schedule_id = s.id
WHERE s.removed_at IS NULL AND l.rotation -> 'people' @> to_jsonb($1::bigint)
UNION
SELECT 'schedule', s.name || ' (override)' FROM ops.schedules s JOIN ops.overrides o ON o.schedule_id = s.id
WHERE s.removed_at IS NULL AND o.removed_at IS NULL AND o.ends_at > $2 AND $1 IN (o.person_id, o.replaces_id)
UNION
SELECT 'chain', c.name FROM ops.chains c
WHERE c.removed_at IS NULL
AND jsonb_path_exists(c.steps, '$[*].personIds[*] ? (@ == $id)', jsonb_build_object('id', $1::bigint))
ORDER BY 1, 2;

-- name: remove
-- Takes somebody out of the roster. The name stays, for what they did; the address may be used anew.
UPDATE ops.people SET removed_at = $2, email = NULL, email_key = NULL, password_hash = NULL WHERE id = $1;

-- name: remove_rules_of
-- All rules of somebody.
DELETE FROM ops.notification_rules WHERE person_id = $1;

-- name: remove_contacts_of
-- All contacts of somebody.
UPDATE ops.contacts SET removed_at = $2, code_hash = NULL WHERE person_id = $1 AND removed_at IS NULL;

-- name: leave_teams
-- Memberships in teams that are gone.
DELETE FROM ops.team_members WHERE person_id = $1;

-- name: feed_token
-- What the secret address of somebody's shifts holds.
SELECT feed_token FROM ops.people WHERE id = $1 AND removed_at IS NULL;

-- name: new_feed_token
-- The old address is void from now on.
UPDATE ops.people SET feed_token = $2 WHERE id = $1 AND removed_at IS NULL RETURNING id;

-- name: add_team
-- A new team, or nothing when the name is taken.
INSERT INTO ops.teams (name) VALUES ($1)
ON CONFLICT (lower(name)) WHERE removed_at IS NULL DO NOTHING
RETURNING id;

-- name: lock_team
-- A team, locked against being named anew.
SELECT id, name FROM ops.teams WHERE id = $1 AND removed_at IS NULL FOR UPDATE;

-- name: rename_team
-- Gives it another name.
UPDATE ops.teams SET name = $2 WHERE id = $1;

-- name: clear_team
-- Everybody leaves it.
DELETE FROM ops.team_members WHERE team_id = $1;

-- name: join_team
-- These people join it.
INSERT INTO ops.team_members (team_id, person_id) SELECT $1, unnest($2::bigint[]);

-- name: lock_people
-- Of these people those who are there, locked against being removed.
SELECT id FROM ops.people WHERE id = ANY($1::bigint[]) AND removed_at IS NULL AND NOT operates ORDER BY id FOR SHARE;

-- name: members
-- Who is in a team.
SELECT person_id FROM ops.team_members WHERE team_id = $1 ORDER BY person_id;

-- name: names_team
-- What still names a team: schedules and chains.
SELECT 'schedule' AS kind, s.name FROM ops.schedules s WHERE s.team_id = $1 AND s.removed_at IS NULL
UNION
SELECT 'chain', c.name FROM ops.chains c
WHERE c.removed_at IS NULL AND (
    c.team_id = $1
    OR jsonb_path_exists(c.steps, '$[*] ? (@.teamId == $id)', jsonb_build_object('id', $1::bigint))
)
ORDER BY 1, 2;

-- name: remove_team
-- The team is no more.
UPDATE ops.teams SET removed_at = $2 WHERE id = $1;

-- name: open_session
-- A new login, unless the person was removed.
INSERT INTO ops.sessions (token_hash, person_id, expires_at)
SELECT $1, id, $3 FROM ops.people WHERE id = $2 AND removed_at IS NULL
RETURNING person_id;

-- name: sessions
-- Whose sessions these are.
SELECT s.token_hash, p.id, p.name, p.email, p.role, p.time_zone
FROM ops.sessions s JOIN ops.people p ON p.id = s.person_id
WHERE s.token_hash = ANY($1::bytea[]) AND s.expires_at > $2 AND p.removed_at IS NULL;

-- name: end_session
-- A logout; harmless when it has ended.
DELETE FROM ops.sessions WHERE token_hash = $1;

-- name: end_sessions
-- Ends every session of somebody but the one to keep (null: none).
DELETE FROM ops.sessions WHERE person_id = $1 AND token_hash IS DISTINCT FROM $2::bytea;

-- name: prune_sessions
-- Sessions that are over.
DELETE FROM ops.sessions WHERE expires_at < $1;

-- name: contact
-- A contact that was not removed.
SELECT id, person_id, channel, address, verified_at IS NOT NULL AS verified, opted_out_at IS NOT NULL AS opted_out
FROM ops.contacts WHERE id = $1 AND removed_at IS NULL;

-- name: count_contacts
-- How many contacts somebody has.
SELECT count(*) FROM ops.contacts WHERE person_id = $1 AND removed_at IS NULL;

-- name: add_contact
-- A new contact, or nothing when they have it already. A number that opted out stays so.
INSERT INTO ops.contacts (person_id, channel, address, opted_out_at, created_at)
VALUES ($1, $2, $3, (
    SELECT max(opted_out_at) FROM ops.contacts WHERE channel = 'sms' AND $2 = 'sms' AND address = $3
    AND id = (SELECT max(id) FROM ops.contacts WHERE channel = 'sms' AND address = $3)
), $4)
ON CONFLICT (person_id, channel, address) WHERE removed_at IS NULL DO NOTHING
RETURNING id, person_id, channel, address, false AS verified, opted_out_at IS NOT NULL AS opted_out;

-- name: append_rule
-- One more rule at the end, so many seconds after the last one; the first one at once.
INSERT INTO ops.notification_rules (person_id, importance, position, contact_id, delay_seconds)
SELECT $1, $2, coalesce(max(position) + 1, 0), $3, coalesce(max(delay_seconds) + $4, 0)
FROM ops.notification_rules WHERE person_id = $1 AND importance = $2;

-- name: remove_contact
-- Nothing goes there any more.
UPDATE ops.contacts SET removed_at = $2, code_hash = NULL WHERE id = $1 AND removed_at IS NULL RETURNING person_id;

-- name: remove_rules_with
-- Rules that use a contact.
DELETE FROM ops.notification_rules WHERE contact_id = $1;

-- name: put_code
-- A new code in place of the one before.
UPDATE ops.contacts SET code_hash = $2, code_expires_at = $3, code_tries = 0 WHERE id = $1 AND removed_at IS NULL;

-- name: use_code
-- Tries a code; true when it verified the contact. Counted in the same statement, so that no two tries count as one.
UPDATE ops.contacts
SET verified_at = CASE WHEN code_hash = $2 THEN $4 ELSE verified_at END,
    code_hash = CASE WHEN code_hash = $2 THEN NULL ELSE code_hash END,
    code_tries = code_tries + 1
WHERE id = $1 AND removed_at IS NULL AND code_hash IS NOT NULL AND code_tries < $3 AND code_expires_at > $4
RETURNING code_hash IS NULL AS verified, person_id;

-- name: theirs
-- Of these contacts those that are somebody's, locked against being removed.
SELECT id FROM ops.contacts WHERE person_id = $1 AND id = ANY($2::bigint[]) AND removed_at IS NULL ORDER BY id FOR SHARE;

-- name: add_rules
-- Rules of one importance, in order.
INSERT INTO ops.notification_rules (person_id, importance, position, contact_id, delay_seconds)
SELECT $1, $2, position - 1, contact_id, delay
FROM unnest($3::bigint[], $4::double precision[]) WITH ORDINALITY AS rule (contact_id, delay, position);

-- name: by_phone
-- Whose verified phone it is.
SELECT p.id, p.name, p.email, p.role, p.time_zone FROM ops.people p JOIN ops.contacts c ON c.person_id = p.id
WHERE c.channel = 'sms' AND c.address = $1 AND c.verified_at IS NOT NULL AND c.removed_at IS NULL
AND p.removed_at IS NULL
ORDER BY p.id;

-- name: opt_out
-- A phone wants no messages any more (the moment), or wants them again (null).
UPDATE ops.contacts SET opted_out_at = $2
WHERE channel = 'sms' AND address = $1 AND removed_at IS NULL AND (opted_out_at IS NULL) <> ($2::timestamptz IS NULL)
RETURNING id, person_id;

-- name: counts
-- Of each subject, in a window that is still open.
SELECT subject, count, ends_at FROM ops.throttle WHERE subject = ANY($1::text[]) AND ends_at > $2;

-- name: charge
-- One more of each subject, in a new window where the old one is over.
INSERT INTO ops.throttle AS t (subject, count, ends_at)
SELECT subject, 1, $3 FROM unnest($1::text[]) AS subject ORDER BY subject
ON CONFLICT (subject) DO UPDATE
SET count = CASE WHEN t.ends_at <= $2 THEN 1 ELSE t.count + 1 END,
    ends_at = CASE WHEN t.ends_at <= $2 THEN excluded.ends_at ELSE t.ends_at END
RETURNING subject, count, ends_at;

-- name: clear
-- The subject starts anew.
DELETE FROM ops.throttle WHERE subject = $1;

-- name: prune_throttle
-- Windows that are over.
DELETE FROM ops.throttle WHERE ends_at < $1;
