ALTER TYPE shop.order_status ADD VALUE 'charged' AFTER 'held';
COMMENT ON TYPE shop.order_status IS
    'held → fulfilled | voided; fulfilled → refunded. charged (paid, not delivered) exists under policy factory-only alone.';

ALTER TABLE shop.orders ADD COLUMN hold_expires_at timestamptz, ADD COLUMN baking_until timestamptz;
COMMENT ON COLUMN shop.orders.hold_expires_at IS 'Of a held order: after this the reaper voids it.';
COMMENT ON COLUMN shop.orders.baking_until IS
    'Of a held order: until then a process is at work on it; after it a retry with the same key may finish it.';

CREATE TABLE shop.bake_attempts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id   bigint NOT NULL,
    oven       text NOT NULL,
    started_at timestamptz NOT NULL,
    ms         double precision NOT NULL,
    reason     text NOT NULL,
    status     integer,
    error      text,
    report_url text,
    trace      text
);
CREATE INDEX bake_attempts_of_order ON shop.bake_attempts (order_id);
CREATE INDEX bake_attempts_failed ON shop.bake_attempts (id) WHERE reason <> 'good';
