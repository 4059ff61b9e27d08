-- Vouchers ------------------------------------------------------------------------------------------------------------

CREATE TABLE shop.vouchers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    diner_id   bigint NOT NULL,
    reason     text NOT NULL,
    granted_at timestamptz NOT NULL,
    revoked_at timestamptz
);
COMMENT ON TABLE shop.vouchers IS 'Free pizza for life: one pizza a day costs its diner nothing, goodwill pays the store.';
CREATE UNIQUE INDEX vouchers_live ON shop.vouchers (diner_id) WHERE revoked_at IS NULL;

CREATE TABLE shop.voucher_uses (
    voucher_id bigint NOT NULL,
    day        date NOT NULL,
    order_id   bigint NOT NULL,
    PRIMARY KEY (voucher_id, day)
);
COMMENT ON TABLE shop.voucher_uses IS 'Days (UTC) on which a voucher has paid; the row goes when its order is voided.';
CREATE INDEX voucher_uses_of_order ON shop.voucher_uses (order_id);

ALTER TABLE shop.orders ADD COLUMN discount bigint NOT NULL DEFAULT 0 CHECK (discount BETWEEN 0 AND total);
COMMENT ON COLUMN shop.orders.discount IS 'Satoshis of the total that goodwill pays; the diner pays the rest.';

-- Amends --------------------------------------------------------------------------------------------------------------

CREATE TABLE shop.amends (
    incident    text PRIMARY KEY,
    since       timestamptz NOT NULL,
    until       timestamptz NOT NULL CHECK (until > since),
    explanation text NOT NULL,
    remedies    jsonb NOT NULL,
    planned_at  timestamptz NOT NULL,
    planned_by  text NOT NULL,
    approved_at timestamptz,
    approved_by text,
    started_at  timestamptz,
    finished_at timestamptz
);
COMMENT ON TABLE shop.amends IS 'What is done for everybody whom an incident hurt. The list of orders is fixed when it is planned; planning again adds to it.';

CREATE TABLE shop.amends_orders (
    incident text NOT NULL REFERENCES shop.amends,
    order_id bigint NOT NULL,
    diner_id bigint NOT NULL,
    charged  bigint NOT NULL,
    remedies text[] NOT NULL,
    PRIMARY KEY (incident, order_id)
);
CREATE INDEX amends_orders_of_diner ON shop.amends_orders (incident, diner_id);

CREATE TABLE shop.amends_diners (
    incident text NOT NULL REFERENCES shop.amends,
    diner_id bigint NOT NULL,
    status   text NOT NULL CHECK (status IN ('due', 'done', 'failed')),
    error    text,
    done_at  timestamptz,
    PRIMARY KEY (incident, diner_id)
);
CREATE INDEX amends_diners_due ON shop.amends_diners (incident, diner_id) WHERE status = 'due';

CREATE TABLE shop.remedies (
    order_id bigint NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('refund', 'apology', 'voucher')),
    incident text NOT NULL,
    diner_id bigint NOT NULL,
    amount   bigint NOT NULL,
    at       timestamptz NOT NULL,
    PRIMARY KEY (order_id, kind)
);
COMMENT ON TABLE shop.remedies IS 'What was given: each kind once for an order, whichever incident, machine or retry gives it.';
CREATE INDEX remedies_of_incident ON shop.remedies (incident);

CREATE TABLE shop.letters (
    message_id    text PRIMARY KEY,
    incident      text NOT NULL,
    diner_id      bigint NOT NULL,
    facts         jsonb NOT NULL,
    status        text NOT NULL CHECK (status IN ('queued', 'sent', 'void', 'failed')),
    attempts      integer NOT NULL DEFAULT 0,
    next_try_at   timestamptz,
    claimed_until timestamptz,
    queued_at     timestamptz NOT NULL,
    sent_at       timestamptz,
    error         text
);
COMMENT ON TABLE shop.letters IS
    'The outbox of mail to diners: written in the commit of what the letter tells, sent afterwards, under the same Message-ID however often.';
COMMENT ON COLUMN shop.letters.message_id IS 'The part of the Message-ID before the @.';
COMMENT ON COLUMN shop.letters.facts IS 'What the letter says; no personal data: name and address are read when it is sent.';
CREATE INDEX letters_of_incident ON shop.letters (incident);
CREATE INDEX letters_due ON shop.letters (next_try_at) WHERE status = 'queued';

CREATE VIEW shop.hurt_orders AS
SELECT o.id AS order_id, o.diner_id, o.franchise_id, o.store_id, o.placed_at, o.total - o.discount AS paid,
       CASE WHEN o.status = 'voided' THEN 'failed' ELSE 'charged' END AS harm, o.status = 'refunded' AS compensated
FROM shop.orders o
WHERE o.status IN ('voided', 'charged')
   OR (o.status = 'refunded'
       AND EXISTS (SELECT FROM shop.bake_attempts a WHERE a.order_id = o.id)
       AND NOT EXISTS (SELECT FROM shop.bake_attempts a WHERE a.order_id = o.id AND a.reason = 'good'));
COMMENT ON VIEW shop.hurt_orders IS 'Orders that were never delivered: voided, charged all the same, or refunded since.';
