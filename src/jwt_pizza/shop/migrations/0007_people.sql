ALTER TABLE shop.sessions ADD COLUMN device text NOT NULL DEFAULT '';
COMMENT ON COLUMN shop.sessions.device IS 'What logged in, in words for its user: "Firefox on Android".';

CREATE TABLE shop.shares (
    order_id  bigint PRIMARY KEY,
    token     text NOT NULL UNIQUE,
    shared_at timestamptz NOT NULL
);
COMMENT ON TABLE shop.shares IS 'Pizzas that their diners show to whoever has the link; the row goes when the diner takes it back.';

CREATE TABLE shop.favourites (
    diner_id bigint NOT NULL,
    order_id bigint NOT NULL,
    kept_at  timestamptz NOT NULL,
    PRIMARY KEY (diner_id, order_id)
);
COMMENT ON TABLE shop.favourites IS 'Orders that a diner wants to find again.';
