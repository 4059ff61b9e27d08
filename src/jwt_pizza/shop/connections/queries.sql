-- name: write
-- What a process says about itself replaces what it said before; processes that said nothing for long are forgotten.
WITH forgotten AS (
    DELETE FROM shop.process_snapshots
    WHERE process IN (SELECT process FROM shop.process_snapshots WHERE at < $5 AND process <> $1 FOR UPDATE SKIP LOCKED)
)
INSERT INTO shop.process_snapshots (process, name, at, vitals) VALUES ($1, $2, $3, $4::text::jsonb)
ON CONFLICT (process) DO UPDATE SET name = excluded.name, at = excluded.at, vitals = excluded.vitals;

-- name: read
-- What each process that lives said last.
SELECT process, name, at, vitals::text AS vitals FROM shop.process_snapshots WHERE at >= $1 ORDER BY name, process;

-- name: backends
-- PostgreSQL's own view of the connections to this database. Never the statement: it may hold what a user typed.
SELECT pid, application_name, coalesce(state, 'unknown') AS state,
       CASE WHEN state = 'active' THEN extract(epoch FROM clock_timestamp() - query_start)
            ELSE extract(epoch FROM state_change - query_start) END::float8 AS query_seconds,
       CASE WHEN state = 'active' THEN wait_event_type || ': ' || wait_event END AS waits_for,
       current_setting('max_connections')::integer AS most
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend';

-- name: replace_leak
-- The open attack makes room for another; one that was over ended when its time came.
UPDATE shop.leaks
SET ended_at = least(ends_at, $1), ended_how = CASE WHEN ends_at <= $1 THEN 'by itself' ELSE 'replaced' END
WHERE ended_at IS NULL;

-- name: add_leak
-- The attack.
INSERT INTO shop.leaks (probability, fix_code, started_by, starts_at, ends_at) VALUES ($1, $2, $3, $4, $5);

-- name: end_leak
-- Ends the attack under way; with a code only if it is that one's.
UPDATE shop.leaks SET ended_at = $1, ended_how = $2
WHERE ended_at IS NULL AND ends_at > $1 AND ($3::text IS NULL OR fix_code = $3)
RETURNING id;

-- name: current_leak
-- The attack under way.
SELECT probability, fix_code, starts_at, ends_at FROM shop.leaks WHERE ended_at IS NULL AND ends_at > $1;

-- name: recall
-- Every process is to take its leaked connections back.
UPDATE shop.recalls SET number = number + 1, recalled_at = $1, recalled_by = $2;

-- name: recalls
-- How often that was said.
SELECT number FROM shop.recalls;
