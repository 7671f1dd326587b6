-- Coupons and offers that the desk gives by hand: asked by one, decided by another; what became of each customer's.
CREATE TABLE web_giving (
  giving_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind         text        NOT NULL CHECK (kind IN ('coupon', 'raise')),
  customers    text[]      NOT NULL CHECK (cardinality(customers) > 0),
  amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
  name         text        NOT NULL CHECK ((kind = 'coupon') = (btrim(name) <> '')),
  categories   text[]      NOT NULL,
  merchants    text[]      NOT NULL,
  until_on     date,
  asked_by     text        NOT NULL CHECK (btrim(asked_by) <> ''),
  asked_at     timestamptz NOT NULL,
  why          text        NOT NULL CHECK (btrim(why) <> ''),
  state        text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'granted', 'refused')),
  decided_by   text        CHECK (btrim(decided_by) <> '' AND decided_by <> asked_by),
  decided_at   timestamptz,
  decided_why  text,
  CHECK (num_nulls(decided_by, decided_at, decided_why) = CASE WHEN state = 'waiting' THEN 3 ELSE 0 END),
  CHECK ((kind = 'coupon') = (until_on IS NOT NULL)),
  CHECK ((kind = 'coupon') = (cardinality(categories) + cardinality(merchants) > 0))
);
CREATE INDEX web_giving_waiting ON web_giving (giving_id) WHERE state = 'waiting';
GRANT SELECT, INSERT, UPDATE (state, decided_by, decided_at, decided_why) ON web_giving TO honghua_app;

CREATE TABLE web_giving_outcome (
  giving_id bigint NOT NULL REFERENCES web_giving,
  customer  text   NOT NULL,
  code      text   NOT NULL,  -- GIVEN, or why not
  sentence  text   NOT NULL,
  PRIMARY KEY (giving_id, customer)
);
CALL store_make_append_only('web_giving_outcome');
