CREATE TABLE ops.chains (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team_id    bigint NOT NULL REFERENCES ops.teams,
    name       text NOT NULL,
    steps      jsonb NOT NULL,
    turns      jsonb NOT NULL DEFAULT '{}',
    removed_at timestamptz
);
COMMENT ON COLUMN ops.chains.steps IS 'chains/model.py, Step: what is done one after the other until somebody acknowledges.';
COMMENT ON COLUMN ops.chains.turns IS 'Of each notify-next step whose turn it is.';
CREATE UNIQUE INDEX chains_name ON ops.chains (lower(name)) WHERE removed_at IS NULL;

CREATE TABLE ops.routes (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position   integer NOT NULL,
    name       text NOT NULL,
    matchers   jsonb NOT NULL,
    group_by   text[] NOT NULL,
    chain_id   bigint REFERENCES ops.chains,
    removed_at timestamptz
);
COMMENT ON TABLE ops.routes IS 'The first whose matchers fit takes an alert; the last one fits all. Without a chain nobody is paged.';

CREATE TABLE ops.groups (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key             text NOT NULL,
    route_id        bigint NOT NULL,
    chain_id        bigint,
    title           text NOT NULL,
    severity        text NOT NULL CHECK (severity IN ('critical', 'warning', 'info')),
    status          text NOT NULL CHECK (status IN ('firing', 'acknowledged', 'resolved')),
    firing          integer NOT NULL,
    opened_at       timestamptz NOT NULL,
    last_alert_at   timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at     timestamptz,
    resolved_by     text,
    silenced_until  timestamptz,
    -- The escalation
    chain           jsonb,
    step            integer NOT NULL DEFAULT 0,
    visits          jsonb NOT NULL DEFAULT '{}',
    generation      integer NOT NULL DEFAULT 1,
    next_action_at  timestamptz
);
COMMENT ON COLUMN ops.groups.chain IS 'The steps as they were when the escalation began: later changes do not move it.';
COMMENT ON COLUMN ops.groups.generation IS 'Grows when the escalation is stopped or begun anew: what belongs to an older one is void.';
COMMENT ON COLUMN ops.groups.next_action_at IS 'When the escalation goes on. Null: nobody is to be paged any more.';
CREATE UNIQUE INDEX groups_open ON ops.groups (key) WHERE status <> 'resolved';
CREATE INDEX groups_due ON ops.groups (next_action_at) WHERE next_action_at IS NOT NULL;
CREATE INDEX groups_by_time ON ops.groups (opened_at);

CREATE TABLE ops.alerts (
    group_id      bigint NOT NULL,
    fingerprint   text NOT NULL,
    status        text NOT NULL CHECK (status IN ('firing', 'resolved')),
    source        text NOT NULL,
    labels        jsonb NOT NULL,
    annotations   jsonb NOT NULL,
    generator_url text NOT NULL,
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz,
    last_seen_at  timestamptz NOT NULL,
    stale_at      timestamptz NOT NULL,
    PRIMARY KEY (group_id, fingerprint)
);
COMMENT ON COLUMN ops.alerts.stale_at IS 'When it is taken for resolved because its source says nothing of it any more.';
CREATE UNIQUE INDEX alerts_firing ON ops.alerts (fingerprint) WHERE status = 'firing';
CREATE INDEX alerts_stale ON ops.alerts (stale_at) WHERE status = 'firing';

CREATE TABLE ops.silences (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL CHECK (kind IN ('silence', 'maintenance')),
    matchers   jsonb NOT NULL,
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL CHECK (ends_at > starts_at),
    comment    text NOT NULL,
    created_by text NOT NULL,
    ended_at   timestamptz
);

CREATE TABLE ops.inhibitions (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source   jsonb NOT NULL,
    target   jsonb NOT NULL,
    equal    text[] NOT NULL
);
COMMENT ON TABLE ops.inhibitions IS 'While an alert fires that matches source, those that match target and share these labels page nobody.';

CREATE TABLE ops.heartbeats (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             text NOT NULL UNIQUE,
    token            text NOT NULL UNIQUE,
    interval_seconds double precision NOT NULL CHECK (interval_seconds > 0),
    severity         text NOT NULL,
    last_at          timestamptz,
    due_at           timestamptz
);
COMMENT ON TABLE ops.heartbeats IS 'Who must say something at least so often; otherwise that is an alert (dead-man''s switch).';
