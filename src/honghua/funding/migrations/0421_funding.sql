-- Loans shared among lenders: who owns which cent, what every event did to each, and what partners' books say.

CREATE TABLE funding_standing (
  lender      text        PRIMARY KEY,
  standing    text        NOT NULL CHECK (standing IN ('active', 'suspended', 'exiting', 'ended')),
  changed_at  timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON funding_standing TO honghua_app;

CREATE TABLE funding_standing_act (
  act_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  lender     text        NOT NULL,
  act        text        NOT NULL,
  before     text        NOT NULL,
  after      text        NOT NULL,
  person     text        NOT NULL CHECK (length(person) >= 1),
  why        text        NOT NULL CHECK (length(why) >= 1),
  at         timestamptz NOT NULL
);
CREATE INDEX funding_standing_act_lender ON funding_standing_act (lender, act_id);
CALL store_make_append_only('funding_standing_act');

CREATE TABLE funding_base (
  on_day       date        PRIMARY KEY,
  tier1_minor  bigint      NOT NULL CHECK (tier1_minor >= 0),
  loans_minor  bigint      NOT NULL CHECK (loans_minor >= 0),
  source       text        NOT NULL,
  recorded_at  timestamptz NOT NULL
);
CALL store_make_append_only('funding_base');
COMMENT ON TABLE funding_base IS 'Net tier-1 capital and all our loans as reported for a day: what concentrations are shares of. Append-only.';

CREATE TABLE funding_loan (
  loan             text        PRIMARY KEY CHECK (length(loan) BETWEEN 1 AND 200),
  channel          text        NOT NULL,
  principal_minor  bigint      NOT NULL CHECK (principal_minor > 0),
  lent_on          date        NOT NULL,
  reasons          text[]      NOT NULL,
  tier1_minor      bigint,                           -- of the base by which it was allowed
  loans_minor      bigint,
  made_at          timestamptz NOT NULL
);
CREATE INDEX funding_loan_channel ON funding_loan (channel, lent_on);
CALL store_make_append_only('funding_loan');

CREATE TABLE funding_share (
  loan             text    NOT NULL REFERENCES funding_loan,
  place            smallint NOT NULL,
  lender           text    NOT NULL,
  partner_group    text    NOT NULL,                 -- '' = ourselves
  share_ppm        integer NOT NULL CHECK (share_ppm BETWEEN 0 AND 1000000),
  principal_minor  bigint  NOT NULL CHECK (principal_minor >= 0),
  PRIMARY KEY (loan, lender)
);
CREATE INDEX funding_share_lender ON funding_share (lender, loan);
CALL store_make_append_only('funding_share');

CREATE TABLE funding_position (
  loan               text   NOT NULL,
  lender             text   NOT NULL,
  outstanding_minor  bigint NOT NULL CHECK (outstanding_minor >= 0),
  earned_minor       bigint NOT NULL DEFAULT 0 CHECK (earned_minor >= 0),
  written_off_minor  bigint NOT NULL DEFAULT 0 CHECK (written_off_minor >= 0),
  PRIMARY KEY (loan, lender),
  FOREIGN KEY (loan, lender) REFERENCES funding_share
) WITH (fillfactor = 70);
GRANT SELECT, INSERT, UPDATE ON funding_position TO honghua_app;

CREATE TABLE funding_movement (
  movement_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key           text        NOT NULL,
  loan          text        NOT NULL,
  lender        text        NOT NULL,
  kind          text        NOT NULL
                CHECK (kind IN ('lent', 'principal', 'refund', 'write_off', 'interest', 'fee', 'penalty', 'interest_back', 'recovery')),
  amount_minor  bigint      NOT NULL CHECK (amount_minor >= 0),
  whole_minor   bigint      NOT NULL CHECK (whole_minor > 0),
  day           date        NOT NULL,
  at            timestamptz NOT NULL,
  UNIQUE (key, lender),
  FOREIGN KEY (loan, lender) REFERENCES funding_share
);
CREATE INDEX funding_movement_lender ON funding_movement (lender, day);
CREATE INDEX funding_movement_loan ON funding_movement (loan, movement_id);
CALL store_make_append_only('funding_movement');

CREATE TABLE funding_revenue (
  key           text   NOT NULL,
  party         text   NOT NULL,
  share_ppm     integer NOT NULL,
  amount_minor  bigint NOT NULL CHECK (amount_minor >= 0),
  sign          smallint NOT NULL CHECK (sign IN (-1, 1)),
  PRIMARY KEY (key, party)
);
CALL store_make_append_only('funding_revenue');

-- One row a group of partners and one ('') for all joint loans: our own parts that are out. Locked when a loan is shared.
CREATE TABLE funding_exposure (
  partner_group  text   PRIMARY KEY,
  own_minor      bigint NOT NULL CHECK (own_minor >= 0)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON funding_exposure TO honghua_app;

CREATE TABLE funding_reconciliation (
  lender         text        NOT NULL,
  day            date        NOT NULL,
  try            integer     NOT NULL,
  ours           integer     NOT NULL,
  theirs         integer     NOT NULL,
  differences    integer     NOT NULL,
  reconciled_at  timestamptz NOT NULL,
  PRIMARY KEY (lender, day, try)
);
CALL store_make_append_only('funding_reconciliation');

CREATE TABLE funding_difference (
  difference_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  lender         text        NOT NULL,
  day            date        NOT NULL,
  try            integer     NOT NULL,
  key            text        NOT NULL,
  kind           text        NOT NULL CHECK (kind IN ('missing', 'stranger', 'amount', 'twice')),
  ours_minor     bigint      NOT NULL,
  theirs_minor   bigint      NOT NULL
);
CREATE INDEX funding_difference_day ON funding_difference (lender, day, try);
CALL store_make_append_only('funding_difference');
