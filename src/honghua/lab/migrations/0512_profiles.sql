-- What may be said of a customer, by tags that some use was declared for; followed from facts, replaced and erased, never history.

CREATE TABLE lab_profile (
  customer      text        PRIMARY KEY CHECK (customer <> ''),
  tags          text[]      NOT NULL,
  evidence      jsonb       NOT NULL,           -- tag → variable → number: what speaks for it
  as_of         timestamptz NOT NULL,           -- of the values: the latest that was known by then
  heard_at      timestamptz NOT NULL,           -- when the newest fact that led to it was recorded
  written_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX lab_profile_as_of ON lab_profile (as_of);
COMMENT ON TABLE lab_profile IS
  'Tags of a customer with their evidence, only such as data of lab/tags/data/uses.toml declare a use for. Replaced at each fact, erased with the person.';

CREATE TABLE lab_place (
  feed          text        PRIMARY KEY CHECK (feed <> ''),
  txid          bigint      NOT NULL,
  fact_id       bigint      NOT NULL
);
COMMENT ON TABLE lab_place IS 'How far followers of the lab have come in the facts.';
GRANT SELECT, INSERT, UPDATE, DELETE ON lab_profile, lab_place TO honghua_app;
