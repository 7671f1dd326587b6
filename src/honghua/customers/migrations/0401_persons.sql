-- Who a customer is. Nothing here is readable without keys that lie outside the database.

CREATE TABLE customers_person (
  person_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer      text        NOT NULL UNIQUE CHECK (customer <> ''),   -- the reference that books and facts know
  state         text        NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'restricted', 'erased')),
  retain_until  date,                                                 -- restricted: the law keeps the identity until then
  registered_at timestamptz NOT NULL,
  changed_at    timestamptz NOT NULL,
  CONSTRAINT customers_person_retained CHECK ((state = 'restricted') = (retain_until IS NOT NULL))
);
GRANT SELECT, INSERT, UPDATE (state, retain_until, changed_at) ON customers_person TO honghua_app;
CREATE INDEX customers_person_retain ON customers_person (retain_until) WHERE state = 'restricted';
COMMENT ON COLUMN customers_person.state IS
  'restricted: contact data erased, identity kept for the law and for nothing else · erased: only the reference is left';

-- A person's own keys, wrapped by a master key whose number stands in front. Deleting a row erases what it sealed, in every copy.
CREATE TABLE customers_key (
  person_id bigint   NOT NULL REFERENCES customers_person,
  part      text     NOT NULL CHECK (part IN ('identity', 'contact')),
  master    smallint NOT NULL,
  wrapped   bytea    NOT NULL,
  PRIMARY KEY (person_id, part)
);
CREATE INDEX customers_key_master ON customers_key (master);
GRANT SELECT, INSERT, DELETE, UPDATE (master, wrapped) ON customers_key TO honghua_app;

-- Every value that a field ever had, sealed; the newest version counts. Only the sealing may change (rotation), never who said what when.
CREATE TABLE customers_field (
  person_id   bigint      NOT NULL REFERENCES customers_person,
  field       text        NOT NULL CHECK (field IN ('name', 'phone', 'national_id', 'email', 'address')),
  version     integer     NOT NULL CHECK (version > 0),
  sealed      bytea       NOT NULL,
  said_by     text        NOT NULL CHECK (btrim(said_by) <> ''),
  why         text        NOT NULL CHECK (btrim(why) <> ''),
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (person_id, field, version)
);
GRANT SELECT, INSERT, UPDATE (sealed) ON customers_field TO honghua_app;

-- Finds a person by phone or identity number: HMAC of the value under the index key.
CREATE TABLE customers_index (
  kind      text   NOT NULL CHECK (kind IN ('phone', 'national_id')),
  digest    bytea  NOT NULL CHECK (octet_length(digest) = 32),
  person_id bigint NOT NULL REFERENCES customers_person,
  PRIMARY KEY (kind, digest),
  UNIQUE (person_id, kind)
);
GRANT SELECT, INSERT, DELETE ON customers_index TO honghua_app;

-- Who read personal fields in the clear, and for what.
CREATE TABLE customers_access (
  access_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id bigint      NOT NULL REFERENCES customers_person,
  fields    text[]      NOT NULL CHECK (cardinality(fields) > 0),
  viewer    text        NOT NULL CHECK (btrim(viewer) <> ''),
  purpose   text        NOT NULL CHECK (btrim(purpose) <> ''),
  at        timestamptz NOT NULL
);
CREATE INDEX customers_access_person ON customers_access (person_id, access_id);
CALL store_make_append_only('customers_access');
