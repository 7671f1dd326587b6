-- What the journal did to each merchant, entry by entry, and what was settled. Derived from journal and facts by a follower with a cursor.

CREATE TABLE merchants_movement (
  merchant_id   bigint      NOT NULL,
  entry_id      bigint      NOT NULL,
  account_id    bigint      NOT NULL,            -- the customer's account; the merchant's own id for payouts
  fact_id       bigint      NOT NULL,            -- 0 = none
  kind          smallint    NOT NULL,            -- what caused the entry (facts.kinds)
  booked_on     date        NOT NULL,
  happened_at   timestamptz NOT NULL,
  purchase_id   bigint      NOT NULL,            -- 0 = none
  reference     text        NOT NULL,
  gross_minor   bigint      NOT NULL,            -- the order's price: sold +, refunded −
  net_minor     bigint      NOT NULL,            -- what the entry changed of what is payable to the merchant
  fee_minor     bigint      NOT NULL,            -- the fee that the merchant bore (gross − net); of a refund what came back, −
  periods       integer     NOT NULL,
  category_id   bigint      NOT NULL,
  PRIMARY KEY (merchant_id, entry_id)
);
CREATE INDEX merchants_movement_day ON merchants_movement (merchant_id, booked_on, entry_id);
CREATE INDEX merchants_movement_purchase ON merchants_movement (purchase_id) WHERE purchase_id <> 0;
CALL store_make_append_only('merchants_movement');

CREATE TABLE merchants_cursor (
  cursor_id smallint PRIMARY KEY DEFAULT 1 CHECK (cursor_id = 1),
  txid      bigint   NOT NULL
);
INSERT INTO merchants_cursor (txid) VALUES (0);
GRANT SELECT, UPDATE ON merchants_cursor TO honghua_app;

CREATE TABLE merchants_settlement (
  merchant_id    bigint      NOT NULL,
  day            date        NOT NULL,           -- the last business day that it covers
  sales_minor    bigint      NOT NULL,
  refunds_minor  bigint      NOT NULL,           -- ≤ 0
  fees_minor     bigint      NOT NULL,           -- borne by the merchant, ≤ 0; what refunds gave back counts against
  carried_minor  bigint      NOT NULL,           -- from days before: owed by the merchant −, failed payouts +
  due_minor      bigint      NOT NULL,           -- sales + refunds + fees + carried
  paid_minor     bigint      NOT NULL CHECK (paid_minor >= 0),
  state          text        NOT NULL CHECK (state IN ('carried', 'instructed', 'paid', 'failed')),
  entry_id       bigint,
  last_error     text,
  made_at        timestamptz NOT NULL,
  settled_at     timestamptz,
  PRIMARY KEY (merchant_id, day),
  CHECK (due_minor = sales_minor + refunds_minor + fees_minor + carried_minor),
  CHECK (paid_minor = greatest(due_minor, 0))
);
CREATE INDEX merchants_settlement_day ON merchants_settlement (day);
GRANT SELECT, INSERT ON merchants_settlement TO honghua_app;
GRANT UPDATE (state, entry_id, last_error, settled_at) ON merchants_settlement TO honghua_app;
COMMENT ON TABLE merchants_settlement IS 'carried: nothing to pay out · instructed: the bank was asked · paid · failed: booked back, carried to the next day';
