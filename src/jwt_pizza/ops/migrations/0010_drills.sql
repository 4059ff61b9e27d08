CREATE TABLE ops.drills (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan       jsonb NOT NULL,
    state      text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'stopped')),
    asked_by   text NOT NULL,
    asked_at   timestamptz NOT NULL,
    runner     text,
    heard_at   timestamptz,
    stop       boolean NOT NULL DEFAULT false,
    started_at timestamptz,
    ended_at   timestamptz,
    shop       text,
    console    text,
    problem    text NOT NULL DEFAULT '',
    result     jsonb,
    CHECK ((state = 'running') <= (runner IS NOT NULL AND heard_at IS NOT NULL)),
    CHECK ((state IN ('done', 'failed', 'stopped')) = (ended_at IS NOT NULL))
);
COMMENT ON TABLE ops.drills IS 'Drills that were started in the console. The processes of ops play one at a time.';
COMMENT ON COLUMN ops.drills.plan IS 'drills/model.py, Plan.';
COMMENT ON COLUMN ops.drills.heard_at IS 'When the process that plays it last said so.';
COMMENT ON COLUMN ops.drills.stop IS 'Somebody wants it to end.';
COMMENT ON COLUMN ops.drills.result IS 'drills/said.py, Result.';
CREATE UNIQUE INDEX drills_one_runs ON ops.drills ((true)) WHERE state = 'running';
CREATE INDEX drills_wait ON ops.drills (id) WHERE state IN ('waiting', 'running');

CREATE TABLE ops.drill_entries (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    drill_id bigint NOT NULL REFERENCES ops.drills ON DELETE CASCADE,
    at       timestamptz NOT NULL,
    text     text NOT NULL,
    by       text,
    taken    boolean NOT NULL
);
COMMENT ON TABLE ops.drill_entries IS 'What a drill said, and what people typed at it (by); taken: the drill has got it.';
CREATE INDEX drill_entries_of ON ops.drill_entries (drill_id, id);
CREATE INDEX drill_entries_untaken ON ops.drill_entries (drill_id, id) WHERE NOT taken;
