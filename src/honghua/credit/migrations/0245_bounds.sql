-- The customer's own cap on what a calendar month may spend: what facts of kind 25 say, found by account. Append-only.
CREATE TABLE credit_spending_cap (
  account_id bigint NOT NULL,
  fact_id    bigint NOT NULL,
  cap_minor  bigint NOT NULL CHECK (cap_minor >= 0),  -- 0 = none
  from_on    date   NOT NULL,                         -- the newest row that counts by a day is in force on it
  PRIMARY KEY (account_id, fact_id)
);
CALL store_make_append_only('credit_spending_cap');

-- How far the follower of limits has come among final facts.
CREATE TABLE credit_limit_cursor (
  feed    text   PRIMARY KEY,
  txid    bigint NOT NULL,
  fact_id bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON credit_limit_cursor TO honghua_app;
