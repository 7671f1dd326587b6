-- Applications as they were judged, rulebooks that judged them, assessed ceilings, changes of limits, grants for scenes and coupons.

CREATE SEQUENCE limits_id INCREMENT BY 16;
GRANT USAGE ON SEQUENCE limits_id TO honghua_app;

-- Policy, scorecards and terms together, so that a database needs nothing beside it to judge again.
CREATE TABLE limits_rulebook (
  digest      bytea       PRIMARY KEY CHECK (length(digest) = 32),
  body        jsonb       NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CALL store_make_append_only('limits_rulebook');

CREATE TABLE limits_application (
  application_id bigint      PRIMARY KEY,
  key            text        NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 200),
  customer       text        NOT NULL,
  on_day         date        NOT NULL,           -- the business date by which caps of law were looked up
  rulebook       bytea       NOT NULL REFERENCES limits_rulebook,
  vector         bytea       NOT NULL,           -- float64 little-endian, in the order of limits.core.INPUTS
  outcome        text        NOT NULL CHECK (outcome IN ('approved', 'review', 'refused')),
  code           text        NOT NULL,
  queue          text        NOT NULL,
  limit_minor    bigint      NOT NULL CHECK (limit_minor >= 0),
  ceiling_minor  bigint      NOT NULL CHECK (ceiling_minor >= limit_minor),
  suggested_minor bigint     NOT NULL CHECK (suggested_minor BETWEEN 0 AND limit_minor),
  willing        float8      NOT NULL,
  able           float8      NOT NULL,
  price_ppm      bigint      NOT NULL,           -- 0 unless approved
  fired          text[]      NOT NULL,
  judged_at      timestamptz NOT NULL,
  CHECK ((outcome = 'approved') = (limit_minor > 0))
);
CREATE INDEX limits_application_customer ON limits_application (customer, application_id);
CALL store_make_append_only('limits_application');

-- What people did about an application: asked for a person, decided. The newest decision counts.
CREATE TABLE limits_application_act (
  act_id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  application_id bigint      NOT NULL REFERENCES limits_application,
  act            text        NOT NULL CHECK (act IN ('asked', 'approved', 'refused')),
  person         text        NOT NULL CHECK (btrim(person) <> ''),
  why            text        NOT NULL,
  limit_minor    bigint      NOT NULL CHECK ((act = 'approved') = (limit_minor > 0)),
  acted_at       timestamptz NOT NULL
);
CREATE INDEX limits_application_act_application ON limits_application_act (application_id, act_id);
CALL store_make_append_only('limits_application_act');

CREATE TABLE limits_scan (
  scan_id        bigint      PRIMARY KEY,
  application_id bigint      NOT NULL REFERENCES limits_application,
  seen           jsonb       NOT NULL,
  outcome        text        NOT NULL CHECK (outcome IN ('clear', 'blocked')),
  code           text        NOT NULL,
  on_day         date        NOT NULL,
  scanned_at     timestamptz NOT NULL,
  CHECK ((outcome = 'blocked') = (code <> ''))
);
CREATE INDEX limits_scan_application ON limits_scan (application_id, scan_id);
CALL store_make_append_only('limits_scan');

-- The most that risk approved for a person, all parts together; the newest row counts.
CREATE TABLE limits_ceiling (
  ceiling_id     bigint      PRIMARY KEY,
  customer       text        NOT NULL,
  ceiling_minor  bigint      NOT NULL CHECK (ceiling_minor >= 0),
  reason         text        NOT NULL,
  application_id bigint      REFERENCES limits_application,
  lenders        float8,                         -- known elsewhere at this assessment
  set_at         timestamptz NOT NULL
);
CREATE INDEX limits_ceiling_customer ON limits_ceiling (customer, ceiling_id DESC);
CALL store_make_append_only('limits_ceiling');

