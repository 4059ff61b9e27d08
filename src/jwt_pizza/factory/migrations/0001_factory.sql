CREATE TABLE factory.vendors (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    key_hash   bytea UNIQUE,
    admin      boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);
COMMENT ON COLUMN factory.vendors.key_hash IS 'SHA-256 of the API key, which is random and is never stored.';

CREATE TABLE factory.signing_keys (
    kid        text PRIMARY KEY,
    jwk        jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);
COMMENT ON TABLE factory.signing_keys IS
    'One key signs (not retired); retired ones still verify until the last pizza that they signed has expired.';
CREATE UNIQUE INDEX signing_keys_current ON factory.signing_keys ((true)) WHERE retired_at IS NULL;
