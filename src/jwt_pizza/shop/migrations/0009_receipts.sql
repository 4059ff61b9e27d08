CREATE TABLE shop.receipts (
    order_id bigint PRIMARY KEY,
    times    integer NOT NULL
);
COMMENT ON TABLE shop.receipts IS 'How often the receipt of an order was mailed: a few times at the most.';
