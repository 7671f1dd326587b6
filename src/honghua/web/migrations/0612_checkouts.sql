-- Orders on their way to be paid at a till, on a page or by a face. What became of one is what the books remember under its keys.
CREATE TABLE web_checkout (
  checkout_id  text        PRIMARY KEY,
  partner_id   bigint      REFERENCES web_partner,      -- null: a shop of our own demonstration
  asked_key    text,                                    -- the partner's idempotency key
  asked_hash   bytea,
  merchant     text        NOT NULL,
  order_ref    text        NOT NULL,
  category     text        NOT NULL,
  amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
  currency     text        NOT NULL,
  title        text        NOT NULL,
  return_to    text        NOT NULL,
  paid_by      smallint[]  NOT NULL,                    -- periods whose fee the shop bears
  ticket       text        NOT NULL,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  UNIQUE (partner_id, asked_key)
);
GRANT SELECT, INSERT ON web_checkout TO honghua_app;
