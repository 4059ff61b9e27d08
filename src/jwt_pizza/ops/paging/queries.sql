-- name: any_due
-- Whether an escalation is to go on. Most looks find nothing, and are to be cheap.
SELECT EXISTS (
    SELECT FROM ops.groups
    WHERE next_action_at <= $1 AND status = 'firing' AND (silenced_until IS NULL OR silenced_until <= $1)
);

-- name: due
-- Groups whose escalation goes on now, locked; what another process has locked is left to it.
SELECT g.id, g.title, g.severity, g.generation, g.chain_id, c.team_id, coalesce(g.chain, c.steps, 'null') AS chain,
    g.step, g.visits, g.next_action_at, g.opened_at,
    CASE WHEN coalesce(g.chain, c.steps) @> '[{"kind": "only-if-alerts"}]'
        THEN ARRAY(SELECT a.starts_at FROM ops.alerts a WHERE a.group_id = g.id ORDER BY a.starts_at DESC LIMIT 100000)
        ELSE '{}' END AS fired_at
FROM ops.groups g LEFT JOIN ops.chains c ON c.id = g.chain_id
WHERE g.next_action_at <= $1 AND g.status = 'firing' AND (g.silenced_until IS NULL OR g.silenced_until <= $1)
ORDER BY g.next_action_at, g.id
LIMIT $2
FOR UPDATE OF g SKIP LOCKED;

-- name: turns
-- Whose turn it is in these chains, locked. In one order, so that two processes never wait for each other.
SELECT id, turns FROM ops.chains WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE;

-- name: move
-- Escalations as they are now: id, chain, step, visits, next action, a column each.
UPDATE ops.groups g
SET chain = coalesce(g.chain, m.chain), step = m.step, visits = m.visits, next_action_at = m.next_at
FROM unnest($1::bigint[], $2::jsonb[], $3::integer[], $4::jsonb[], $5::timestamptz[]) AS m(id, chain, step, visits, next_at)
WHERE g.id = m.id;

-- name: take_turns
-- Whose turn it is from now on.
UPDATE ops.chains c SET turns = t.turns FROM unnest($1::bigint[], $2::jsonb[]) AS t(id, turns) WHERE c.id = t.id;

-- name: remind
-- Acknowledged groups whose reminder is due, and when the next one is.
UPDATE ops.groups g SET remind_at = $1::timestamptz + r.remind_seconds * interval '1 second'
FROM (
    SELECT id, route_id, remind_at FROM ops.groups
    WHERE remind_at <= $1 AND status = 'acknowledged' ORDER BY remind_at LIMIT $2 FOR UPDATE SKIP LOCKED
) due LEFT JOIN ops.routes r ON r.id = due.route_id
WHERE g.id = due.id
RETURNING g.id, g.generation, g.acknowledged_by, due.remind_at;

-- name: queue
-- Puts notifications, a column each, into the outbox, those that are there already left out; and their lines know it.
WITH queued AS (
    INSERT INTO ops.notifications (key, kind, group_id, generation, page, person_id, contact_id, channel, address,
        subject, body, created_at, next_action_at, status)
    SELECT *, 'queued' FROM unnest($1::text[], $2::text[], $3::bigint[], $4::integer[], $5::integer[], $6::bigint[],
        $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[])
    ON CONFLICT (key) DO NOTHING
    RETURNING id, group_id, person_id, channel, address, created_at, next_action_at
), told AS (
    INSERT INTO ops.lines (person_id, channel, address, next_action_at)
    SELECT person_id, channel, address, min(next_action_at) FROM queued
    GROUP BY person_id, channel, address ORDER BY person_id, channel, address
    ON CONFLICT (person_id, channel, address)
        DO UPDATE SET next_action_at = least(lines.next_action_at, excluded.next_action_at)
)
SELECT id, group_id, person_id, channel, created_at FROM queued ORDER BY id;

-- name: claim
-- Lines on which something is due and nobody sends: now, until when, claim, how many.
UPDATE ops.lines l
SET claimed_until = $2, claimed_by = $3
FROM (
    SELECT person_id, channel, address FROM ops.lines
    WHERE next_action_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)
    ORDER BY next_action_at
    LIMIT $4
    FOR UPDATE SKIP LOCKED
) due
WHERE l.person_id = due.person_id AND l.channel = due.channel AND l.address = due.address
RETURNING l.*;

