CREATE TABLE ops.notifications (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key            text NOT NULL UNIQUE,
    kind           text NOT NULL CHECK (kind IN ('page', 'reminder', 'test', 'webhook', 'notice')),
    group_id       bigint,
    generation     integer,
    page           integer NOT NULL DEFAULT 0,
    person_id      bigint NOT NULL DEFAULT 0,
    contact_id     bigint,
    channel        text NOT NULL,
    address        text NOT NULL,
    subject        text NOT NULL DEFAULT '',
    body           text NOT NULL DEFAULT '',
    reply_code     integer,
    message_id     bigint,
    status         text NOT NULL CHECK (status IN ('queued', 'sent', 'delivered', 'failed', 'void')),
    held           boolean NOT NULL DEFAULT false,
    attempts       integer NOT NULL DEFAULT 0,
    next_action_at timestamptz,
    provider       text,
    provider_id    text,
    error          text,
    created_at     timestamptz NOT NULL,
    sent_at        timestamptz,
    receipt_at     timestamptz,
    CHECK ((status = 'queued') <= (next_action_at IS NOT NULL))
);
COMMENT ON TABLE ops.notifications IS 'The outbox: committed before anything is sent, so that nothing is lost and a crash repeats at most one message.';
COMMENT ON COLUMN ops.notifications.key IS 'Group, generation, page, person and contact: each is queued once.';
COMMENT ON COLUMN ops.notifications.page IS 'Which page of the group: every step that notifies somebody is one more.';
COMMENT ON COLUMN ops.notifications.person_id IS '0: nobody in person, as with a webhook.';
COMMENT ON COLUMN ops.notifications.message_id IS 'The message that told of it, by the id of its first notification: several are bundled when much happens at once.';
COMMENT ON COLUMN ops.notifications.held IS 'It waited because its person had just got another message; what waits is bundled.';
COMMENT ON COLUMN ops.notifications.next_action_at IS 'Queued: when it is sent. Sent: until when the provider must have confirmed it. Failed: it is to be replaced. Null: nothing more is done.';
COMMENT ON COLUMN ops.notifications.receipt_at IS 'When the provider told what became of it.';
CREATE INDEX notifications_due ON ops.notifications (next_action_at) WHERE next_action_at IS NOT NULL;
CREATE INDEX notifications_queued ON ops.notifications (person_id, channel, address) WHERE status = 'queued';
CREATE INDEX notifications_of_group ON ops.notifications (group_id, id);
CREATE INDEX notifications_of_message ON ops.notifications (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX notifications_by_provider ON ops.notifications (provider, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX notifications_confirmed ON ops.notifications (provider) WHERE receipt_at IS NOT NULL;
CREATE INDEX notifications_by_reply ON ops.notifications (address, reply_code) WHERE reply_code IS NOT NULL;
CREATE INDEX notifications_by_time ON ops.notifications (sent_at) WHERE sent_at IS NOT NULL;

CREATE TABLE ops.lines (
    person_id      bigint NOT NULL,
    channel        text NOT NULL,
    address        text NOT NULL,
    next_action_at timestamptz,
    claimed_until  timestamptz,
    claimed_by     uuid,
    last_at        timestamptz,
    last_group_id  bigint,
    recent         timestamptz[] NOT NULL DEFAULT '{}',
    last_code      integer NOT NULL DEFAULT 0,
    PRIMARY KEY (person_id, channel, address)
);
COMMENT ON TABLE ops.lines IS 'Each way to a person: at most one message at a time is on it, whoever of several processes sends it.';
COMMENT ON COLUMN ops.lines.next_action_at IS 'When the earliest notification that is queued for it is due.';
COMMENT ON COLUMN ops.lines.claimed_until IS 'Whoever sends on it has finished by then, or was killed.';
COMMENT ON COLUMN ops.lines.recent IS 'When messages went out on it within the last three hours.';
COMMENT ON COLUMN ops.lines.last_code IS 'The last reply code that was given out.';
CREATE INDEX lines_due ON ops.lines (next_action_at) WHERE next_action_at IS NOT NULL;

CREATE TABLE ops.deeds (
    id         text PRIMARY KEY,
    started_at timestamptz NOT NULL,
    done_at    timestamptz
);
COMMENT ON TABLE ops.deeds IS 'What came from outside and acts once: an action of a signed link, a text that was received.';
COMMENT ON COLUMN ops.deeds.done_at IS 'Null: it is being done, or whoever did it was killed; it may be done again after a while.';
