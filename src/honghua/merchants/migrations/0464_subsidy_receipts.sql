-- Money of the treasury that came in: once for each reference of its bank, for a month that was filed.
CREATE TABLE merchants_subsidy_receipt (
  reference       text        PRIMARY KEY CHECK (length(reference) BETWEEN 1 AND 200),
  month           date        NOT NULL REFERENCES merchants_subsidy_return,
  central_minor   bigint      NOT NULL CHECK (central_minor >= 0),
  province_minor  bigint      NOT NULL CHECK (province_minor >= 0),
  received_on     date        NOT NULL,           -- business day
  entry_id        bigint      NOT NULL,
  person          text        NOT NULL CHECK (btrim(person) <> ''),
  at              timestamptz NOT NULL,
  CHECK (central_minor + province_minor > 0)
);
CREATE INDEX merchants_subsidy_receipt_month ON merchants_subsidy_receipt (month);
CALL store_make_append_only('merchants_subsidy_receipt');
COMMENT ON TABLE merchants_subsidy_receipt IS 'What the treasury paid for a month of the return, as its bank names the payment. Append-only.';