-- name: waiting
-- What is due on these lines or waits to be bundled, with what is to be told of its group.
SELECT n.id, n.kind, n.group_id, n.generation, n.page, n.person_id, n.channel, n.address, n.held, n.attempts,
    n.created_at, n.next_action_at, n.subject, n.body, n.reply_code, n.message_id,
    g.title, g.severity, g.status, g.generation AS current, g.firing, g.opened_at, g.silenced_until, a.summary, k.code
FROM ops.notifications n
JOIN unnest($1::bigint[], $2::text[], $3::text[]) AS l(person_id, channel, address)
    ON l.person_id = n.person_id AND l.channel = n.channel AND l.address = n.address
LEFT JOIN ops.groups g ON g.id = n.group_id
LEFT JOIN LATERAL (
    SELECT annotations ->> 'summary' AS summary FROM ops.alerts
    WHERE group_id = g.id AND status = 'firing' ORDER BY last_seen_at DESC, fingerprint LIMIT 1
) a ON true
LEFT JOIN LATERAL (
    SELECT t.reply_code AS code FROM ops.notifications t
    WHERE t.group_id = n.group_id AND t.person_id = n.person_id AND t.address = n.address AND t.reply_code IS NOT NULL
        AND NOT EXISTS (SELECT FROM ops.notifications o WHERE o.message_id = t.message_id AND o.id <> t.id)
    ORDER BY t.id DESC LIMIT 1
) k ON true
WHERE n.status = 'queued' AND (n.next_action_at <= $4 OR n.held)
ORDER BY n.next_action_at, n.id;

-- name: void
-- These are not sent any more.
UPDATE ops.notifications SET status = 'void', next_action_at = NULL WHERE id = ANY($1::bigint[]) AND status = 'queued'
RETURNING id, group_id, person_id, channel;

-- name: hold
-- These wait, each until its time, to be told together.
UPDATE ops.notifications n SET held = true, next_action_at = greatest(n.next_action_at, h.until)
FROM unnest($1::bigint[], $2::timestamptz[]) AS h(id, until) WHERE n.id = h.id;

-- name: put_together
-- These are told by one message each: notification, message, reply code, a column each.
UPDATE ops.notifications n SET message_id = m.message_id, reply_code = m.code, attempts = n.attempts + 1
FROM unnest($1::bigint[], $2::bigint[], $3::integer[]) AS m(id, message_id, code) WHERE n.id = m.id;

-- name: release
-- Lines on which nothing is sent now, or on which a message has gone out.
UPDATE ops.lines l
SET claimed_until = NULL, claimed_by = NULL, next_action_at = (
    SELECT min(n.next_action_at) FROM ops.notifications n
    WHERE n.status = 'queued' AND n.person_id = l.person_id AND n.channel = l.channel AND n.address = l.address
)
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS r(person_id, channel, address)
WHERE l.person_id = r.person_id AND l.channel = r.channel AND l.address = r.address AND l.claimed_by = $4;

-- name: give_codes
-- The last reply code of each line.
UPDATE ops.lines l SET last_code = c.code
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::integer[]) AS c(person_id, channel, address, code)
WHERE l.person_id = c.person_id AND l.channel = c.channel AND l.address = c.address;

-- name: holder
-- Whether this claim still has the line, which is locked.
SELECT claimed_by = $4 FROM ops.lines WHERE person_id = $1 AND channel = $2 AND address = $3 FOR UPDATE;

-- name: sent
-- A message was taken: message, provider, its id there, subject, body, when, until when it must be confirmed.
UPDATE ops.notifications
SET status = CASE WHEN status = 'queued' THEN 'sent' ELSE status END, provider = $2, provider_id = $3,
    subject = CASE WHEN kind IN ('page', 'reminder') THEN $4 ELSE subject END, body = $5, sent_at = $6, held = false,
    error = CASE WHEN status = 'failed' THEN error END,
    next_action_at = CASE WHEN status = 'queued' THEN $7 ELSE next_action_at END
WHERE message_id = $1 AND status IN ('queued', 'delivered', 'failed')
RETURNING id, group_id, person_id, channel;

-- name: told
-- When a line was last used, and for what.
UPDATE ops.lines
SET last_at = $4, last_group_id = $5, recent = ARRAY(SELECT at FROM unnest(recent || $4::timestamptz) at WHERE at > $6 ORDER BY at)
WHERE person_id = $1 AND channel = $2 AND address = $3;

-- name: retry
-- A message was not taken, and is sent again at that time.
UPDATE ops.notifications SET next_action_at = $2, error = $3 WHERE message_id = $1 AND status = 'queued'
RETURNING id, group_id, person_id, channel;

