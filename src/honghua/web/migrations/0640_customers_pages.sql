-- What customers' pages remember: codes shown at a till, contracts read before they were signed, calls for a person.

CREATE TABLE web_pay_code (
  code_digest bytea       PRIMARY KEY,             -- never the code itself
  customer    text        NOT NULL CHECK (customer <> ''),
  issued_at   timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  spent_at    timestamptz,
  spent_by    text,                                -- the order's idempotency key
  CONSTRAINT web_pay_code_spent CHECK ((spent_at IS NULL) = (spent_by IS NULL))
);
CREATE INDEX web_pay_code_open ON web_pay_code (customer) WHERE spent_at IS NULL;
GRANT SELECT, INSERT, UPDATE ON web_pay_code TO honghua_app;

-- Evidence that a cost table was shown before the contract, how long it could be read, and what came of it.
CREATE TABLE web_reading (
  reading_id   uuid        PRIMARY KEY,
  customer     text        NOT NULL CHECK (customer <> ''),
  kind         text        NOT NULL CHECK (kind IN ('opening', 'purchase', 'bill')),
  subject      text        NOT NULL,               -- the sealed ticket of an order, else ''
  periods      smallint    NOT NULL CHECK (periods BETWEEN 0 AND 60),
  amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
  fee_minor    bigint      NOT NULL CHECK (fee_minor >= 0),
  payer        smallint    NOT NULL CHECK (payer IN (1, 2, 3)),  -- credit.core.commands.Instalments
  text_version text        NOT NULL,
  text_digest  bytea       NOT NULL,               -- of everything that was shown
  language     text        NOT NULL,
  seconds      smallint    NOT NULL CHECK (seconds >= 0),
  opened_at    timestamptz NOT NULL,
  confirmed_at timestamptz,
  answer       jsonb                               -- what the books said
);
CREATE INDEX web_reading_customer ON web_reading (customer, opened_at);
GRANT SELECT, INSERT, UPDATE ON web_reading TO honghua_app;
COMMENT ON TABLE web_reading IS 'confirmed_at − opened_at ≥ seconds, checked before the contract is concluded (rules.md §2)';
