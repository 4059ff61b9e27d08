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
    id                    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position              integer NOT NULL,
    name                  text NOT NULL,
    matchers              jsonb NOT NULL,
    group_by              text[] NOT NULL,
    chain_id              bigint REFERENCES ops.chains,
    remind_seconds        double precision CHECK (remind_seconds >= 60),
    unacknowledge_seconds double precision CHECK (unacknowledge_seconds >= 60),
    removed_at            timestamptz
);
COMMENT ON TABLE ops.routes IS 'The first whose matchers fit takes an alert; the last one fits all. Without a chain nobody is paged.';
COMMENT ON COLUMN ops.routes.remind_seconds IS 'So long after it was acknowledged, a group that still fires reminds who acknowledged it, and again after as long. Null: never.';
COMMENT ON COLUMN ops.routes.unacknowledge_seconds IS 'So long after it was acknowledged, a group that still fires pages again. Null: never.';
CREATE UNIQUE INDEX routes_name ON ops.routes (lower(name)) WHERE removed_at IS NULL;

-- The default route is the last, and always there.
INSERT INTO ops.routes (position, name, matchers, group_by) VALUES (2147483647, 'default', '[]', '{alertname}');

CREATE TABLE ops.routing (
    version bigint NOT NULL,
    recheck boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE ops.routing IS 'One row. The version grows with each change of routes, silences and inhibitions, so that every process knows when to read them again.';
COMMENT ON COLUMN ops.routing.recheck IS 'Inhibition rules changed: the alerts that fire are to be looked at again.';
INSERT INTO ops.routing (version) VALUES (1);

CREATE TABLE ops.groups (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key              text NOT NULL,
    route_id         bigint NOT NULL,
    chain_id         bigint,
    labels           jsonb NOT NULL DEFAULT '{}',
    title            text NOT NULL,
    severity         text NOT NULL CHECK (severity IN ('critical', 'warning', 'info')),
    status           text NOT NULL CHECK (status IN ('firing', 'acknowledged', 'resolved')),
    firing           integer NOT NULL,
    loud             integer NOT NULL DEFAULT 0,
    opened_at        timestamptz NOT NULL,
    last_alert_at    timestamptz NOT NULL,
    acknowledged_at  timestamptz,
    acknowledged_by  text,
    resolved_at      timestamptz,
    resolved_by      text,
    silenced_until   timestamptz,
    remind_at        timestamptz,
    unacknowledge_at timestamptz,
    -- The escalation
    chain            jsonb,
    step             integer NOT NULL DEFAULT 0,
    visits           jsonb NOT NULL DEFAULT '{}',
    generation       integer NOT NULL DEFAULT 1,
    next_action_at   timestamptz,
    CHECK (status <> 'resolved' OR next_action_at IS NULL),
    CHECK (status = 'acknowledged' OR (remind_at IS NULL AND unacknowledge_at IS NULL))
);
COMMENT ON COLUMN ops.groups.key IS 'A hash of the route and of the labels by which it groups.';
COMMENT ON COLUMN ops.groups.labels IS 'The labels by which it groups.';
COMMENT ON COLUMN ops.groups.firing IS 'Its alerts that fire. A group that was resolved by hand may still have some: they do not open it again.';
COMMENT ON COLUMN ops.groups.loud IS 'Those of them that nothing mutes. Without any nobody is paged.';
COMMENT ON COLUMN ops.groups.chain IS 'The steps as they were when the escalation began: later changes do not move it.';
COMMENT ON COLUMN ops.groups.generation IS 'Grows when the escalation is stopped or begun anew: what belongs to an older one is void.';
COMMENT ON COLUMN ops.groups.next_action_at IS 'When the escalation goes on. Null: nobody is to be paged any more.';
COMMENT ON COLUMN ops.groups.remind_at IS
    'Of an acknowledged group: when who acknowledged it is reminded. Set here on acknowledgement; whoever sends the reminder (paging) claims by it and sets it to now + routes.remind_seconds.';
COMMENT ON COLUMN ops.groups.unacknowledge_at IS 'Of an acknowledged group: when it fires and pages again, unless it resolves before.';
CREATE UNIQUE INDEX groups_open ON ops.groups (key) WHERE status <> 'resolved';
CREATE INDEX groups_open_by_id ON ops.groups (id) WHERE status <> 'resolved';
CREATE INDEX groups_due ON ops.groups (next_action_at) WHERE next_action_at IS NOT NULL;
CREATE INDEX groups_remind ON ops.groups (remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX groups_unacknowledge ON ops.groups (unacknowledge_at) WHERE unacknowledge_at IS NOT NULL;
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
    how           text,
    last_seen_at  timestamptz NOT NULL,
    stale_at      timestamptz NOT NULL,
    muted         text,
    inhibits      text[] NOT NULL DEFAULT '{}',
    inhibited     text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (group_id, fingerprint)
);
COMMENT ON COLUMN ops.alerts.how IS 'How it resolved: told by its source, or stale.';
COMMENT ON COLUMN ops.alerts.stale_at IS 'When it is taken for resolved because its source says nothing of it any more.';
COMMENT ON COLUMN ops.alerts.muted IS 'Why it pages nobody: silence:3, maintenance:4 or inhibition:5.';
COMMENT ON COLUMN ops.alerts.inhibits IS 'While it fires it mutes the alerts that have one of these keys in inhibited.';
CREATE UNIQUE INDEX alerts_firing ON ops.alerts (fingerprint) WHERE status = 'firing';
CREATE INDEX alerts_resolved ON ops.alerts (fingerprint) WHERE status = 'resolved';
CREATE INDEX alerts_stale ON ops.alerts (stale_at) WHERE status = 'firing';
CREATE INDEX alerts_muted ON ops.alerts (group_id) WHERE status = 'firing' AND muted IS NOT NULL;
CREATE INDEX alerts_inhibits ON ops.alerts USING gin (inhibits) WHERE status = 'firing' AND inhibits <> '{}';
CREATE INDEX alerts_inhibited ON ops.alerts USING gin (inhibited) WHERE status = 'firing' AND inhibited <> '{}';

CREATE TABLE ops.silences (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind           text NOT NULL CHECK (kind IN ('silence', 'maintenance')),
    matchers       jsonb NOT NULL,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL CHECK (ends_at > starts_at),
    comment        text NOT NULL,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL,
    ended_at       timestamptz,
    next_change_at timestamptz
);
COMMENT ON COLUMN ops.silences.next_change_at IS 'When the alerts that fire are looked at again because of it: when it begins, and when it is over.';
CREATE INDEX silences_due ON ops.silences (next_change_at) WHERE next_change_at IS NOT NULL;

CREATE TABLE ops.inhibitions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source     jsonb NOT NULL,
    target     jsonb NOT NULL,
    equal      text[] NOT NULL,
    removed_at timestamptz
);
COMMENT ON TABLE ops.inhibitions IS 'While an alert fires that matches source, those that match target and share these labels page nobody.';

CREATE TABLE ops.heartbeats (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             text NOT NULL,
    token            text NOT NULL UNIQUE,
    interval_seconds double precision NOT NULL CHECK (interval_seconds > 0),
    severity         text NOT NULL,
    created_at       timestamptz NOT NULL,
    last_at          timestamptz,
    due_at           timestamptz NOT NULL,
    removed_at       timestamptz
);
COMMENT ON TABLE ops.heartbeats IS 'Who must say something at least so often; otherwise that is an alert (dead-man''s switch).';
CREATE UNIQUE INDEX heartbeats_name ON ops.heartbeats (lower(name)) WHERE removed_at IS NULL;
CREATE INDEX heartbeats_due ON ops.heartbeats (due_at) WHERE removed_at IS NULL;
