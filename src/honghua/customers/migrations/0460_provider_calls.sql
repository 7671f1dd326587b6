-- Every question to a provider of data about a person (R-236): written down before it leaves, with what it is for, what it rests on and
-- what it is about; how it ended and what it cost, after. Answers themselves stand where they are used.

CREATE TABLE customers_provider_call (
  call_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id   bigint      NOT NULL REFERENCES customers_person,
  provider    text        NOT NULL CHECK (btrim(provider) <> ''),
  is_fake     boolean     NOT NULL,
  kind        text        NOT NULL CHECK (kind IN ('source', 'upload', 'register')),
  purpose     text        NOT NULL CHECK (btrim(purpose) <> ''),
  basis       text        NOT NULL CHECK (btrim(basis) <> ''),         -- the consent, by text and version, or the ground in law
  material_id bigint      REFERENCES customers_material,               -- the piece of evidence, whose consent it is
  version     integer     CHECK (version > 0),                         -- or which word of the customer on their business
  asked_at    timestamptz NOT NULL,
  CHECK ((kind = 'register') = (material_id IS NULL)),
  CHECK ((material_id IS NULL) = (version IS NOT NULL))
);
CREATE INDEX customers_provider_call_person ON customers_provider_call (person_id, call_id);
CALL store_make_append_only('customers_provider_call');

CREATE TABLE customers_provider_answer (
  call_id     bigint      PRIMARY KEY REFERENCES customers_provider_call,
  outcome     text        NOT NULL CHECK (outcome IN ('answered', 'nothing', 'timed_out', 'failed')),
  cost_minor  bigint      NOT NULL CHECK (cost_minor >= 0),
  answered_at timestamptz NOT NULL
);
CALL store_make_append_only('customers_provider_answer');
