-- Whether orders were real trades: what is awaited, what sources said, each change of the word, and the campaign money withheld.

CREATE TABLE merchants_order (
  purchase_id     bigint      PRIMARY KEY,
  merchant_id     bigint      NOT NULL,
  account_id      bigint      NOT NULL,
  reference       text        NOT NULL,
  category_id     bigint      NOT NULL,
  region_id       bigint      NOT NULL,           -- where it was bought from, a key of risk; 0 = not told
  amount_minor    bigint      NOT NULL CHECK (amount_minor >= 0),
  bought_at       timestamptz NOT NULL,
  booked_on       date        NOT NULL,
  due_at          timestamptz NOT NULL,
  needs           text        NOT NULL CHECK (length(needs) >= 1),  -- kinds of evidence, one of which must come
  platform_minor  bigint      NOT NULL DEFAULT 0, -- what the books say that the platform bears of its fee, refunds deducted
  withheld_minor  bigint      NOT NULL DEFAULT 0 CHECK (withheld_minor >= 0),
  state           text        NOT NULL DEFAULT 'awaited' CHECK (state IN ('awaited', 'proved', 'unproved', 'doubtful', 'false')),
  score           integer     NOT NULL DEFAULT 0,
  reasons         text[]      NOT NULL DEFAULT '{}',
  decided_by      text,                           -- a person whose word stands before the rules
  look_at         timestamptz,                    -- when a source is to be asked again; none = not by itself
  changed_at      timestamptz NOT NULL,
  CHECK (state <> 'false' OR decided_by IS NOT NULL)
);
CREATE INDEX merchants_order_look ON merchants_order (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX merchants_order_flagged ON merchants_order (changed_at) WHERE state IN ('unproved', 'doubtful', 'false');
CREATE INDEX merchants_order_shop ON merchants_order (merchant_id, booked_on) INCLUDE (account_id);
CREATE INDEX merchants_order_customer ON merchants_order (account_id, booked_on) INCLUDE (merchant_id);
-- Orders whose withheld money is not what it should be: none, but for moments.
CREATE INDEX merchants_order_owed ON merchants_order (purchase_id) WHERE withheld_minor
  <> CASE WHEN state IN ('unproved', 'doubtful', 'false') THEN greatest(platform_minor, 0) ELSE 0 END;
GRANT SELECT, INSERT ON merchants_order TO honghua_app;
GRANT UPDATE (platform_minor, withheld_minor, state, score, reasons, decided_by, look_at, changed_at) ON merchants_order TO honghua_app;

CREATE TABLE merchants_order_evidence (
  evidence_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purchase_id  bigint      NOT NULL REFERENCES merchants_order,
  source       text        NOT NULL,
  kind         text        NOT NULL CHECK (kind IN ('shipped', 'delivered', 'handed_over', 'returned')),
  reference    text        NOT NULL CHECK (length(reference) BETWEEN 1 AND 200),
  happened_at  timestamptz NOT NULL,
  region       text        NOT NULL,
  place        text        NOT NULL,              -- a digest of where it was delivered, as the source has it
  grams        integer     NOT NULL CHECK (grams >= 0),
  scans        integer     NOT NULL CHECK (scans >= 0),
  recorded_at  timestamptz NOT NULL,
  UNIQUE (purchase_id, source, kind, reference)
);
CREATE INDEX merchants_order_evidence_waybill ON merchants_order_evidence (source, reference) WHERE kind IN ('shipped', 'delivered');
CREATE INDEX merchants_order_evidence_place ON merchants_order_evidence (place) WHERE kind = 'delivered' AND place <> '';
CALL store_make_append_only('merchants_order_evidence');

CREATE TABLE merchants_order_step (
  step_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purchase_id   bigint      NOT NULL REFERENCES merchants_order,
  state_before  text        NOT NULL,
  state_after   text        NOT NULL,
  reasons       text[]      NOT NULL,
  score         integer     NOT NULL,
  person        text        NOT NULL CHECK (length(person) >= 1),
  why           text        NOT NULL,
  at            timestamptz NOT NULL
);
CREATE INDEX merchants_order_step_order ON merchants_order_step (purchase_id, step_id);
CALL store_make_append_only('merchants_order_step');

-- What the journal was told: + withheld from the shop, − given back.
CREATE TABLE merchants_withholding (
  withholding_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purchase_id    bigint      NOT NULL REFERENCES merchants_order,
  merchant_id    bigint      NOT NULL,
  amount_minor   bigint      NOT NULL CHECK (amount_minor <> 0),
  entry_id       bigint      NOT NULL,
  booked_on      date        NOT NULL,
  at             timestamptz NOT NULL
);
CREATE INDEX merchants_withholding_order ON merchants_withholding (purchase_id);
CALL store_make_append_only('merchants_withholding');

-- What sources say that a shop can fulfil in a day; the newest one counts.
CREATE TABLE merchants_capacity (
  capacity_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  merchant_id  bigint      NOT NULL,
  source       text        NOT NULL,
  orders_max   integer     NOT NULL CHECK (orders_max >= 0),
  recorded_at  timestamptz NOT NULL
);
CREATE INDEX merchants_capacity_shop ON merchants_capacity (merchant_id, capacity_id);
CALL store_make_append_only('merchants_capacity');
