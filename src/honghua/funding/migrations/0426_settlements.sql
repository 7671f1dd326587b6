-- Money between lenders: what a partner is owed, or owes, is ordered once a business day and ended by the bank's statements alone.

CREATE TABLE funding_settlement (
  key            text        PRIMARY KEY,                            -- of the order at the bank
  lender         text        NOT NULL,
  day            date        NOT NULL,                               -- the business day up to which it was counted
  direction      text        NOT NULL CHECK (direction IN ('pay', 'collect')),  -- from us, or to us
  amount_minor   bigint      NOT NULL CHECK (amount_minor > 0),
  accrued_minor  bigint      NOT NULL,                               -- due to the lender since the beginning, below zero: from it
  settled_minor  bigint      NOT NULL,                               -- of that, ordered before and not refused
  currency       text        NOT NULL,
  made_at        timestamptz NOT NULL,
  UNIQUE (lender, day),
  CHECK ((CASE direction WHEN 'pay' THEN amount_minor ELSE -amount_minor END) = accrued_minor - settled_minor)
);
CALL store_make_append_only('funding_settlement');
COMMENT ON TABLE funding_settlement IS 'Orders between lenders: everything due up to a day, less everything ordered before. Append-only.';

-- Where an order stands. Nothing is final but by a statement.
CREATE TABLE funding_settlement_state (
  key          text        PRIMARY KEY REFERENCES funding_settlement,
  state        text        NOT NULL CHECK (state IN ('waiting', 'moved', 'refused')),
  moved_minor  bigint      NOT NULL DEFAULT 0 CHECK (moved_minor >= 0),  -- by the statements
  tries        integer     NOT NULL DEFAULT 0,
  due_at       timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON funding_settlement_state TO honghua_app;
CREATE INDEX funding_settlement_waiting ON funding_settlement_state (due_at) WHERE state = 'waiting';

-- All that a bank said of an order: hearsay, kept.
CREATE TABLE funding_settlement_word (
  word_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key           text        NOT NULL,
  bank          text        NOT NULL,
  said          text        NOT NULL,
  amount_minor  bigint      NOT NULL,
  said_at       timestamptz NOT NULL
);
CREATE INDEX funding_settlement_word_key ON funding_settlement_word (key, word_id);
CALL store_make_append_only('funding_settlement_word');

CREATE TABLE funding_bank_day (
  bank         text        NOT NULL,
  day          date        NOT NULL,
  lines        integer     NOT NULL,
  total_minor  bigint      NOT NULL,                                 -- paid less collected, as the bank states it
  read_at      timestamptz NOT NULL,
  PRIMARY KEY (bank, day)
);
CALL store_make_append_only('funding_bank_day');

CREATE TABLE funding_bank_line (
  bank          text    NOT NULL,
  day           date    NOT NULL,
  number        integer NOT NULL,
  key           text    NOT NULL,
  lender        text    NOT NULL,
  direction     text    NOT NULL,
  amount_minor  bigint  NOT NULL,
  is_moved      boolean NOT NULL,
  difference    text    NOT NULL CHECK (difference IN ('', 'unknown', 'payee', 'amount', 'again')),  -- '' = as it was ordered
  PRIMARY KEY (bank, day, number),
  FOREIGN KEY (bank, day) REFERENCES funding_bank_day
);
CREATE INDEX funding_bank_line_key ON funding_bank_line (key);
CALL store_make_append_only('funding_bank_line');
COMMENT ON TABLE funding_bank_line IS 'The bank''s statements of money between lenders, each line held against its order. Append-only.';

CREATE INDEX funding_revenue_party ON funding_revenue (party, key);
