-- Accounts ------------------------------------------------------------------------------------------------------------

CREATE TABLE shop.users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL,
    email         text,
    email_key     text UNIQUE,
    password_hash text,
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    deleted_at    timestamptz,
    CHECK ((deleted_at IS NULL) = (email IS NOT NULL AND email_key IS NOT NULL AND password_hash IS NOT NULL))
);
COMMENT ON COLUMN shop.users.email_key IS 'The address without regard to case. All personal data is null once the user is deleted.';
COMMENT ON COLUMN shop.users.version IS 'Grows with every change of name, address or roles: what a process remembers of an older one is stale.';

CREATE TABLE shop.sessions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES shop.users,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE INDEX sessions_open ON shop.sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expiry ON shop.sessions (expires_at);

CREATE TABLE shop.login_throttle (
    subject  text PRIMARY KEY,
    failures integer NOT NULL,
    ends_at  timestamptz NOT NULL
);

CREATE TABLE shop.secrets (
    name  text PRIMARY KEY,
    value bytea NOT NULL
);
INSERT INTO shop.secrets (name, value)
SELECT 'sessions', decode(replace(string_agg(gen_random_uuid()::text, ''), '-', ''), 'hex') FROM generate_series(1, 4);

-- Menu and franchises -------------------------------------------------------------------------------------------------

CREATE TABLE shop.catalogue (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    version   bigint NOT NULL DEFAULT 1,
    chaos     boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE shop.catalogue IS 'Grows its version with every change of menu, stores or chaos; an order is priced by the version of its commit.';
INSERT INTO shop.catalogue DEFAULT VALUES;

CREATE TABLE shop.menu_items (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title       text NOT NULL,
    description text NOT NULL,
    image       text NOT NULL,
    price       bigint NOT NULL CHECK (price > 0)
);

CREATE TABLE shop.franchises (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      text NOT NULL,
    closed_at timestamptz
);
CREATE UNIQUE INDEX franchises_open_name ON shop.franchises (lower(name)) WHERE closed_at IS NULL;

CREATE TABLE shop.stores (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    franchise_id bigint NOT NULL REFERENCES shop.franchises,
    name         text NOT NULL,
    closed_at    timestamptz
);
CREATE UNIQUE INDEX stores_open_name ON shop.stores (franchise_id, lower(name)) WHERE closed_at IS NULL;

CREATE TABLE shop.roles (
    user_id      bigint NOT NULL REFERENCES shop.users,
    role         text NOT NULL CHECK (role IN ('diner', 'franchisee', 'admin', 'engineer')),
    franchise_id bigint REFERENCES shop.franchises,
    UNIQUE NULLS NOT DISTINCT (user_id, role, franchise_id),
    CHECK ((role = 'franchisee') = (franchise_id IS NOT NULL))
);
CREATE INDEX roles_franchise ON shop.roles (franchise_id) WHERE franchise_id IS NOT NULL;

CREATE FUNCTION shop.catalogue_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE shop.catalogue SET version = version + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shop.menu_items
    FOR EACH STATEMENT EXECUTE FUNCTION shop.catalogue_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shop.franchises
    FOR EACH STATEMENT EXECUTE FUNCTION shop.catalogue_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shop.stores
    FOR EACH STATEMENT EXECUTE FUNCTION shop.catalogue_changed();

CREATE FUNCTION shop.roles_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE shop.users SET version = version + 1 WHERE id = coalesce(NEW.user_id, OLD.user_id);
    RETURN NULL;
END $$;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON shop.roles
    FOR EACH ROW EXECUTE FUNCTION shop.roles_changed();

-- Orders --------------------------------------------------------------------------------------------------------------
-- No foreign keys from here on: one statement writes an order with everything that belongs to it, rows are never
-- deleted, and `jwt-pizza ledger check` looks for what a key would have refused.

CREATE SEQUENCE shop.order_ids INCREMENT BY 64;
COMMENT ON SEQUENCE shop.order_ids IS 'A process takes 64 numbers at a time: a pizza is signed with its order''s number before the order is written.';

CREATE TYPE shop.order_status AS ENUM ('held', 'fulfilled', 'voided', 'refunded');

CREATE TABLE shop.orders (
    id           bigint PRIMARY KEY,
    diner_id     bigint NOT NULL,
    franchise_id bigint NOT NULL,
    store_id     bigint NOT NULL,
    status       shop.order_status NOT NULL,
    total        bigint NOT NULL CHECK (total > 0),
    placed_at    timestamptz NOT NULL,
    jwt          text
);
CREATE INDEX orders_of_diner ON shop.orders (diner_id, placed_at, id);
CREATE INDEX orders_held ON shop.orders (placed_at) WHERE status = 'held';
CREATE INDEX orders_by_time ON shop.orders USING brin (placed_at);

CREATE TABLE shop.order_items (
    order_id    bigint NOT NULL,
    line        smallint NOT NULL,
    menu_id     bigint NOT NULL,
    description text NOT NULL,
    price       bigint NOT NULL CHECK (price > 0),
    PRIMARY KEY (order_id, line)
);

CREATE TABLE shop.idempotency_keys (
    diner_id    bigint NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,
    order_id    bigint NOT NULL,
    PRIMARY KEY (diner_id, key)
);

-- Ledger --------------------------------------------------------------------------------------------------------------

CREATE TYPE shop.transfer_kind AS ENUM ('hold', 'capture', 'void', 'refund');

CREATE TABLE shop.transfers (
    id       bigint PRIMARY KEY,
    order_id bigint NOT NULL,
    kind     shop.transfer_kind NOT NULL,
    debit    bigint NOT NULL,
    credit   bigint NOT NULL CHECK (credit <> debit),
    amount   bigint NOT NULL CHECK (amount > 0),
    at       timestamptz NOT NULL
);
COMMENT ON TABLE shop.transfers IS
    'Append-only. The id is derived from the order and the step (see ledger/model.py), so a step that happened cannot happen again.';

CREATE FUNCTION shop.transfers_are_forever() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'transfers are append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON shop.transfers
    FOR EACH STATEMENT EXECUTE FUNCTION shop.transfers_are_forever();

CREATE TABLE shop.balances (
    account bigint PRIMARY KEY,
    amount  bigint NOT NULL
);
CREATE TABLE shop.balance_changes (
    account bigint NOT NULL,
    amount  bigint NOT NULL
);
COMMENT ON TABLE shop.balance_changes IS
    'What has been posted to a store since it was last folded into balances; so that no order waits for a row that all orders of a store share.';
