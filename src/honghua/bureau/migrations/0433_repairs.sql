-- Repair: which items are out of the display, by which policy, from when. Objections and their clocks.

CREATE TABLE bureau_policy (
  name        text        PRIMARY KEY CHECK (name <> ''),
  body        jsonb       NOT NULL,      -- as configured when it was first used: another wording needs another name
  recorded_at timestamptz NOT NULL
);
CALL store_make_append_only('bureau_policy');

CREATE TABLE bureau_repair (
  account_id   bigint      NOT NULL,
  arose_on     date        NOT NULL,
  customer     text        NOT NULL CHECK (customer <> ''),
  policy       text        NOT NULL REFERENCES bureau_policy,
  amount_minor bigint      NOT NULL,
  repaid_on    date        NOT NULL,
  off_on       date        NOT NULL,      -- from this day on it is not displayed
  judged_at    timestamptz NOT NULL,
  PRIMARY KEY (account_id, arose_on)
);
CREATE INDEX bureau_repair_customer ON bureau_repair (customer);
CALL store_make_append_only('bureau_repair');
COMMENT ON TABLE bureau_repair IS 'Items that a policy takes out of the display. The records stay as they are. Append-only.';

-- Once a customer, when the first of their items is off: score again, and the flag that brings them back into the offer.
CREATE TABLE bureau_reinclusion (
  customer   text        PRIMARY KEY,
  policy     text        NOT NULL REFERENCES bureau_policy,
  items      integer     NOT NULL CHECK (items > 0),
  reason     text        NOT NULL,
  flagged_at timestamptz NOT NULL
);
CALL store_make_append_only('bureau_reinclusion');

CREATE TABLE bureau_objection (
  objection_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer     text        NOT NULL CHECK (customer <> ''),
  kind         text        NOT NULL CHECK (kind IN ('record', 'repair', 'inquiry')),
  account_id   bigint,
  month        date,
  said         text        NOT NULL CHECK (btrim(said) <> ''),
  fee_minor    bigint      NOT NULL DEFAULT 0 CHECK (fee_minor = 0),   -- always free
  opened_at    timestamptz NOT NULL,
  due_on       date        NOT NULL,
  CHECK ((account_id IS NULL) = (month IS NULL))
);
CREATE INDEX bureau_objection_customer ON bureau_objection (customer);
CREATE INDEX bureau_objection_due ON bureau_objection (due_on);
CALL store_make_append_only('bureau_objection');

CREATE TABLE bureau_objection_answer (
  objection_id bigint      PRIMARY KEY REFERENCES bureau_objection,
  outcome      text        NOT NULL CHECK (outcome IN ('corrected', 'confirmed', 'repaired')),
  answer       text        NOT NULL CHECK (btrim(answer) <> ''),      -- the written result
  answered_by  text        NOT NULL CHECK (btrim(answered_by) <> ''),
  answered_at  timestamptz NOT NULL
);
CALL store_make_append_only('bureau_objection_answer');

-- Who looked at raw records of somebody: auditors only, with their reason.
CREATE TABLE bureau_raw_access (
  access_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer  text        NOT NULL,
  viewer    text        NOT NULL CHECK (btrim(viewer) <> ''),
  why       text        NOT NULL CHECK (btrim(why) <> ''),
  at        timestamptz NOT NULL
);
CALL store_make_append_only('bureau_raw_access');
