-- The credit room: terms, accounts (state of the fold), statements, holds, the business date and its closing.

CREATE TABLE credit_terms (
  terms_id     integer     PRIMARY KEY CHECK (terms_id BETWEEN 1 AND 10000),
  name         text        NOT NULL,
  version      integer     NOT NULL,
  body         jsonb       NOT NULL,
  digest       bytea       NOT NULL UNIQUE,
  recorded_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE (name, version)
);
CALL store_make_append_only('credit_terms');
COMMENT ON TABLE credit_terms IS 'Product terms, one immutable row a version: an account keeps the version it was opened under.';

CREATE TABLE credit_category (
  category_id  integer     PRIMARY KEY,
  name         text        NOT NULL UNIQUE,
  recorded_at  timestamptz NOT NULL DEFAULT now()
);
CALL store_make_append_only('credit_category');
CREATE SEQUENCE credit_category_id;
GRANT USAGE ON SEQUENCE credit_category_id TO honghua_app;

-- The state of the fold, stored: head columns in the order of credit.core.layout.HEAD_COLUMNS, open statements and plans flat.
-- 1970-01-01 stands for "no day". Everything here can be rebuilt from store_fact; `honghua verify` does and compares.
CREATE TABLE credit_account (
  account_id                 bigint PRIMARY KEY,
  customer_ref               text   NOT NULL UNIQUE,
  status                     bigint NOT NULL DEFAULT 0,
  as_of_on                   date NOT NULL DEFAULT DATE '1970-01-01',
  terms_id                   bigint NOT NULL DEFAULT 0,
  limit_minor                bigint NOT NULL DEFAULT 0,
  temporary_minor            bigint NOT NULL DEFAULT 0,
  temporary_until_on         date NOT NULL DEFAULT DATE '1970-01-01',
  held_minor                 bigint NOT NULL DEFAULT 0,
  cut_day                    bigint NOT NULL DEFAULT 0,
  due_day                    bigint NOT NULL DEFAULT 0,
  next_cut_day               bigint NOT NULL DEFAULT 0,
  next_due_day               bigint NOT NULL DEFAULT 0,
  pair_changed_on            date NOT NULL DEFAULT DATE '1970-01-01',
  last_cut_on                date NOT NULL DEFAULT DATE '1970-01-01',
  next_cut_on                date NOT NULL DEFAULT DATE '1970-01-01',
  statements                 bigint NOT NULL DEFAULT 0,
  unbilled_minor             bigint NOT NULL DEFAULT 0,
  cycle_purchases_minor      bigint NOT NULL DEFAULT 0,
  cycle_refunds_minor        bigint NOT NULL DEFAULT 0,
  cycle_repaid_minor         bigint NOT NULL DEFAULT 0,
  interest_accrued_minor     bigint NOT NULL DEFAULT 0,
  penalty_accrued_minor      bigint NOT NULL DEFAULT 0,
  fee_carried_minor          bigint NOT NULL DEFAULT 0,
  overpaid_minor             bigint NOT NULL DEFAULT 0,
  charged_off_minor          bigint NOT NULL DEFAULT 0,
  risk_class                 bigint NOT NULL DEFAULT 0,
  cure_on                    date NOT NULL DEFAULT DATE '1970-01-01',
  restructured_on            date NOT NULL DEFAULT DATE '1970-01-01',
  dues_count                 bigint NOT NULL DEFAULT 0,
  plans_count                bigint NOT NULL DEFAULT 0,
  next_action_on             date NOT NULL DEFAULT DATE '1970-01-01',
  next_due_on                date NOT NULL DEFAULT DATE '1970-01-01',
  overdue_since_on           date NOT NULL DEFAULT DATE '1970-01-01',
  opened_on                  date NOT NULL DEFAULT DATE '1970-01-01',
  bank_minor                 bigint NOT NULL DEFAULT 0,
  merchant_minor             bigint NOT NULL DEFAULT 0,
  interest_income_minor      bigint NOT NULL DEFAULT 0,
  fee_income_minor           bigint NOT NULL DEFAULT 0,
  penalty_income_minor       bigint NOT NULL DEFAULT 0,
  recovery_income_minor      bigint NOT NULL DEFAULT 0,
  subsidy_expense_minor      bigint NOT NULL DEFAULT 0,
  credit_loss_minor          bigint NOT NULL DEFAULT 0,
  waiver_expense_minor       bigint NOT NULL DEFAULT 0,
  dues                       bigint[] NOT NULL DEFAULT '{}',
  plans                      bigint[] NOT NULL DEFAULT '{}',
  last_fact_id               bigint NOT NULL DEFAULT 0,
  quarantined                boolean NOT NULL DEFAULT false,
  CONSTRAINT credit_account_amounts CHECK (limit_minor >= 0 AND temporary_minor >= 0 AND held_minor >= 0 AND unbilled_minor >= 0
    AND overpaid_minor >= 0 AND interest_accrued_minor >= 0 AND penalty_accrued_minor >= 0 AND fee_carried_minor >= 0
    AND charged_off_minor >= 0),
  CONSTRAINT credit_account_arrays CHECK (cardinality(dues) = dues_count * 11 AND cardinality(plans) = plans_count * 13)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON credit_account TO honghua_app;
COMMENT ON COLUMN credit_account.next_action_on IS 'the next day on which time alone changes this account: end of day looks for it';
COMMENT ON COLUMN credit_account.as_of_on IS 'the stored state holds at the start of this day';

CREATE TABLE credit_statement (
  account_id                 bigint NOT NULL,
  seq                        bigint NOT NULL,
  cut_on                     date NOT NULL,
  due_on                     date NOT NULL,
  from_on                    date NOT NULL,
  carried_minor              bigint NOT NULL,
  purchases_minor            bigint NOT NULL,
  refunds_minor              bigint NOT NULL,
  repaid_minor               bigint NOT NULL,
  revolving_minor            bigint NOT NULL,
  instalment_minor           bigint NOT NULL,
  fee_minor                  bigint NOT NULL,
  interest_minor             bigint NOT NULL,
  penalty_minor              bigint NOT NULL,
  overpayment_used_minor     bigint NOT NULL,
  total_minor                bigint NOT NULL,
  minimum_minor              bigint NOT NULL,
  own_minimum_minor          bigint NOT NULL,
  overdue_minor              bigint NOT NULL,
  booked_on                  date NOT NULL,
  last_fact_id               bigint NOT NULL,
  snapshot                   bigint[] NOT NULL,
  recorded_at                timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, seq),
  CONSTRAINT credit_statement_sound CHECK (total_minor >= 0 AND minimum_minor BETWEEN 0 AND total_minor AND cut_on < due_on)
);
CALL store_make_append_only('credit_statement');
COMMENT ON COLUMN credit_statement.snapshot IS 'the account state just after the cut, flat (head, dues, plans): where a backdated event starts the fold again';

