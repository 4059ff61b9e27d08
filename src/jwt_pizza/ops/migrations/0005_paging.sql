CREATE TABLE ops.notifications (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key            text NOT NULL UNIQUE,
    kind           text NOT NULL,
    group_id       bigint,
    generation     integer,
    person_id      bigint,
    contact_id     bigint,
    channel        text NOT NULL,
    address        text NOT NULL,
    subject        text NOT NULL,
    body           text NOT NULL,
    reply_code     text,
    status         text NOT NULL CHECK (status IN ('queued', 'sent', 'delivered', 'failed', 'void')),
    attempts       integer NOT NULL DEFAULT 0,
    next_action_at timestamptz,
    claimed_until  timestamptz,
    provider       text,
    provider_id    text,
    error          text,
    created_at     timestamptz NOT NULL,
    sent_at        timestamptz,
    delivered_at   timestamptz
);
COMMENT ON TABLE ops.notifications IS 'The outbox: committed before anything is sent, so that nothing is lost and a crash repeats at most one message.';
COMMENT ON COLUMN ops.notifications.key IS 'Group, generation, visit of the step, person and rule: each page is queued once.';
CREATE INDEX notifications_due ON ops.notifications (next_action_at) WHERE next_action_at IS NOT NULL;
CREATE INDEX notifications_of_group ON ops.notifications (group_id, id);
CREATE UNIQUE INDEX notifications_provider_id ON ops.notifications (provider, provider_id);

CREATE TABLE ops.links (
    id      text PRIMARY KEY,
    used_at timestamptz NOT NULL
);
COMMENT ON TABLE ops.links IS 'Signed links that have acted. They act once.';
