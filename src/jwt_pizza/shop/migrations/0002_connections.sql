CREATE UNLOGGED TABLE shop.process_snapshots (
    process text PRIMARY KEY,
    name    text NOT NULL,
    at      timestamptz NOT NULL,
    vitals  jsonb NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE shop.process_snapshots IS
    'What each process last said about itself, once a second (kernel/vitals.py). Unlogged: after a crash of the server all of it is old.';

CREATE TABLE shop.leaks (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    probability double precision NOT NULL CHECK (probability > 0 AND probability <= 1),
    fix_code    text NOT NULL,
    started_by  bigint NOT NULL,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL CHECK (ends_at > starts_at),
    ended_at    timestamptz,
    ended_how   text,
    CHECK ((ended_at IS NULL) = (ended_how IS NULL))
);
COMMENT ON TABLE shop.leaks IS 'The attack leak: while one is open, code forgets to return its database connection.';
COMMENT ON COLUMN shop.leaks.ends_at IS 'When it ends by itself, if nobody ends it before (ended_at).';
CREATE UNIQUE INDEX leaks_open ON shop.leaks ((true)) WHERE ended_at IS NULL;
