CREATE TABLE ops.schedules (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team_id          bigint NOT NULL REFERENCES ops.teams,
    name             text NOT NULL,
    time_zone        text NOT NULL,
    feed_token       text NOT NULL UNIQUE,
    calendar_url     text,
    calendar         text,
    calendar_read_at timestamptz,
    removed_at       timestamptz
);
COMMENT ON COLUMN ops.schedules.feed_token IS 'In the secret address of its iCal feed.';
COMMENT ON COLUMN ops.schedules.calendar IS 'The iCal that was read last from calendar_url, for schedules that are kept elsewhere.';
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
    person_id   bigint REFERENCES ops.people,
    replaces_id bigint REFERENCES ops.people,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL CHECK (ends_at > starts_at),
    created_by  bigint REFERENCES ops.people,
    removed_at  timestamptz,
    CHECK (person_id IS NOT NULL OR replaces_id IS NOT NULL)
);
COMMENT ON TABLE ops.overrides IS 'person alone: added. replaces alone: taken out. Both: one stands in for the other.';
CREATE INDEX overrides_of_schedule ON ops.overrides (schedule_id, ends_at) WHERE removed_at IS NULL;
