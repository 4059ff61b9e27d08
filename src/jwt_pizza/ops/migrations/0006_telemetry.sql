CREATE UNLOGGED TABLE ops.snapshots (
    process  text PRIMARY KEY,
    service  text NOT NULL,
    number   bigint NOT NULL,
    at       timestamptz NOT NULL,
    snapshot jsonb NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE ops.snapshots IS
    'What each process last said about itself (kernel/vitals.py). Unlogged: after a crash of the server all of it is old.';
COMMENT ON COLUMN ops.snapshots.at IS 'When ops got it, by the clock of ops.';

CREATE TABLE ops.watch (
    one         boolean PRIMARY KEY CHECK (one),
    holder      text NOT NULL,
    leads_until timestamptz NOT NULL,
    standing    jsonb NOT NULL DEFAULT '[]'
);
COMMENT ON TABLE ops.watch IS 'Which process of ops tells alerts what the watch finds, and what fires, for the next one.';
