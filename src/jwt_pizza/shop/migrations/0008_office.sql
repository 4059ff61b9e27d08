ALTER TABLE shop.menu_items ADD COLUMN withdrawn_at timestamptz;
COMMENT ON COLUMN shop.menu_items.withdrawn_at IS 'No longer offered; orders of before still know what it was.';

CREATE TABLE shop.audit (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL,
    actor_id bigint,
    verb     text NOT NULL,
    subject  text NOT NULL,
    about    text NOT NULL DEFAULT ''
);
COMMENT ON TABLE shop.audit IS
    'What people did to what is not theirs alone, written in the commit that did it. actor_id is null for commands on this machine.';
CREATE INDEX audit_of_subject ON shop.audit (subject, id);
