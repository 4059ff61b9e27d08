-- name: add
-- A drill that waits, unless so many ($4) wait or run.
INSERT INTO ops.drills (plan, state, asked_by, asked_at)
SELECT $1::text::jsonb, 'waiting', $2, $3
WHERE (SELECT count(*) FROM ops.drills WHERE state IN ('waiting', 'running')) < $4
RETURNING *;

-- name: one_at_a_time
-- So that two who ask at once do not both find room.
SELECT pg_advisory_xact_lock(hashtext('ops.drills'));

-- name: forget
-- All but the newest: a result is some ten kilobytes.
DELETE FROM ops.drills WHERE state IN ('done', 'failed', 'stopped')
    AND id < (SELECT min(id) FROM (SELECT id FROM ops.drills ORDER BY id DESC LIMIT $1) kept);

-- name: get
-- One drill.
SELECT * FROM ops.drills WHERE id = $1;

-- name: last
-- The newest drills, without their results.
SELECT id, plan, state, asked_by, asked_at, started_at, ended_at, shop, console, problem, NULL::jsonb AS result
FROM ops.drills ORDER BY id DESC LIMIT $1;

-- name: entries
-- Its log: the last of it, if it is long.
SELECT * FROM (SELECT * FROM ops.drill_entries WHERE drill_id = $1 ORDER BY id DESC LIMIT 200) newest ORDER BY id;

-- name: stop
-- Ends one that waits; asks the process that plays it to end one that runs.
UPDATE ops.drills SET
    stop = true,
    state = CASE state WHEN 'waiting' THEN 'stopped' ELSE state END,
    ended_at = CASE state WHEN 'waiting' THEN $2::timestamptz END
WHERE id = $1 AND state IN ('waiting', 'running') AND NOT stop
RETURNING *;

-- name: type
-- For a drill that is played.
INSERT INTO ops.drill_entries (drill_id, at, text, by, taken)
SELECT id, $3, $2, $4, false FROM ops.drills
WHERE id = $1 AND state = 'running' AND plan->>'manner' = 'played'
RETURNING id;

-- name: claim
-- The next that waits, if none runs.
UPDATE ops.drills SET state = 'running', runner = $1, started_at = $2, heard_at = $2
WHERE id = (SELECT id FROM ops.drills WHERE state = 'waiting' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
    AND NOT EXISTS (SELECT FROM ops.drills WHERE state = 'running')
RETURNING *;

-- name: beat
-- The process that plays it is there.
UPDATE ops.drills SET heard_at = $3, shop = $4, console = $5 WHERE id = $1 AND runner = $2 AND state = 'running'
RETURNING stop;

-- name: tell
-- What it said.
INSERT INTO ops.drill_entries (drill_id, at, text, taken)
SELECT $1, at, text, true FROM unnest($2::timestamptz[], $3::text[]) AS said (at, text);

-- name: take
-- What was typed and is not taken yet.
WITH taken AS (UPDATE ops.drill_entries SET taken = true WHERE drill_id = $1 AND NOT taken RETURNING id, text)
SELECT text FROM taken ORDER BY id;

-- name: end
-- It is over.
UPDATE ops.drills SET state = $3, problem = $4, result = $5::text::jsonb, ended_at = $6, shop = NULL, console = NULL
WHERE id = $1 AND runner = $2 AND state = 'running'
RETURNING *;

-- name: abandon
-- Those whose process has not been heard of since.
UPDATE ops.drills SET state = 'failed', problem = 'the process that played it is gone', ended_at = $2,
    shop = NULL, console = NULL
WHERE state = 'running' AND heard_at < $1
RETURNING *;
