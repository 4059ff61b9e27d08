ALTER TABLE factory.vendors
    ADD COLUMN email       text,
    ADD COLUMN git_hub_url text,
    ADD COLUMN website     text,
    ADD COLUMN phone       text,
    ADD COLUMN roles       text[] NOT NULL DEFAULT '{vendor}';
UPDATE factory.vendors SET roles = '{vendor,admin}' WHERE admin;

CREATE TABLE factory.vendor_keys (
    key_hash   bytea PRIMARY KEY,
    vendor_id  text NOT NULL REFERENCES factory.vendors ON DELETE CASCADE,
    created_at timestamptz NOT NULL
);
COMMENT ON COLUMN factory.vendor_keys.key_hash IS 'SHA-256 of the API key, which is random and is never stored.';
CREATE INDEX vendor_keys_vendor ON factory.vendor_keys (vendor_id, created_at);
INSERT INTO factory.vendor_keys (key_hash, vendor_id, created_at)
SELECT key_hash, id, created_at FROM factory.vendors WHERE key_hash IS NOT NULL;
ALTER TABLE factory.vendors DROP COLUMN key_hash, DROP COLUMN admin;

CREATE TABLE factory.vendor_codes (
    vendor_id  text PRIMARY KEY REFERENCES factory.vendors ON DELETE CASCADE,
    code_hash  bytea NOT NULL,
    tries      integer NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE factory.vendor_codes IS 'The one-time code that a vendor was mailed last; gone once it was used.';

CREATE TABLE factory.vendor_sessions (
    token_hash bytea PRIMARY KEY,
    vendor_id  text NOT NULL REFERENCES factory.vendors ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE factory.vendor_sessions IS 'Logins to the console in the browser.';

CREATE TABLE factory.throttle (
    subject text PRIMARY KEY,
    count   integer NOT NULL,
    ends_at timestamptz NOT NULL
);
COMMENT ON TABLE factory.throttle IS 'Attempts of each subject within its window, for limits that all processes share.';

CREATE TABLE factory.connections (
    vendor_id  text NOT NULL REFERENCES factory.vendors ON DELETE CASCADE,
    purpose    text NOT NULL,
    other_id   text REFERENCES factory.vendors ON DELETE SET NULL,
    rating     integer CHECK (rating BETWEEN 1 AND 5),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (vendor_id, purpose)
);
COMMENT ON COLUMN factory.connections.other_id IS 'Null while the vendor waits for another one.';
CREATE INDEX connections_waiting ON factory.connections (purpose, created_at) WHERE other_id IS NULL;
CREATE INDEX connections_other ON factory.connections (other_id);

CREATE TABLE factory.vendor_logs (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vendor_id text NOT NULL,
    text      text NOT NULL,
    at        timestamptz NOT NULL
);
CREATE TABLE factory.log_answer (
    the_one boolean PRIMARY KEY DEFAULT true CHECK (the_one),
    text text NOT NULL
);
INSERT INTO factory.log_answer (text) VALUES ('Log Received');

CREATE TABLE factory.attacks (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text NOT NULL,
    vendor_id     text REFERENCES factory.vendors ON DELETE CASCADE,
    probability   double precision NOT NULL CHECK (probability > 0 AND probability <= 1),
    delay_seconds double precision NOT NULL CHECK (delay_seconds >= 0),
    fix_code      text NOT NULL,
    started_by    text NOT NULL,
    created_at    timestamptz NOT NULL,
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL CHECK (ends_at > starts_at),
    ended_at      timestamptz,
    ended_how     text,
    CHECK ((ended_at IS NULL) = (ended_how IS NULL))
);
COMMENT ON COLUMN factory.attacks.vendor_id IS 'Null: an attack on every vendor.';
COMMENT ON COLUMN factory.attacks.ends_at IS 'When it ends by itself, if nobody ends it before (ended_at).';
CREATE UNIQUE INDEX attacks_open ON factory.attacks (coalesce(vendor_id, '')) WHERE ended_at IS NULL;

CREATE TABLE factory.bakes (
    id        bigint GENERATED ALWAYS AS IDENTITY,
    vendor_id text NOT NULL,
    order_id  bigint NOT NULL,
    outcome   text NOT NULL,
    repeat    boolean NOT NULL,
    chaos     text,
    ms        real NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (vendor_id, id)
);
COMMENT ON COLUMN factory.bakes.repeat IS 'This vendor had a pizza baked for this order before.';
CREATE INDEX bakes_order ON factory.bakes (vendor_id, order_id);
CREATE INDEX bakes_at ON factory.bakes USING brin (at);

CREATE TABLE factory.badges (
    account    text NOT NULL REFERENCES factory.vendors ON DELETE CASCADE,
    badge      text NOT NULL,
    label      text NOT NULL,
    value      text NOT NULL,
    color      text NOT NULL,
    PRIMARY KEY (account, badge)
);
