CREATE TABLE shop.forced_oven (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    until     timestamptz NOT NULL,
    forced_at timestamptz NOT NULL,
    forced_by text NOT NULL
);
COMMENT ON TABLE shop.forced_oven IS 'Until then the in-house oven bakes everything, whatever the policy is.';

CREATE TABLE shop.recalls (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    number      bigint NOT NULL,
    recalled_at timestamptz NOT NULL,
    recalled_by text NOT NULL
);
COMMENT ON TABLE shop.recalls IS 'The last time that somebody called leaked connections back. Each process follows when the number has grown.';
INSERT INTO shop.recalls (number, recalled_at, recalled_by) VALUES (0, '-infinity', 'nobody');