CREATE TABLE credit_hold (
  purchase_id   bigint PRIMARY KEY,
  account_id    bigint NOT NULL,
  held_minor    bigint NOT NULL CHECK (held_minor > 0),
  expires_on    date   NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX credit_hold_expiry ON credit_hold (expires_on);
CREATE INDEX credit_hold_account ON credit_hold (account_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON credit_hold TO honghua_app;
COMMENT ON TABLE credit_hold IS 'Pending transfers: what is held for orders not yet captured. Derived from facts.';

CREATE TABLE credit_book (
  book_id      smallint PRIMARY KEY DEFAULT 1 CHECK (book_id = 1),
  business_on  date NOT NULL,
  started_on   date NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON credit_book TO honghua_app;
COMMENT ON TABLE credit_book IS 'The business date is data: facts are stamped with it, end of day moves it.';

CREATE TABLE credit_day (
  day          date PRIMARY KEY,
  state        text NOT NULL CHECK (state IN ('closing', 'closed')),
  shards       integer NOT NULL,
  started_at   timestamptz NOT NULL DEFAULT now(),
  finished_at  timestamptz
);
CREATE TABLE credit_day_shard (
  day          date NOT NULL REFERENCES credit_day,
  shard        integer NOT NULL,
  low_id       bigint NOT NULL,            -- accounts low_id … high_id
  high_id      bigint NOT NULL,
  state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done')),
  worker       text,
  accounts     integer NOT NULL DEFAULT 0,
  statements   integer NOT NULL DEFAULT 0,
  entries      integer NOT NULL DEFAULT 0,
  lines        integer NOT NULL DEFAULT 0,
  quarantined  integer NOT NULL DEFAULT 0,
  finished_at  timestamptz,
  PRIMARY KEY (day, shard)
);
GRANT SELECT, INSERT, UPDATE ON credit_day, credit_day_shard TO honghua_app;
COMMENT ON TABLE credit_day_shard IS 'One row per shard and day, done in the transaction that closes its accounts: exactly once. Workers take rows with SKIP LOCKED.';

CREATE TABLE credit_quarantine (
  account_id   bigint NOT NULL,
  since_on     date   NOT NULL,
  error        text   NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT now(),
  released_at  timestamptz,
  PRIMARY KEY (account_id, recorded_at)
);
GRANT SELECT, INSERT, UPDATE ON credit_quarantine TO honghua_app;

CREATE TABLE credit_source (
  account_id   bigint NOT NULL,
  position     smallint NOT NULL CHECK (position BETWEEN 1 AND 20),
  kind         text NOT NULL CHECK (kind IN ('balance', 'debit_card', 'money_fund', 'credit_card')),
  reference    text NOT NULL,
  pays         text NOT NULL DEFAULT 'full' CHECK (pays IN ('full', 'minimum')),
  PRIMARY KEY (account_id, position)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON credit_source TO honghua_app;
COMMENT ON TABLE credit_source IS 'Where auto-debit takes money from, in the customer''s order.';

CREATE TABLE credit_replay (
  digest       bytea PRIMARY KEY,
  source       text NOT NULL,
  settings     jsonb NOT NULL,
  day          date,
  rows_done    bigint NOT NULL DEFAULT 0,
  finished_at  timestamptz
);
GRANT SELECT, INSERT, UPDATE ON credit_replay TO honghua_app;

CREATE VIEW credit_due AS
SELECT a.account_id, a.customer_ref, d.n AS place, (a.dues)[d.n*11+1] AS seq, DATE '1970-01-01' + (a.dues)[d.n*11+2]::int AS issued_on,
  DATE '1970-01-01' + (a.dues)[d.n*11+3]::int AS due_on, (a.dues)[d.n*11+4] AS revolving_minor, (a.dues)[d.n*11+5] AS instalment_minor,
  (a.dues)[d.n*11+6] AS fee_minor, (a.dues)[d.n*11+7] AS interest_minor, (a.dues)[d.n*11+8] AS penalty_minor,
  (a.dues)[d.n*11+9] AS minimum_minor, (a.dues)[d.n*11+10] AS base_minor, (a.dues)[d.n*11+11] AS bearing_minor
FROM credit_account a CROSS JOIN LATERAL generate_series(0, a.dues_count::int - 1) AS d (n);
GRANT SELECT ON credit_due TO honghua_app;
COMMENT ON VIEW credit_due IS 'What is billed and unpaid, one row per open statement.';

CREATE VIEW credit_arrears AS
SELECT a.account_id, a.customer_ref, a.overdue_since_on, b.business_on - a.overdue_since_on AS days_past_due, a.risk_class
FROM credit_account a CROSS JOIN credit_book b WHERE a.overdue_since_on > DATE '1970-01-01';
GRANT SELECT ON credit_arrears TO honghua_app;