-- name: give_up
-- A message was not taken, and is given up: another way is to be found.
UPDATE ops.notifications
SET status = 'failed', error = $3, next_action_at = CASE WHEN kind = 'page' THEN $2::timestamptz END
WHERE message_id = $1 AND status = 'queued'
RETURNING id, group_id, person_id, channel;

-- name: message
-- The notifications of a message.
SELECT id, group_id, person_id, channel, status, receipt_at FROM ops.notifications WHERE message_id = $1 ORDER BY id FOR UPDATE;

-- name: receipt
-- What became of a message: ids, status, provider, its id there, error, when.
UPDATE ops.notifications
SET status = coalesce($2, status), provider = $3, provider_id = $4, error = nullif($5, ''), receipt_at = $6,
    sent_at = coalesce(sent_at, $6),
    next_action_at = CASE WHEN $2 = 'failed' AND kind = 'page' THEN $6 WHEN $2 IS NULL AND status = 'queued' THEN next_action_at END
WHERE id = ANY($1::bigint[]);

-- name: forget_unconfirmed
-- Providers that never confirmed anything are not waited for, and what is over needs no replacement.
UPDATE ops.notifications n SET next_action_at = NULL
WHERE n.next_action_at <= $1 AND n.status IN ('sent', 'failed') AND (
    (n.status = 'sent' AND NOT EXISTS (
        SELECT FROM ops.notifications k WHERE k.provider = n.provider AND k.receipt_at IS NOT NULL))
    OR NOT EXISTS (
        SELECT FROM ops.groups g WHERE g.id = n.group_id AND g.status = 'firing' AND g.generation = n.generation)
);

-- name: lost
-- What needs another way, claimed until then.
UPDATE ops.notifications n
SET next_action_at = $2, error = coalesce(n.error, 'not confirmed in time'), status = 'failed'
FROM (
    SELECT id, status FROM ops.notifications
    WHERE next_action_at <= $1 AND status IN ('sent', 'failed') AND kind = 'page'
    ORDER BY next_action_at LIMIT $3 FOR UPDATE SKIP LOCKED
) due
WHERE n.id = due.id
RETURNING n.id, n.kind, n.group_id, n.generation, n.page, n.person_id, n.channel, due.status = 'sent' AS unconfirmed,
    ARRAY(
        SELECT t.contact_id FROM ops.notifications t
        WHERE t.group_id = n.group_id AND t.generation = n.generation AND t.page = n.page AND t.person_id = n.person_id
            AND t.contact_id IS NOT NULL
    ) AS tried;

-- name: replaced
-- Nothing more is done about a lost notification.
UPDATE ops.notifications SET next_action_at = NULL WHERE id = $1 AND status = 'failed';

-- name: forward
-- The escalation goes on at once, when its last page reached nobody; not without end when nothing can be sent at all.
UPDATE ops.groups g
SET next_action_at = least(g.next_action_at,
        CASE WHEN coalesce((g.visits ->> 'forward')::integer, 0) < $5 THEN $4 ELSE $4::timestamptz + interval '1 minute' END),
    visits = jsonb_set(g.visits, '{forward}', to_jsonb(coalesce((g.visits ->> 'forward')::integer, 0) + 1))
WHERE g.id = $1 AND g.status = 'firing' AND g.generation = $2 AND (g.visits ->> 'page')::integer = $3 AND g.next_action_at > $4
    AND NOT EXISTS (
        SELECT FROM ops.notifications n
        WHERE n.group_id = $1 AND n.generation = $2 AND n.page = $3 AND n.status IN ('queued', 'sent', 'delivered'))
RETURNING g.id;

-- name: delayed
-- Escalations that should have gone on, made to go on: now, and how late is too late.
UPDATE ops.groups g SET next_action_at = $1
FROM (
    SELECT id, coalesce(next_action_at, last_alert_at) AS was_due FROM ops.groups
    WHERE status = 'firing' AND (chain_id IS NOT NULL OR chain IS NOT NULL) AND loud > 0
        AND (silenced_until IS NULL OR silenced_until <= $2)
        AND (next_action_at IS NULL OR next_action_at <= $2) AND last_alert_at <= $2
    ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED
) late
WHERE g.id = late.id
RETURNING g.id, late.was_due;

-- name: oldest
-- Since when the oldest notification that is due waits; storms are not delays.
SELECT min(next_action_at) FROM ops.notifications WHERE status = 'queued' AND next_action_at <= $1;

-- name: of_group
-- What was sent about a group, in order.
SELECT id, kind, page, person_id, channel, status, attempts, provider, error, created_at, sent_at, receipt_at
FROM ops.notifications WHERE group_id = $1 ORDER BY id LIMIT 1000;
