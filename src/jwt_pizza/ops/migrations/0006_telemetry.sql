CREATE UNLOGGED TABLE ops.snapshots (
    process text PRIMARY KEY,
    name    text NOT NULL,
    at      timestamptz NOT NULL,
    vitals  jsonb NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE ops.snapshots IS
    'What each process last said about itself, once a second (kernel/vitals.py). Unlogged: after a crash of the server all of it is old.';
