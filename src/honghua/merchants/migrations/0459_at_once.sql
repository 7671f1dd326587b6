-- Shops that are paid for each purchase at once, what is due to them, and payouts that are kept back until a person lets them go.

ALTER TABLE merchants_registry ADD COLUMN paid_at_once boolean NOT NULL DEFAULT false;

-- Written by the follower of the journal with the movement of a capture; gone once it was ordered, held, or left to the settlement.
CREATE TABLE merchants_payout_due (
  purchase_id  bigint      PRIMARY KEY,
  account_id   bigint      NOT NULL,
  merchant_id  bigint      NOT NULL,
  fact_id      bigint      NOT NULL,             -- of the capture
  captured_on  date        NOT NULL,
  due_at       timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE INDEX merchants_payout_due_at ON merchants_payout_due (due_at, purchase_id);
GRANT SELECT, INSERT, DELETE, UPDATE (due_at) ON merchants_payout_due TO honghua_app;

CREATE TABLE merchants_payout_held (
  purchase_id   bigint      PRIMARY KEY,
  account_id    bigint      NOT NULL,
  merchant_id   bigint      NOT NULL,
  amount_minor  bigint      NOT NULL CHECK (amount_minor > 0),
  held_on       date        NOT NULL,            -- the day of the capture: its settlement leaves the amount out
  reasons       text[]      NOT NULL CHECK (cardinality(reasons) >= 1),
  seen          jsonb       NOT NULL,            -- what the scan read
  held_at       timestamptz NOT NULL,
  written_at    timestamptz,                     -- since when the contract's stream tells it
  released_on   date,                            -- the settlement of this day pays it
  released_by   text,
  why           text,
  released_at   timestamptz,
  CHECK ((released_on IS NULL) = (released_by IS NULL) AND (released_by IS NULL) = (why IS NULL) AND (why IS NULL) = (released_at IS NULL))
);
CREATE INDEX merchants_payout_held_open ON merchants_payout_held (held_at) WHERE released_on IS NULL;
CREATE INDEX merchants_payout_held_unwritten ON merchants_payout_held (held_at) WHERE written_at IS NULL;
GRANT SELECT, INSERT ON merchants_payout_held TO honghua_app;
GRANT UPDATE (written_at, released_on, released_by, why, released_at) ON merchants_payout_held TO honghua_app;
COMMENT ON TABLE merchants_payout_held IS 'Payouts that the second scan kept back: no order at once, and no settlement pays them before a person lets them go.';
