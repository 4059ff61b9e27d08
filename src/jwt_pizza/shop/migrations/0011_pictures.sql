ALTER TABLE shop.menu_items ADD COLUMN picture text;
COMMENT ON COLUMN shop.menu_items.picture IS 'The name of an uploaded picture. Null: it is drawn from the words.';

CREATE TABLE shop.pictures (
    name     text NOT NULL,
    width    integer NOT NULL CHECK (width > 0),
    body     bytea NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (name, width)
);
COMMENT ON TABLE shop.pictures IS 'Uploaded pictures, made anew as square WebP; the name is of the content.';
