-- Shops that belong to customers: none of their lines pays there (R-022), or a line for consumption would fund the business. Append-only;
-- of what was said of a customer and a shop the newest row counts.
CREATE TABLE credit_own_shop (
  row_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_ref text        NOT NULL CHECK (customer_ref <> ''),
  merchant_ref text        NOT NULL CHECK (merchant_ref <> ''),
  is_own       boolean     NOT NULL,
  said_by      text        NOT NULL CHECK (btrim(said_by) <> ''),
  why          text        NOT NULL CHECK (btrim(why) <> ''),
  said_at      timestamptz NOT NULL
);
CREATE INDEX credit_own_shop_customer ON credit_own_shop (customer_ref, merchant_ref, row_id);
CALL store_make_append_only('credit_own_shop');
