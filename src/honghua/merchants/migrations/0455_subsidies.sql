-- State interest subsidy: items that it is asked for, their interest parts, what was granted or taken back, and monthly returns.

CREATE TABLE merchants_subsidy_item (
  item             text        PRIMARY KEY CHECK (length(item) BETWEEN 1 AND 200),
  borrower         text        NOT NULL,
  merchant         text        NOT NULL,
  purchase_id      bigint      NOT NULL UNIQUE,
  consumed_on      date        NOT NULL,
  amount_minor     bigint      NOT NULL CHECK (amount_minor > 0),
  left_minor       bigint      NOT NULL CHECK (left_minor BETWEEN 0 AND amount_minor),
  rate_ppm         integer     NOT NULL CHECK (rate_ppm > 0),
  product          text        NOT NULL,
  field            text        NOT NULL,
  policy           text        NOT NULL,
  evidence         text        NOT NULL CHECK (length(evidence) >= 1),
  is_false         boolean     NOT NULL DEFAULT false,
  registered_at    timestamptz NOT NULL
);
CREATE INDEX merchants_subsidy_item_borrower ON merchants_subsidy_item (borrower);
GRANT SELECT, INSERT ON merchants_subsidy_item TO honghua_app;
GRANT UPDATE (left_minor, is_false) ON merchants_subsidy_item TO honghua_app;

CREATE TABLE merchants_subsidy_part (
  item             text     NOT NULL REFERENCES merchants_subsidy_item,
  seq              smallint NOT NULL CHECK (seq >= 1),
  from_on          date     NOT NULL,
  to_on            date     NOT NULL,
  principal_minor  bigint   NOT NULL CHECK (principal_minor >= 0),
  interest_minor   bigint   NOT NULL CHECK (interest_minor >= 0),
  is_settled       boolean  NOT NULL DEFAULT false,
  PRIMARY KEY (item, seq),
  CHECK (from_on < to_on)
);
CREATE INDEX merchants_subsidy_part_due ON merchants_subsidy_part (to_on, item) WHERE NOT is_settled;
GRANT SELECT, INSERT ON merchants_subsidy_part TO honghua_app;
GRANT UPDATE (is_settled) ON merchants_subsidy_part TO honghua_app;

CREATE TABLE merchants_subsidy_movement (
  movement_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key             text        NOT NULL,
  year            smallint    NOT NULL,           -- under whose cap it counts
  item            text        NOT NULL REFERENCES merchants_subsidy_item,
  borrower        text        NOT NULL,
  kind            text        NOT NULL CHECK (kind IN ('granted', 'refunded', 'clawed_back')),
  policy          text        NOT NULL,
  amount_minor    bigint      NOT NULL CHECK (amount_minor <> 0),
  central_minor   bigint      NOT NULL,
  province_minor  bigint      NOT NULL,
  limited_by      text        NOT NULL,
  settled_on      date        NOT NULL,           -- business day
  entry_id        bigint      NOT NULL,
  at              timestamptz NOT NULL,
  UNIQUE (key, year),
  CHECK (amount_minor = central_minor + province_minor),
  CHECK ((kind = 'granted') = (amount_minor > 0))
);
CREATE INDEX merchants_subsidy_movement_borrower ON merchants_subsidy_movement (borrower, movement_id);
CREATE INDEX merchants_subsidy_movement_day ON merchants_subsidy_movement (settled_on);
CALL store_make_append_only('merchants_subsidy_movement');

-- What a borrower owes back of subsidies that were taken back; later grants pay it first.
CREATE TABLE merchants_subsidy_debt (
  borrower     text   PRIMARY KEY,
  owed_minor   bigint NOT NULL CHECK (owed_minor >= 0)
);
GRANT SELECT, INSERT, UPDATE ON merchants_subsidy_debt TO honghua_app;

CREATE TABLE merchants_subsidy_event (
  key           text        PRIMARY KEY,           -- of a refund or a finding: works once
  item          text        NOT NULL,
  kind          text        NOT NULL,
  amount_minor  bigint      NOT NULL,
  at            timestamptz NOT NULL
);
CALL store_make_append_only('merchants_subsidy_event');

CREATE TABLE merchants_subsidy_return (
  month           date        PRIMARY KEY CHECK (extract(day FROM month) = 1),
  items           integer     NOT NULL,
  granted_minor   bigint      NOT NULL,
  taken_back_minor bigint     NOT NULL,
  central_minor   bigint      NOT NULL,
  province_minor  bigint      NOT NULL,
  filed_by        text        NOT NULL,
  filed_at        timestamptz NOT NULL
);
CALL store_make_append_only('merchants_subsidy_return');

-- Purchases that were looked at and are not covered, so that nobody looks again.
CREATE TABLE merchants_subsidy_declined (
  purchase_id  bigint      PRIMARY KEY,
  code         text        NOT NULL,
  at           timestamptz NOT NULL
);
CALL store_make_append_only('merchants_subsidy_declined');
