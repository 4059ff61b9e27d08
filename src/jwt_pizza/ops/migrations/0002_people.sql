CREATE TABLE ops.people (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL,
    email         text,
    email_key     text UNIQUE,
    password_hash text,
    role          text NOT NULL CHECK (role IN ('responder', 'manager')),
    time_zone     text NOT NULL DEFAULT 'UTC',
    feed_token    text NOT NULL UNIQUE,
    operates      boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL,
    removed_at    timestamptz
);
COMMENT ON TABLE ops.people IS 'The roster. Accounts of their own, so that nobody needs the shop in order to log in when it is down.';
COMMENT ON COLUMN ops.people.role IS 'Responders act on alerts; managers also change roster, schedules, chains and routes.';
COMMENT ON COLUMN ops.people.feed_token IS 'In the secret address of their shifts as iCal.';
COMMENT ON COLUMN ops.people.operates IS 'Who commands log in as: never listed, never paged, without a password.';
CREATE UNIQUE INDEX people_operator ON ops.people (operates) WHERE operates;

CREATE TABLE ops.sessions (
    token_hash bytea PRIMARY KEY,
    person_id  bigint NOT NULL REFERENCES ops.people,
    expires_at timestamptz NOT NULL
);
COMMENT ON COLUMN ops.sessions.token_hash IS 'SHA-256 of the token: who reads the table cannot log in with it.';
CREATE INDEX sessions_of_person ON ops.sessions (person_id);

CREATE TABLE ops.contacts (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id       bigint NOT NULL REFERENCES ops.people,
    channel         text NOT NULL CHECK (channel IN ('sms', 'email', 'apprise')),
    address         text NOT NULL,
    verified_at     timestamptz,
    opted_out_at    timestamptz,
    code_hash       bytea,
    code_tries      integer NOT NULL DEFAULT 0,
    code_expires_at timestamptz,
    created_at      timestamptz NOT NULL,
    removed_at      timestamptz
);
COMMENT ON TABLE ops.contacts IS 'How somebody is reached: a phone number in E.164, a mail address, or an Apprise URL.';
CREATE UNIQUE INDEX contacts_address ON ops.contacts (person_id, channel, address) WHERE removed_at IS NULL;
CREATE INDEX contacts_reply ON ops.contacts (address) WHERE channel = 'sms' AND removed_at IS NULL;

CREATE TABLE ops.notification_rules (
    person_id     bigint NOT NULL REFERENCES ops.people,
    importance    text NOT NULL CHECK (importance IN ('default', 'important')),
    position      integer NOT NULL,
    contact_id    bigint NOT NULL REFERENCES ops.contacts,
    delay_seconds double precision NOT NULL CHECK (delay_seconds >= 0),
    PRIMARY KEY (person_id, importance, position)
);
COMMENT ON COLUMN ops.notification_rules.delay_seconds IS 'After the page began, not after the rule before.';

CREATE TABLE ops.teams (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    removed_at timestamptz
);
CREATE UNIQUE INDEX teams_name ON ops.teams (lower(name)) WHERE removed_at IS NULL;

CREATE TABLE ops.team_members (
    team_id   bigint NOT NULL REFERENCES ops.teams,
    person_id bigint NOT NULL REFERENCES ops.people,
    PRIMARY KEY (team_id, person_id)
);
