ALTER TABLE ops.events ADD COLUMN incident_id bigint;
COMMENT ON COLUMN ops.events.incident_id IS 'Of what was done to an incident. What its alert groups did carries their id alone.';
CREATE INDEX events_of_incident ON ops.events (incident_id, at, id) WHERE incident_id IS NOT NULL;
CREATE INDEX events_declared ON ops.events (at) WHERE kind = 'incident.declared' AND group_id IS NOT NULL;
CREATE INDEX events_around ON ops.events (at, id) WHERE kind IN ('happening', 'database.lost', 'database.back');

CREATE TABLE ops.incidents (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title            text NOT NULL,
    severity         text NOT NULL CHECK (severity IN ('critical', 'major', 'minor')),
    severity_by_hand boolean NOT NULL DEFAULT false,
    state            text NOT NULL CHECK (state IN ('triggered', 'acknowledged', 'mitigated', 'resolved', 'reviewed')),
    started_at       timestamptz NOT NULL,
    declared_at      timestamptz NOT NULL,
    declared_by      text NOT NULL,
    acknowledged_at  timestamptz,
    acknowledged_by  text,
    mitigated_at     timestamptz,
    resolved_at      timestamptz,
    reviewed_at      timestamptz,
    merged_into      bigint REFERENCES ops.incidents,
    impact           jsonb,
    measured_at      timestamptz,
    told_at          timestamptz,
    amends           jsonb,
    look_at          timestamptz,
    key              text UNIQUE,
    CHECK (merged_into <> id),
    CHECK (state = 'triggered' OR acknowledged_at IS NOT NULL OR mitigated_at IS NOT NULL),
    CHECK (state NOT IN ('mitigated', 'resolved', 'reviewed') OR mitigated_at IS NOT NULL),
    CHECK (state NOT IN ('resolved', 'reviewed') OR resolved_at IS NOT NULL),
    CHECK (state <> 'reviewed' OR reviewed_at IS NOT NULL)
);
COMMENT ON COLUMN ops.incidents.started_at IS 'The first harm that is known; until any is known, when it was declared.';
COMMENT ON COLUMN ops.incidents.severity_by_hand IS 'Somebody said how severe it is: what is measured does not change it any more.';
COMMENT ON COLUMN ops.incidents.impact IS 'incidents/model.py, Impact: as the shop last computed it.';
COMMENT ON COLUMN ops.incidents.told_at IS 'When the timeline was last told of the impact.';
COMMENT ON COLUMN ops.incidents.amends IS 'incidents/model.py, Amends: the plan as the shop last showed it.';
COMMENT ON COLUMN ops.incidents.look_at IS 'When somebody looks again how it goes. Whoever looks moves it first, so that one process does. Null: nobody needs to.';
COMMENT ON COLUMN ops.incidents.key IS 'Of one that was declared with an Idempotency-Key.';
CREATE INDEX incidents_due ON ops.incidents (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX incidents_open ON ops.incidents (id) WHERE state NOT IN ('resolved', 'reviewed') AND merged_into IS NULL;
CREATE INDEX incidents_merged ON ops.incidents (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE ops.incident_groups (
    group_id    bigint PRIMARY KEY,
    incident_id bigint REFERENCES ops.incidents,
    linked_at   timestamptz NOT NULL
);
COMMENT ON TABLE ops.incident_groups IS 'Which incident an alert group belongs to: one at the most. Null: to none, because somebody said so.';
CREATE INDEX incident_groups_of ON ops.incident_groups (incident_id);

CREATE TABLE ops.incident_roles (
    incident_id bigint NOT NULL REFERENCES ops.incidents,
    role        text NOT NULL,
    person_id   bigint NOT NULL,
    PRIMARY KEY (incident_id, role)
);

CREATE TABLE ops.follow_ups (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES ops.incidents,
    text        text NOT NULL,
    owner_id    bigint,
    due_on      date,
    state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'dropped')),
    created_at  timestamptz NOT NULL,
    created_by  text NOT NULL,
    closed_at   timestamptz
);
COMMENT ON TABLE ops.follow_ups IS 'What is to be done so that it does not happen again.';
CREATE INDEX follow_ups_of ON ops.follow_ups (incident_id, id);

CREATE TABLE ops.runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES ops.incidents,
    action      text NOT NULL,
    automatic   boolean NOT NULL,
    begun_at    timestamptz NOT NULL
);
COMMENT ON TABLE ops.runs IS 'Actions of runbooks that were begun. By itself each is begun once in an incident.';
CREATE UNIQUE INDEX runs_by_themselves ON ops.runs (incident_id, action) WHERE automatic;
