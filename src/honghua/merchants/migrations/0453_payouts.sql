-- Payout orders under keys of their own, every word that a bank said of them, its daily statements, and how its book differs from ours.

CREATE TABLE merchants_payout (
  key           text        PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 200),
  kind          text        NOT NULL CHECK (kind IN ('settlement', 'at_once')),
  merchant_id   bigint      NOT NULL,
  merchant      text        NOT NULL,
  purchase_id   bigint,
  day           date,                             -- of the settlement that it pays
  amount_minor  bigint      NOT NULL CHECK (amount_minor > 0),
  currency      text        NOT NULL,
  entry_id      bigint      NOT NULL,
  state         text        NOT NULL DEFAULT 'waiting'
                CHECK (state IN ('waiting', 'paid', 'refused', 'disputed', 'confirmed', 'returned')),
  paid_minor    bigint      NOT NULL DEFAULT 0 CHECK (paid_minor >= 0),  -- what the bank's statement shows
  bank          text,
  tries         integer     NOT NULL DEFAULT 0,
  heard_on      date,                             -- the bank's day on which it last said something
  error         text,
  ordered_at    timestamptz NOT NULL,
  sent_at       timestamptz,
  answered_at   timestamptz,
  ended_at      timestamptz,
  CHECK ((state IN ('confirmed', 'returned')) = (ended_at IS NOT NULL)),
  CHECK ((state = 'confirmed') = (paid_minor > 0)),
  CHECK ((kind = 'at_once') = (purchase_id IS NOT NULL)),
  CHECK ((kind = 'settlement') = (day IS NOT NULL))
);
CREATE UNIQUE INDEX merchants_payout_purchase ON merchants_payout (purchase_id) WHERE purchase_id IS NOT NULL;
CREATE INDEX merchants_payout_open ON merchants_payout (bank, ordered_at) WHERE ended_at IS NULL;
GRANT SELECT, INSERT ON merchants_payout TO honghua_app;
GRANT UPDATE (state, paid_minor, bank, tries, heard_on, error, sent_at, answered_at, ended_at) ON merchants_payout TO honghua_app;
COMMENT ON TABLE merchants_payout IS 'What banks are to pay merchants. Hearsay moves it among waiting, paid, refused, disputed; a statement row ends it.';

CREATE TABLE merchants_payout_word (
  word_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key           text        NOT NULL,
  bank          text        NOT NULL,
  via           text        NOT NULL CHECK (via IN ('answer', 'inquiry', 'notice', 'statement', 'silence')),
  said          text        NOT NULL,
  amount_minor  bigint      NOT NULL,
  state_before  text,
  state_after   text,
  at            timestamptz NOT NULL
);
CREATE INDEX merchants_payout_word_key ON merchants_payout_word (key, word_id);
CALL store_make_append_only('merchants_payout_word');

CREATE TABLE merchants_bank_statement (
  bank          text        NOT NULL,
  day           date        NOT NULL,
  rows          integer     NOT NULL,
  moved_minor   bigint      NOT NULL,
  digest        bytea       NOT NULL CHECK (length(digest) = 32),
  reconciled_at timestamptz NOT NULL,
  PRIMARY KEY (bank, day)
);
CALL store_make_append_only('merchants_bank_statement');

CREATE TABLE merchants_bank_row (
  row_id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  bank          text        NOT NULL,
  day           date        NOT NULL,
  key           text        NOT NULL,
  merchant      text        NOT NULL,
  amount_minor  bigint      NOT NULL CHECK (amount_minor >= 0),
  currency      text        NOT NULL,
  is_moved      boolean     NOT NULL,
  reference     text        NOT NULL,
  FOREIGN KEY (bank, day) REFERENCES merchants_bank_statement
);
CREATE INDEX merchants_bank_row_key ON merchants_bank_row (key);
CALL store_make_append_only('merchants_bank_row');

CREATE TABLE merchants_bank_difference (
  difference_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  bank          text        NOT NULL,
  day           date        NOT NULL,
  key           text        NOT NULL,
  kind          text        NOT NULL,
  ours_minor    bigint      NOT NULL,
  theirs_minor  bigint      NOT NULL,
  needs_person  boolean     NOT NULL,
  told_at       timestamptz NOT NULL,
  settled_at    timestamptz,
  person        text,
  why           text,
  CHECK ((settled_at IS NULL) = (person IS NULL) AND (person IS NULL) = (why IS NULL))
);
CREATE INDEX merchants_bank_difference_open ON merchants_bank_difference (told_at) WHERE needs_person AND settled_at IS NULL;
GRANT SELECT, INSERT ON merchants_bank_difference TO honghua_app;
GRANT UPDATE (settled_at, person, why) ON merchants_bank_difference TO honghua_app;
COMMENT ON TABLE merchants_bank_difference IS 'Every way in which a bank''s words or statements differed from our book; some need a person.';

-- Payments at once and corrections already gave a merchant part of what a day comes to.
ALTER TABLE merchants_settlement ADD COLUMN advanced_minor bigint NOT NULL DEFAULT 0;
-- What the lender takes for its service on the sales of the day, by the merchant's scenes.
ALTER TABLE merchants_settlement ADD COLUMN service_minor bigint NOT NULL DEFAULT 0 CHECK (service_minor <= 0);
ALTER TABLE merchants_settlement DROP CONSTRAINT merchants_settlement_check;
ALTER TABLE merchants_settlement ADD CONSTRAINT merchants_settlement_check
  CHECK (due_minor = sales_minor + refunds_minor + fees_minor + carried_minor + advanced_minor + service_minor);
