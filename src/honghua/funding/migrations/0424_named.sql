-- Who may lend to a customer stands in the contract that the customer signed: shown before consent, counted once it is signed (R-234).

CREATE TABLE funding_named (
  document  text        PRIMARY KEY CHECK (document <> ''),
  customer  text        NOT NULL CHECK (customer <> ''),
  lenders   text[]      NOT NULL CHECK (cardinality(lenders) > 0),
  shown_at  timestamptz NOT NULL
);
CREATE INDEX funding_named_customer ON funding_named (customer);
CALL store_make_append_only('funding_named');
COMMENT ON TABLE funding_named IS 'Which other lenders a contract names, as it was shown. Append-only.';

CREATE TABLE funding_named_signed (
  document   text        PRIMARY KEY REFERENCES funding_named,
  signed_at  timestamptz NOT NULL
);
CALL store_make_append_only('funding_named_signed');

-- Whose purchase it is; NULL in those of before this was asked.
ALTER TABLE funding_purchase ADD COLUMN customer text;
