-- What was measured ---------------------------------------------------------------------------------------------------

CREATE TABLE ops.measured_processes (
    process text PRIMARY KEY,
    totals  jsonb NOT NULL,
    at      timestamptz NOT NULL
);
COMMENT ON TABLE ops.measured_processes IS
    'Up to where each process''s counters are in the sums below: what is counted once is counted in one commit.';

CREATE TABLE ops.measured_minutes (
    minute    timestamptz NOT NULL,
    component text NOT NULL,
    good      bigint NOT NULL,
    bad       bigint NOT NULL,
    PRIMARY KEY (minute, component)
);
COMMENT ON TABLE ops.measured_minutes IS 'Of the last hour; what the present state is read from.';

CREATE TABLE ops.measured_days (
    day          date NOT NULL,
    component    text NOT NULL,
    good         bigint NOT NULL DEFAULT 0,
    bad          bigint NOT NULL DEFAULT 0,
    up_seconds   double precision NOT NULL DEFAULT 0,
    down_seconds double precision NOT NULL DEFAULT 0,
    PRIMARY KEY (day, component)
);
COMMENT ON TABLE ops.measured_days IS
    'Requests that went well and badly, and the time that a part was up and down, by day (UTC). Time in which ops itself did not run is in neither.';

CREATE TABLE ops.status_components (
    component text PRIMARY KEY,
    state     text NOT NULL CHECK (state IN ('operational', 'degraded', 'down')),
    since     timestamptz NOT NULL
);

CREATE TABLE ops.status_page (
    one         boolean PRIMARY KEY CHECK (one),
    version     bigint NOT NULL,
    measured_at timestamptz NOT NULL
);
COMMENT ON TABLE ops.status_page IS 'Its version grows with all that the page shows: each process draws it anew then. Who measures holds the row.';
INSERT INTO ops.status_page VALUES (true, 1, 'epoch');

-- What the public is told ---------------------------------------------------------------------------------------------

CREATE TABLE ops.public_incidents (
    incident_id  bigint PRIMARY KEY REFERENCES ops.incidents,
    title        text NOT NULL,
    components   text[] NOT NULL,
    status       text NOT NULL CHECK (status IN ('investigating', 'identified', 'monitoring', 'resolved')),
    opened_at    timestamptz NOT NULL,
    closed_at    timestamptz,
    report       text,
    published_at timestamptz,
    CHECK ((status = 'resolved') = (closed_at IS NOT NULL))
);
COMMENT ON TABLE ops.public_incidents IS 'Incidents that the public knows of: from the first update on.';
COMMENT ON COLUMN ops.public_incidents.report IS 'The public edition of its report, as HTML of ours.';
CREATE INDEX public_incidents_by_time ON ops.public_incidents (opened_at DESC);

CREATE TABLE ops.public_updates (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES ops.public_incidents,
    at          timestamptz NOT NULL,
    status      text NOT NULL,
    text        text NOT NULL,
    by          text NOT NULL
);
CREATE INDEX public_updates_of ON ops.public_updates (incident_id, id);

-- Who wants to know ---------------------------------------------------------------------------------------------------

CREATE TABLE ops.subscribers (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address      text NOT NULL,
    key          text NOT NULL UNIQUE,
    asked_at     timestamptz NOT NULL,
    confirmed_at timestamptz
);
COMMENT ON TABLE ops.subscribers IS 'Who gets updates by mail once they have confirmed. Who unsubscribes is deleted.';

CREATE TABLE ops.status_letters (
    message_id    text PRIMARY KEY,
    subscriber_id bigint NOT NULL REFERENCES ops.subscribers ON DELETE CASCADE,
    kind          text NOT NULL CHECK (kind IN ('confirm', 'known', 'update')),
    update_id     bigint REFERENCES ops.public_updates,
    attempts      integer NOT NULL DEFAULT 0,
    next_try_at   timestamptz,
    claimed_until timestamptz,
    queued_at     timestamptz NOT NULL,
    sent_at       timestamptz,
    error         text,
    CHECK ((kind = 'update') = (update_id IS NOT NULL))
);
COMMENT ON TABLE ops.status_letters IS
    'The outbox of mail to subscribers: written with what it tells, sent afterwards, under the same Message-ID however often.';
COMMENT ON COLUMN ops.status_letters.next_try_at IS 'Null: it was sent, or given up.';
CREATE INDEX status_letters_due ON ops.status_letters (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX status_letters_of ON ops.status_letters (subscriber_id);
