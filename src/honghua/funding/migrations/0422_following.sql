-- How joint loans follow the journal: which accounts, how far, and what of each purchase is still out.

ALTER TABLE funding_movement DROP CONSTRAINT funding_movement_kind_check;
ALTER TABLE funding_movement ADD CONSTRAINT funding_movement_kind_check CHECK (kind IN (
  'lent', 'principal', 'refund', 'write_off', 'interest', 'fee', 'penalty', 'interest_back', 'recovery', 'principal_back'));

CREATE TABLE funding_account (
  account_id bigint NOT NULL PRIMARY KEY,
  txid       bigint NOT NULL DEFAULT 0              -- the first transaction not followed; 0: from the account's beginning
);
GRANT SELECT, INSERT, UPDATE ON funding_account TO honghua_app;

CREATE TABLE funding_purchase (
  purchase_id bigint NOT NULL PRIMARY KEY,
  account_id  bigint NOT NULL REFERENCES funding_account,
  loan        text   NOT NULL UNIQUE REFERENCES funding_loan
);
CREATE INDEX funding_purchase_account ON funding_purchase (account_id);
CALL store_make_append_only('funding_purchase');
COMMENT ON TABLE funding_purchase IS 'Purchases that are loans shared under a channel. Append-only.';

CREATE TABLE funding_item (
  account_id        bigint NOT NULL REFERENCES funding_account,
  fact_id           bigint NOT NULL,                -- of the capture; in its order debts are paid
  purchase_id       bigint NOT NULL,
  principal_minor   bigint NOT NULL,
  outstanding_minor bigint NOT NULL CHECK (outstanding_minor >= 0),
  written_off_minor bigint NOT NULL CHECK (written_off_minor >= 0),
  PRIMARY KEY (account_id, fact_id),
  CHECK (outstanding_minor + written_off_minor <= principal_minor)
);
GRANT SELECT, INSERT, UPDATE ON funding_item TO honghua_app;
COMMENT ON TABLE funding_item IS 'All purchases of accounts that have a shared loan, the unshared ones too: who is repaid first.';
