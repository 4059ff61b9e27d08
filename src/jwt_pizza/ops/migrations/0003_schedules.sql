CREATE TABLE ops.schedules (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team_id          bigint NOT NULL REFERENCES ops.teams,
    name             text NOT NULL,
    time_zone        text NOT NULL,
    feed_token       text NOT NULL UNIQUE,
    calendar_url     text,
    calendar         jsonb NOT NULL DEFAULT '[]',
    calendar_read_at timestamptz,
    calendar_due_at  timestamptz,
    calendar_error   text,
    standing         bigint[] NOT NULL DEFAULT '{}',
    standing_at      timestamptz,
    removed_at       timestamptz
);
COMMENT ON COLUMN ops.schedules.feed_token IS 'In the secret address of its iCal feed.';
COMMENT ON COLUMN ops.schedules.calendar IS
    'Of a schedule that is kept elsewhere: the events that were read last, which hold while calendar_url does not answer. schedules/foreign.py, Entry.';
COMMENT ON COLUMN ops.schedules.calendar_due_at IS 'When it is read next.';
COMMENT ON COLUMN ops.schedules.standing IS 'Who is on call as far as the event log tells, which it does until standing_at.';
CREATE INDEX events_on_call ON ops.events (((data ->> 'schedule_id')::bigint), at) WHERE kind = 'oncall.changed';
CREATE UNIQUE INDEX schedules_name ON ops.schedules (lower(name)) WHERE removed_at IS NULL;

CREATE TABLE ops.layers (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schedule_id bigint NOT NULL REFERENCES ops.schedules,
    position    integer NOT NULL,
    rotation    jsonb NOT NULL,
    UNIQUE (schedule_id, position) DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON COLUMN ops.layers.rotation IS 'schedules/model.py, Rotation. A higher position goes over the lower ones where it has somebody.';

CREATE TABLE ops.overrides (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schedule_id bigint NOT NULL REFERENCES ops.schedules,
    kind        text NOT NULL CHECK (kind IN ('add', 'remove', 'replace')),
    person_id   bigint REFERENCES ops.people,
    replaces_id bigint REFERENCES ops.people,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL CHECK (ends_at > starts_at),
    created_by  bigint REFERENCES ops.people,
    removed_at  timestamptz,
    CHECK ((person_id IS NULL) = (kind = 'remove')),
    CHECK (CASE kind WHEN 'add' THEN replaces_id IS NULL WHEN 'remove' THEN replaces_id IS NOT NULL ELSE true END)
);
COMMENT ON COLUMN ops.overrides.replaces_id IS 'Null in a replacement: whoever is on call.';
CREATE INDEX overrides_of_schedule ON ops.overrides (schedule_id, ends_at) WHERE removed_at IS NULL;
