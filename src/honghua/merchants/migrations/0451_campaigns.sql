-- Campaigns: a merchant (or the platform) pays the instalment fee of orders that a campaign covers, within its budget.

CREATE SEQUENCE merchants_campaign_id INCREMENT BY 16;
GRANT USAGE ON SEQUENCE merchants_campaign_id TO honghua_app;

CREATE TABLE merchants_campaign (
  campaign_id   bigint      PRIMARY KEY,
  merchant      text        NOT NULL CHECK (length(merchant) BETWEEN 1 AND 200),
  name          text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  categories    text[]      NOT NULL,            -- goods categories; none = all
  periods       integer[]   NOT NULL CHECK (cardinality(periods) BETWEEN 1 AND 12),
  payer         smallint    NOT NULL CHECK (payer IN (2, 3)),  -- credit's numbers: merchant, platform
  least_minor   bigint      NOT NULL CHECK (least_minor >= 0),
  most_minor    bigint      NOT NULL CHECK (most_minor >= least_minor),
  starts_at     timestamptz NOT NULL,
  ends_at       timestamptz NOT NULL CHECK (ends_at > starts_at),
  weekdays      smallint    NOT NULL CHECK (weekdays BETWEEN 1 AND 127),  -- bit 0 = Monday
  from_minute   smallint    NOT NULL CHECK (from_minute BETWEEN 0 AND 1439),
  until_minute  smallint    NOT NULL CHECK (until_minute > from_minute AND until_minute <= 1440),
  budget_minor  bigint      NOT NULL CHECK (budget_minor > 0),
  daily_minor   bigint      NOT NULL CHECK (daily_minor >= 0),  -- the stop-loss of one day; 0 = none
  holdout_ppm   integer     NOT NULL CHECK (holdout_ppm BETWEEN 0 AND 500000),
  made_by       text        NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX merchants_campaign_merchant ON merchants_campaign (merchant, ends_at);
CALL store_make_append_only('merchants_campaign');
COMMENT ON TABLE merchants_campaign IS 'What a campaign promises. It never changes; another one follows it. Append-only.';

CREATE TABLE merchants_campaign_act (
  act_id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  campaign_id bigint      NOT NULL REFERENCES merchants_campaign,
  act         text        NOT NULL CHECK (act IN ('paused', 'resumed', 'ended')),
  person      text        NOT NULL,
  why         text        NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX merchants_campaign_act_campaign ON merchants_campaign_act (campaign_id, act_id);
CALL store_make_append_only('merchants_campaign_act');

-- What is left, in one row: taking from it is one update, so two purchases at one moment cannot both have the last of it.
CREATE TABLE merchants_budget (
  campaign_id     bigint PRIMARY KEY REFERENCES merchants_campaign,
  budget_minor    bigint NOT NULL,
  daily_minor     bigint NOT NULL,
  reserved_minor  bigint NOT NULL DEFAULT 0 CHECK (reserved_minor >= 0),
  spent_minor     bigint NOT NULL DEFAULT 0 CHECK (spent_minor >= 0),
  day             date   NOT NULL,
  day_minor       bigint NOT NULL DEFAULT 0 CHECK (day_minor >= 0),  -- reserved or spent for orders of this day
  is_open         boolean NOT NULL DEFAULT true,
  CONSTRAINT merchants_budget_kept CHECK (reserved_minor + spent_minor <= budget_minor),
  CONSTRAINT merchants_budget_day_kept CHECK (daily_minor = 0 OR day_minor <= daily_minor)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON merchants_budget TO honghua_app;

CREATE TABLE merchants_reservation (
  key           text        PRIMARY KEY,         -- of the purchase's command
  campaign_id   bigint      NOT NULL REFERENCES merchants_campaign,
  customer      text        NOT NULL,
  amount_minor  bigint      NOT NULL,
  fee_minor     bigint      NOT NULL CHECK (fee_minor > 0),
  periods       integer     NOT NULL,
  day           date        NOT NULL,
  state         text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'booked', 'released')),
  purchase_id   bigint,
  reserved_at   timestamptz NOT NULL,
  settled_at    timestamptz,
  CHECK ((state = 'open') = (settled_at IS NULL)),
  CHECK ((state = 'booked') = (purchase_id IS NOT NULL))
);
CREATE INDEX merchants_reservation_open ON merchants_reservation (reserved_at) WHERE state = 'open';
CREATE INDEX merchants_reservation_campaign ON merchants_reservation (campaign_id, reserved_at);
CREATE UNIQUE INDEX merchants_reservation_purchase ON merchants_reservation (purchase_id) WHERE purchase_id IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON merchants_reservation TO honghua_app;

CREATE TABLE merchants_exposure (
  campaign_id bigint      NOT NULL REFERENCES merchants_campaign,
  customer    text        NOT NULL,
  is_held_out boolean     NOT NULL,
  first_at    timestamptz NOT NULL,
  PRIMARY KEY (campaign_id, customer)
);
CALL store_make_append_only('merchants_exposure');
COMMENT ON TABLE merchants_exposure IS 'Who stood before a campaign, and whether it was shown: the first time only. Append-only.';
