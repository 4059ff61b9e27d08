-- name: keep
-- What a process says replaces what it said before, if it is newer; processes that said nothing for long are forgotten.
WITH forgotten AS (
    DELETE FROM ops.snapshots
    WHERE process IN (
        SELECT process FROM ops.snapshots WHERE at < $4::timestamptz - interval '1 hour' AND process <> $1 FOR UPDATE SKIP LOCKED
    )
)
INSERT INTO ops.snapshots (process, service, number, at, snapshot) VALUES ($1, $2, $3, $4, $5::text::jsonb)
ON CONFLICT (process) DO UPDATE SET number = excluded.number, at = excluded.at, snapshot = excluded.snapshot
WHERE snapshots.number < excluded.number;

-- name: read
-- What each process said last, of those that said something lately.
SELECT snapshot::text FROM ops.snapshots WHERE at >= $1;

-- name: lead
-- Who leads the watch goes on; when the leader said nothing for more than a second, whoever asks first leads. By the
-- database's clock, which all of them share.
INSERT INTO ops.watch (one, holder, leads_until) VALUES (true, $1, clock_timestamp() + interval '1.2 s')
ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, leads_until = excluded.leads_until
WHERE watch.holder = excluded.holder OR watch.leads_until < clock_timestamp()
RETURNING standing::text;

-- name: write
-- What fires now; only the leader says so.
UPDATE ops.watch SET standing = $2::text::jsonb WHERE holder = $1;

-- name: resign
-- The leader leaves in good order: the next one need not wait.
UPDATE ops.watch SET leads_until = '-infinity' WHERE holder = $1;

-- name: overdue
-- By how many seconds what is due longest is late: the step of an escalation, or a message.
SELECT coalesce(max(extract(epoch FROM $1::timestamptz - next_action_at)), 0)::double precision
FROM (
    SELECT next_action_at FROM ops.groups WHERE next_action_at < $1
    UNION ALL
    SELECT next_action_at FROM ops.notifications WHERE next_action_at < $1
) AS due;
