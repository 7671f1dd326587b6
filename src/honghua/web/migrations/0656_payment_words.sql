-- What people say of a payment about which the gateway said what cannot be: asked by one, confirmed by another.
CREATE TABLE web_payment_word (
  word_id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payment_id   uuid        NOT NULL REFERENCES web_payment,
  sequence     integer     NOT NULL,                -- the gateway's last notice that whoever asked had read
  word         text        NOT NULL CHECK (word IN ('arrived', 'returned', 'stands')),
  amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
  asked_by     text        NOT NULL CHECK (btrim(asked_by) <> ''),
  why          text        NOT NULL CHECK (btrim(why) <> ''),
  asked_at     timestamptz NOT NULL,
  decided_by   text        CHECK (btrim(decided_by) <> '' AND decided_by <> asked_by),
  outcome      text        CHECK (outcome IN ('confirmed', 'rejected')),
  decided_at   timestamptz,
  CHECK (num_nulls(decided_by, outcome, decided_at) IN (0, 3))
);
CREATE UNIQUE INDEX web_payment_word_open ON web_payment_word (payment_id) WHERE outcome IS NULL;
CREATE INDEX web_payment_troubled ON web_payment (changed_at) WHERE state = 'disputed' OR (state = 'paid' AND attempt > 0);
GRANT SELECT, INSERT, UPDATE (decided_by, outcome, decided_at) ON web_payment_word TO honghua_app;
