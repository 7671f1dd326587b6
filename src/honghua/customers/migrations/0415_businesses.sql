-- The small business of a customer, for the line that is only for it (R-022): what its owner said, sealed, and what the register said of it.
CREATE TABLE customers_business (
  person_id   bigint      NOT NULL REFERENCES customers_person,
  version     integer     NOT NULL CHECK (version > 0),       -- the newest counts
  sealed      bytea       NOT NULL,
  said_by     text        NOT NULL CHECK (btrim(said_by) <> ''),
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (person_id, version)
);
GRANT SELECT, INSERT, UPDATE (sealed) ON customers_business TO honghua_app;

CREATE TABLE customers_business_check (
  check_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id  bigint      NOT NULL REFERENCES customers_person,
  version    integer     NOT NULL,                            -- of what was said, which was checked
  standing   text        NOT NULL CHECK (standing IN ('active', 'closed', 'unknown', 'silence')),
  verdict    text        NOT NULL CHECK (verdict IN ('checked', 'refused', 'review')),
  reasons    text[]      NOT NULL,
  since_on   date,                                            -- from when the business stands in the register
  register   text        NOT NULL CHECK (btrim(register) <> ''),
  is_fake    boolean     NOT NULL,
  at         timestamptz NOT NULL,
  FOREIGN KEY (person_id, version) REFERENCES customers_business,
  CHECK ((verdict = 'checked') = (cardinality(reasons) = 0))
);
CREATE INDEX customers_business_check_person ON customers_business_check (person_id, check_id);
CALL store_make_append_only('customers_business_check');