-- Every change of a fixed or temporary limit with its reason, as its fact says it.
CREATE TABLE limits_change (
  fact_id        bigint      PRIMARY KEY,
  customer       text        NOT NULL,
  kind           text        NOT NULL CHECK (kind IN ('opened', 'fixed', 'temporary')),
  from_minor     bigint      NOT NULL,
  to_minor       bigint      NOT NULL,
  reason         text        NOT NULL,
  rule           text        NOT NULL,
  rulebook       text        NOT NULL,           -- digest in hex, empty: changed by a person
  model          text        NOT NULL,
  consent        text        NOT NULL,           -- kind/version of the text agreed to; empty for cuts and what a person did
  notice         text        NOT NULL,           -- the key of the wish that tells the customer
  on_day         date        NOT NULL,           -- the business date
  happened_at    timestamptz NOT NULL,
  recorded_at    timestamptz NOT NULL
);
CREATE INDEX limits_change_customer ON limits_change (customer, fact_id);
CALL store_make_append_only('limits_change');

-- A limit offered, until the customer says yes: raises without standing consent, and temporary limits in batches.
CREATE TABLE limits_offer (
  offer_id     bigint      PRIMARY KEY,
  key          text        NOT NULL UNIQUE,
  customer     text        NOT NULL,
  kind         text        NOT NULL CHECK (kind IN ('fixed', 'temporary')),
  amount_minor bigint      NOT NULL CHECK (amount_minor > 0),   -- the new fixed limit, or the temporary one
  until_on     date        NOT NULL,             -- the last day on which it may be accepted
  reason       text        NOT NULL,
  rulebook     text        NOT NULL,
  state        text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'declined', 'lapsed')),
  offered_at   timestamptz NOT NULL,
  settled_at   timestamptz,
  CHECK ((state = 'open') = (settled_at IS NULL))
);
CREATE INDEX limits_offer_customer ON limits_offer (customer, offer_id) WHERE state = 'open';
GRANT SELECT, INSERT, UPDATE ON limits_offer TO honghua_app;

-- A limit for one scene; a coupon is one that waits to be claimed.
CREATE TABLE limits_grant (
  grant_id     bigint      PRIMARY KEY,
  key          text        NOT NULL UNIQUE,
  customer     text        NOT NULL,
  scene        text        NOT NULL,
  categories   text[]      NOT NULL,
  merchants    text[]      NOT NULL,
  amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
  from_on      date        NOT NULL,
  until_on     date        NOT NULL CHECK (until_on >= from_on),
  coupon       text        NOT NULL,             -- the coupon's batch; empty: granted at once
  state        text        NOT NULL CHECK (state IN ('issued', 'active', 'spent', 'expired', 'revoked')),
  used_minor   bigint      NOT NULL DEFAULT 0,
  CONSTRAINT limits_grant_kept CHECK (used_minor BETWEEN 0 AND amount_minor),
  CHECK (state <> 'issued' OR used_minor = 0),
  CHECK ((state = 'spent') <= (used_minor = amount_minor))
);
CREATE INDEX limits_grant_customer ON limits_grant (customer) WHERE state IN ('issued', 'active');
CREATE INDEX limits_grant_until ON limits_grant (until_on) WHERE state IN ('issued', 'active');
GRANT SELECT, INSERT, UPDATE ON limits_grant TO honghua_app;

CREATE TABLE limits_grant_event (
  event_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  grant_id     bigint      NOT NULL REFERENCES limits_grant,
  act          text        NOT NULL CHECK (act IN ('issue', 'grant', 'claim', 'use', 'give_back', 'expire', 'revoke')),
  amount_minor bigint      NOT NULL,
  purchase_id  bigint      NOT NULL DEFAULT 0,   -- of uses and what came back
  fact_id      bigint      NOT NULL DEFAULT 0,
  why          text        NOT NULL DEFAULT '',
  happened_at  timestamptz NOT NULL,
  CHECK ((act IN ('use', 'give_back')) = (purchase_id <> 0))
);
CREATE INDEX limits_grant_event_grant ON limits_grant_event (grant_id, event_id);
CREATE INDEX limits_grant_event_purchase ON limits_grant_event (purchase_id) WHERE purchase_id <> 0;
CALL store_make_append_only('limits_grant_event');
