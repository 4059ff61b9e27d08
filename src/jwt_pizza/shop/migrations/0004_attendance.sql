CREATE UNLOGGED TABLE shop.attendance (
    user_id bigint PRIMARY KEY,
    at      timestamptz NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE shop.attendance IS
    'When signed-in users were last seen, about; for the count of active users. Unlogged: worth nothing after a crash.';
