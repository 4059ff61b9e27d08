CREATE TABLE ops.events (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL,
    kind     text NOT NULL,
    actor    text NOT NULL,
    group_id bigint,
    data     jsonb NOT NULL,
    key      text UNIQUE
);
COMMENT ON TABLE ops.events IS
    'Everything that happened, append-only: timeline, audit log, MTTA and reports are reads of it. No foreign keys: what happened stays.';
COMMENT ON COLUMN ops.events.at IS 'When it happened, which may be before it was written.';
COMMENT ON COLUMN ops.events.key IS 'Of an event that is told at least once: it is written once.';
CREATE INDEX events_of_group ON ops.events (group_id, at, id) WHERE group_id IS NOT NULL;
CREATE INDEX events_by_time ON ops.events (at, id);

CREATE FUNCTION ops.events_are_forever() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ops.events
    FOR EACH STATEMENT EXECUTE FUNCTION ops.events_are_forever();

CREATE TABLE ops.secrets (
    name  text PRIMARY KEY,
    value bytea NOT NULL
);
INSERT INTO ops.secrets (name, value)
SELECT 'links', decode(replace(string_agg(gen_random_uuid()::text, ''), '-', ''), 'hex') FROM generate_series(1, 4);

CREATE TABLE ops.throttle (
    subject text PRIMARY KEY,
    count   integer NOT NULL,
    ends_at timestamptz NOT NULL
);
COMMENT ON TABLE ops.throttle IS 'Attempts of each subject within its window, for limits that all processes share.';
