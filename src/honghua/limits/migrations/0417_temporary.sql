-- Temporary limits in batches: proposed by one person, approved by another, then offered piece by piece. And the slice moved by lot.

CREATE TABLE limits_temporary (
  campaign_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text        NOT NULL UNIQUE CHECK (btrim(name) <> ''),
  from_on     date        NOT NULL,
  until_on    date        NOT NULL CHECK (until_on >= from_on),
  figures     jsonb       NOT NULL,                -- terms, budgets and what the choice is expected to bring, for whoever approves
  digest      bytea       NOT NULL CHECK (octet_length(digest) = 32),  -- of name, days, figures and every choice
  author      text        NOT NULL CHECK (btrim(author) <> ''),
  why         text        NOT NULL CHECK (btrim(why) <> ''),
  proposed_at timestamptz NOT NULL
);
CALL store_make_append_only('limits_temporary');

CREATE TABLE limits_temporary_choice (
  campaign_id  bigint      NOT NULL REFERENCES limits_temporary,
  customer     text        NOT NULL CHECK (customer <> ''),
  amount_minor bigint      NOT NULL CHECK (amount_minor >= 0),  -- 0: no offer, for the reason of `why`
  why          smallint    NOT NULL,                 -- limits.response.offering.Why
  state        text        NOT NULL DEFAULT 'chosen' CHECK (state IN ('chosen', 'offered', 'left')),
  code         text        NOT NULL DEFAULT '',      -- why it was left when its turn came
  settled_at   timestamptz,
  PRIMARY KEY (campaign_id, customer),
  CHECK ((state = 'chosen') = (settled_at IS NULL)),
  CHECK ((state = 'left') = (code <> '')),
  CHECK (state = 'chosen' OR amount_minor > 0)
);
CREATE INDEX limits_temporary_choice_waiting ON limits_temporary_choice (campaign_id, customer) WHERE state = 'chosen' AND amount_minor > 0;
GRANT SELECT, INSERT, UPDATE (state, code, settled_at) ON limits_temporary_choice TO honghua_app;

CREATE TABLE limits_temporary_act (
  act_id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  campaign_id bigint      NOT NULL REFERENCES limits_temporary,
  act         text        NOT NULL CHECK (act IN ('approved', 'refused', 'undone', 'stopped')),
  person      text        NOT NULL CHECK (btrim(person) <> ''),
  why         text        NOT NULL CHECK (btrim(why) <> ''),
  digest      bytea       NOT NULL,                -- of what the person had before him
  acted_at    timestamptz NOT NULL,
  UNIQUE (campaign_id, act)
);
CREATE FUNCTION limits_check_temporary_act() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE made limits_temporary%ROWTYPE;
BEGIN
  SELECT * INTO made FROM limits_temporary WHERE campaign_id = NEW.campaign_id;
  IF NEW.act = 'approved' AND lower(btrim(made.author)) = lower(btrim(NEW.person)) THEN
    RAISE EXCEPTION 'temporary limits % were proposed by %: another person must approve them', made.name, made.author USING ERRCODE = 'HH002';
  END IF;
  IF made.digest IS DISTINCT FROM NEW.digest THEN
    RAISE EXCEPTION 'temporary limits % are not what was looked at', made.name USING ERRCODE = 'HH002';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER check_act BEFORE INSERT ON limits_temporary_act FOR EACH ROW EXECUTE FUNCTION limits_check_temporary_act();
ALTER TABLE limits_temporary_act ENABLE ALWAYS TRIGGER check_act;
CALL store_make_append_only('limits_temporary_act');

CREATE TABLE limits_slice_row (
  slice       text        NOT NULL CHECK (slice <> ''),
  period      integer     NOT NULL CHECK (period >= 0),
  customer    text        NOT NULL CHECK (customer <> ''),
  key         bigint      NOT NULL,                -- what lots are drawn by
  arm         smallint    NOT NULL CHECK (arm >= 0),
  factors_ppm bigint[]    NOT NULL,                -- of the slice when this was drawn
  limit_minor bigint      NOT NULL CHECK (limit_minor > 0),  -- as the policy in force gave it, before the factor
  burden      float8      NOT NULL CHECK (burden >= 0),      -- that limit in monthly incomes
  names       text[]      NOT NULL,
  x           float4[]    NOT NULL,                -- what was known before the period, in the order of names
  drawn_at    timestamptz NOT NULL,
  PRIMARY KEY (slice, period, customer),
  CHECK (cardinality(names) = cardinality(x) AND arm < cardinality(factors_ppm))
);
CALL store_make_append_only('limits_slice_row');

CREATE TABLE limits_slice_outcome (
  slice       text        NOT NULL,
  period      integer     NOT NULL,
  customer    text        NOT NULL,
  used_minor  bigint      NOT NULL CHECK (used_minor >= 0),
  loss_minor  bigint      NOT NULL CHECK (loss_minor >= 0),
  noted_at    timestamptz NOT NULL,
  PRIMARY KEY (slice, period, customer),
  FOREIGN KEY (slice, period, customer) REFERENCES limits_slice_row
);
CALL store_make_append_only('limits_slice_outcome');
