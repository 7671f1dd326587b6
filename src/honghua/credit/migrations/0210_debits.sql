-- Auto-debit: every time a source was asked for money, and what came of it.

CREATE TABLE credit_debit (
  key           text        PRIMARY KEY,             -- also the wish's key, and the one the bank knows
  account_id    bigint      NOT NULL,
  due_on        date        NOT NULL,                -- the oldest bill that it was for
  asked_on      date        NOT NULL,                -- business date; the repayment counts from it
  slot          smallint    NOT NULL CHECK (slot BETWEEN 1 AND 9),
  kind          text        NOT NULL CHECK (kind IN ('balance', 'debit_card', 'money_fund')),
  reference     text        NOT NULL,
  pays          text        NOT NULL CHECK (pays IN ('full', 'minimum')),
  amount_minor  bigint      NOT NULL CHECK (amount_minor > 0),
  state         text        NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'paid', 'declined', 'dropped', 'stuck')),
  taken_minor   bigint      CHECK (taken_minor > 0),
  reason        text,
  recorded_at   timestamptz NOT NULL DEFAULT now(),
  answered_at   timestamptz,
  UNIQUE (account_id, asked_on, slot, kind, reference),
  CONSTRAINT credit_debit_taken CHECK ((state = 'paid') = (taken_minor IS NOT NULL))
);
-- While one source has not answered no other is asked: nobody is debited twice for one bill.
CREATE UNIQUE INDEX credit_debit_open ON credit_debit (account_id) WHERE state IN ('asked', 'stuck');
GRANT SELECT, INSERT, UPDATE ON credit_debit TO honghua_app;
COMMENT ON TABLE credit_debit IS 'asked: sent or to be sent · paid · declined · dropped: no longer needed, never sent · stuck: the bank never answered, a person must look';
