-- Parts of loans that change hands: who holds a part now is told apart from who lent it.

ALTER TABLE funding_position ADD COLUMN place smallint, ADD COLUMN share_ppm integer, ADD COLUMN partner_group text,
  ADD COLUMN is_held boolean NOT NULL DEFAULT true, ADD COLUMN held_from date;
UPDATE funding_position AS p SET place = s.place, share_ppm = s.share_ppm, partner_group = s.partner_group
  FROM funding_share AS s WHERE s.loan = p.loan AND s.lender = p.lender;
ALTER TABLE funding_position ALTER COLUMN place SET NOT NULL, ALTER COLUMN share_ppm SET NOT NULL, ALTER COLUMN partner_group SET NOT NULL,
  DROP CONSTRAINT funding_position_loan_lender_fkey, ADD FOREIGN KEY (loan) REFERENCES funding_loan,
  ADD CONSTRAINT funding_position_share CHECK (share_ppm BETWEEN 0 AND 1000000);
COMMENT ON COLUMN funding_position.held_from IS 'the day since which it is held so, NULL = since it was lent; nothing that is told later counts before it';
CREATE INDEX funding_position_lender ON funding_position (lender, loan) WHERE is_held;

ALTER TABLE funding_movement DROP CONSTRAINT funding_movement_loan_lender_fkey,
  ADD FOREIGN KEY (loan, lender) REFERENCES funding_position,
  DROP CONSTRAINT funding_movement_kind_check, ADD CONSTRAINT funding_movement_kind_check CHECK (kind IN (
    'lent', 'principal', 'refund', 'write_off', 'interest', 'fee', 'penalty', 'interest_back', 'recovery', 'principal_back',
    'sold', 'bought', 'loss_sold', 'loss_bought', 'earned_sold', 'earned_bought', 'price_got', 'price_paid'));

CREATE TABLE funding_transfer (
  transfer_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  seller       text        NOT NULL,
  buyer        text        NOT NULL CHECK (buyer <> seller),
  price_ppm    integer     NOT NULL CHECK (price_ppm BETWEEN 0 AND 2000000),   -- of the principal that is out
  agreement    text        NOT NULL CHECK (length(agreement) BETWEEN 1 AND 200),
  person       text        NOT NULL CHECK (length(person) >= 1),
  why          text        NOT NULL CHECK (length(why) >= 1),
  proposed_at  timestamptz NOT NULL
);
CALL store_make_append_only('funding_transfer');
COMMENT ON TABLE funding_transfer IS 'All parts of one lender go to another: proposed by one person. Append-only.';

CREATE TABLE funding_transfer_word (
  transfer_id  bigint      PRIMARY KEY REFERENCES funding_transfer,
  word         text        NOT NULL CHECK (word IN ('approve', 'reject')),
  person       text        NOT NULL CHECK (length(person) >= 1),
  why          text        NOT NULL CHECK (length(why) >= 1),
  said_at      timestamptz NOT NULL
);
CALL store_make_append_only('funding_transfer_word');
COMMENT ON TABLE funding_transfer_word IS 'What a second person said of a transfer. Append-only.';

-- How far an approved transfer is.
CREATE TABLE funding_transfer_run (
  transfer_id      bigint  PRIMARY KEY REFERENCES funding_transfer,
  after_loan       text    NOT NULL DEFAULT '',
  sold             bigint  NOT NULL DEFAULT 0,
  kept             bigint  NOT NULL DEFAULT 0,
  principal_minor  bigint  NOT NULL DEFAULT 0,
  price_minor      bigint  NOT NULL DEFAULT 0,
  done_at          timestamptz
);
GRANT SELECT, INSERT, UPDATE ON funding_transfer_run TO honghua_app;

CREATE TABLE funding_transfer_loan (
  transfer_id      bigint  NOT NULL REFERENCES funding_transfer,
  loan             text    NOT NULL REFERENCES funding_loan,
  share_ppm        integer NOT NULL,
  principal_minor  bigint  NOT NULL CHECK (principal_minor >= 0),
  loss_minor       bigint  NOT NULL CHECK (loss_minor >= 0),
  earned_minor     bigint  NOT NULL CHECK (earned_minor >= 0),
  price_minor      bigint  NOT NULL CHECK (price_minor >= 0),
  day              date    NOT NULL,
  PRIMARY KEY (transfer_id, loan)
);
CREATE INDEX funding_transfer_loan_loan ON funding_transfer_loan (loan, transfer_id);
CALL store_make_append_only('funding_transfer_loan');

CREATE TABLE funding_transfer_kept (
  transfer_id  bigint NOT NULL REFERENCES funding_transfer,
  loan         text   NOT NULL REFERENCES funding_loan,
  why          text   NOT NULL,
  PRIMARY KEY (transfer_id, loan)
);
CALL store_make_append_only('funding_transfer_kept');
COMMENT ON TABLE funding_transfer_kept IS 'Loans that a transfer had to leave where they are, and why. Append-only.';

CREATE TABLE funding_transfer_notice (
  notice_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transfer_id  bigint      NOT NULL REFERENCES funding_transfer,
  account_id   bigint      NOT NULL,
  customer     text        NOT NULL,
  chinese      text        NOT NULL,
  english      text        NOT NULL,
  made_at      timestamptz NOT NULL,
  UNIQUE (transfer_id, account_id)
);
CREATE INDEX funding_transfer_notice_customer ON funding_transfer_notice (customer);
CALL store_make_append_only('funding_transfer_notice');
COMMENT ON TABLE funding_transfer_notice IS 'A customer was told that a part of their debt has another lender. Append-only.';

-- From which day on an account is shared otherwise than was last filed of it; taken by whoever files.
CREATE TABLE funding_reached (
  account_id  bigint PRIMARY KEY,
  from_day    date   NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON funding_reached TO honghua_app;
CREATE INDEX funding_reached_day ON funding_reached (from_day, account_id);
