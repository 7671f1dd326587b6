-- Partners: who may call /v1, with which keys, for which shops and customers; and what they have signed lately.

CREATE TABLE web_partner (
  partner_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name       text        NOT NULL UNIQUE CHECK (name <> ''),
  scopes     text[]      NOT NULL,
  is_house   boolean     NOT NULL DEFAULT false,  -- the lender's own programs: every customer is theirs
  rate_per_s integer     NOT NULL CHECK (rate_per_s > 0),
  burst      integer     NOT NULL CHECK (burst > 0),
  is_stopped boolean     NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL
);
CREATE TABLE web_partner_key (
  key_id     text        PRIMARY KEY,
  partner_id bigint      NOT NULL REFERENCES web_partner,
  sealed     bytea       NOT NULL,                -- the secret, encrypted: HMAC needs it in clear
  created_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE TABLE web_partner_merchant (
  partner_id bigint NOT NULL REFERENCES web_partner,
  merchant   text   NOT NULL CHECK (merchant <> ''),
  PRIMARY KEY (partner_id, merchant)
);
CREATE INDEX web_partner_merchant_name ON web_partner_merchant (merchant);
CREATE TABLE web_partner_customer (
  partner_id bigint      NOT NULL REFERENCES web_partner,
  customer   text        NOT NULL CHECK (customer <> ''),
  since      timestamptz NOT NULL,
  PRIMARY KEY (partner_id, customer)
);
GRANT SELECT, INSERT, UPDATE ON web_partner, web_partner_key TO honghua_app;
GRANT SELECT, INSERT, DELETE ON web_partner_merchant, web_partner_customer TO honghua_app;
COMMENT ON TABLE web_partner_customer IS 'customers whose account a partner may look at and steer: those it opened, and those who agreed';

-- A signed request counts once. The slot is told by its timestamp, so all copies of a request meet in one partition; one that no valid
-- timestamp falls into any more is emptied by TRUNCATE: no row is ever deleted.
CREATE TABLE web_nonce (
  slot   smallint NOT NULL,
  key_id text     NOT NULL,
  stamp  bigint   NOT NULL,
  nonce  text     NOT NULL,
  PRIMARY KEY (slot, key_id, stamp, nonce)
) PARTITION BY LIST (slot);
CREATE TABLE web_nonce_0 PARTITION OF web_nonce FOR VALUES IN (0);
CREATE TABLE web_nonce_1 PARTITION OF web_nonce FOR VALUES IN (1);
CREATE TABLE web_nonce_2 PARTITION OF web_nonce FOR VALUES IN (2);
CREATE TABLE web_nonce_3 PARTITION OF web_nonce FOR VALUES IN (3);
GRANT SELECT, INSERT ON web_nonce TO honghua_app;
GRANT SELECT, INSERT, TRUNCATE ON web_nonce_0, web_nonce_1, web_nonce_2, web_nonce_3 TO honghua_app;
