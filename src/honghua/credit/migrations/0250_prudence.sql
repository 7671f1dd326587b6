-- The prudent lender: runs of expected loss, guardrails that stop growth, relief by two persons, packs of evidence for write-offs.

CREATE TABLE credit_loss_run (
  run_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  business_on  date        NOT NULL,
  parameters   jsonb       NOT NULL,
  made_at      timestamptz NOT NULL
);
CREATE TABLE credit_loss_line (
  run_id         bigint   NOT NULL REFERENCES credit_loss_run,
  stage          smallint NOT NULL CHECK (stage BETWEEN 1 AND 3),
  bucket         smallint NOT NULL,
  accounts       bigint   NOT NULL CHECK (accounts > 0),
  claim_minor    bigint   NOT NULL CHECK (claim_minor >= 0),
  undrawn_minor  bigint   NOT NULL CHECK (undrawn_minor >= 0),
  loss_minor     bigint   NOT NULL CHECK (loss_minor >= 0),
  PRIMARY KEY (run_id, stage, bucket)
);
CALL store_make_append_only('credit_loss_run');
CALL store_make_append_only('credit_loss_line');
COMMENT ON TABLE credit_loss_run IS 'Expected credit loss of the book on a day, with the parameters that it was reckoned by.';

CREATE TABLE credit_guardrail_event (
  event_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rule       text        NOT NULL,
  key        text        NOT NULL,
  action     text        NOT NULL,
  is_raised  boolean     NOT NULL,
  value      bigint,
  why        text        NOT NULL CHECK (btrim(why) <> ''),
  person     text        NOT NULL CHECK (btrim(person) <> ''),
  at         timestamptz NOT NULL
);
CREATE INDEX credit_guardrail_event_of ON credit_guardrail_event (rule, key, event_id);
CALL store_make_append_only('credit_guardrail_event');
CREATE VIEW credit_guardrail AS
SELECT * FROM (SELECT DISTINCT ON (rule, key) * FROM credit_guardrail_event ORDER BY rule, key, event_id DESC) AS newest WHERE is_raised;
GRANT SELECT ON credit_guardrail TO honghua_app;
COMMENT ON VIEW credit_guardrail IS 'What is stopped now, and by which broken rule.';

CREATE TABLE credit_relief (
  relief_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id   bigint      NOT NULL,
  amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
  ground       smallint    NOT NULL,
  evidence     text[]      NOT NULL CHECK (cardinality(evidence) > 0),
  asked_by     text        NOT NULL CHECK (btrim(asked_by) <> ''),
  asked_at     timestamptz NOT NULL,
  state        text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'granted', 'refused')),
  decided_by   text,
  decided_at   timestamptz,
  why          text,
  CHECK ((state = 'waiting') = (decided_by IS NULL) AND (state = 'waiting') = (decided_at IS NULL) AND (state = 'waiting') = (why IS NULL)),
  CHECK (decided_by IS NULL OR decided_by <> asked_by)
);
CREATE INDEX credit_relief_account ON credit_relief (account_id, relief_id);
CREATE INDEX credit_relief_waiting ON credit_relief (relief_id) WHERE state = 'waiting';
GRANT SELECT, INSERT, UPDATE ON credit_relief TO honghua_app;
COMMENT ON TABLE credit_relief IS 'Relief that was asked for, and what another person said. The money is a CHARGES_WAIVED fact under the key relief/ID.';

CREATE TABLE credit_write_off_pack (
  pack_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id  bigint      NOT NULL,
  begun_by    text        NOT NULL CHECK (btrim(begun_by) <> ''),
  begun_at    timestamptz NOT NULL,
  ended_at    timestamptz,
  outcome     text        CHECK (outcome IN ('written_off', 'abandoned')),
  digest      bytea       CHECK (length(digest) = 32),
  CHECK ((ended_at IS NULL) = (outcome IS NULL)),
  CHECK ((outcome = 'written_off') = (digest IS NOT NULL) OR outcome IS NULL)
);
CREATE UNIQUE INDEX credit_write_off_pack_open ON credit_write_off_pack (account_id) WHERE ended_at IS NULL;
GRANT SELECT, INSERT, UPDATE ON credit_write_off_pack TO honghua_app;
CREATE TABLE credit_write_off_item (
  pack_id    bigint      NOT NULL REFERENCES credit_write_off_pack,
  item_id    bigint      GENERATED ALWAYS AS IDENTITY,
  kind       text        NOT NULL,
  on_day     date        NOT NULL,
  digest     bytea       NOT NULL CHECK (length(digest) = 32),
  reference  text        NOT NULL CHECK (btrim(reference) <> ''),
  person     text        NOT NULL,
  at         timestamptz NOT NULL,
  PRIMARY KEY (pack_id, item_id)
);
CREATE TABLE credit_write_off_approval (
  pack_id  bigint      NOT NULL REFERENCES credit_write_off_pack,
  person   text        NOT NULL CHECK (btrim(person) <> ''),
  digest   bytea       NOT NULL CHECK (length(digest) = 32),
  at       timestamptz NOT NULL,
  PRIMARY KEY (pack_id, person, digest)
);
CALL store_make_append_only('credit_write_off_item');
CALL store_make_append_only('credit_write_off_approval');
COMMENT ON COLUMN credit_write_off_approval.digest IS 'of the pack as it was approved: one more document, and both persons look again';

-- What the operator tells of its balance sheet: figures that the book cannot know. The newest of each name counts.
CREATE TABLE credit_told_figure (
  figure_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name         text        NOT NULL,
  value_minor  bigint      NOT NULL CHECK (value_minor >= 0),
  as_of        date        NOT NULL,
  person       text        NOT NULL CHECK (btrim(person) <> ''),
  at           timestamptz NOT NULL
);
CREATE INDEX credit_told_figure_name ON credit_told_figure (name, figure_id);
CALL store_make_append_only('credit_told_figure');
