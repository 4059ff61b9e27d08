CREATE TABLE shop.payout_mark (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    mark text NOT NULL
);
COMMENT ON TABLE shop.payout_mark IS 'Tells this database from others that pay out of the same store at the gateway: order numbers repeat.';
INSERT INTO shop.payout_mark (mark) SELECT substr(md5(gen_random_uuid()::text), 1, 8);

CREATE TABLE shop.payouts (
    order_id      bigint PRIMARY KEY,
    name          text NOT NULL UNIQUE CHECK (length(name) <= 50),
    incident      text NOT NULL,
    diner_id      bigint NOT NULL,
    message_id    text,
    amount        bigint NOT NULL CHECK (amount > 0),
    status        text NOT NULL CHECK (status IN ('waiting', 'sent', 'failed')),
    attempts      integer NOT NULL DEFAULT 0,
    next_try_at   timestamptz,
    claimed_until timestamptz,
    queued_at     timestamptz NOT NULL,
    sent_at       timestamptz,
    reference     text,
    link          text,
    error         text,
    CHECK ((status = 'waiting') = (next_try_at IS NOT NULL)),
    CHECK ((status = 'sent') = (reference IS NOT NULL AND link IS NOT NULL AND sent_at IS NOT NULL))
);
COMMENT ON TABLE shop.payouts IS
    'The outbox of refunds to the payment gateway: written in the commit of the refund, made afterwards, once for an order.';
COMMENT ON COLUMN shop.payouts.name IS 'By which the gateway is asked whether it was made before.';
COMMENT ON COLUMN shop.payouts.message_id IS 'The letter that tells its link, and waits for it; null where nobody is written to.';
COMMENT ON COLUMN shop.payouts.link IS 'Whoever has it can claim the money.';
CREATE INDEX payouts_of_incident ON shop.payouts (incident);
CREATE INDEX payouts_of_letter ON shop.payouts (message_id);
CREATE INDEX payouts_due ON shop.payouts (next_try_at) WHERE status = 'waiting';
