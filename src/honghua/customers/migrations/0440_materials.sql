-- Evidence that customers bring of their own accord, each piece with the consent that it came by. What it says is sealed under the
-- person's own key and goes the moment that the consent does.

CREATE TABLE customers_material (
  material_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id    bigint      NOT NULL REFERENCES customers_person,
  kind         text        NOT NULL CHECK (btrim(kind) <> ''),
  way          text        NOT NULL CHECK (way IN ('source', 'upload')),
  purposes     text[]      NOT NULL CHECK (cardinality(purposes) > 0 AND purposes <@ ARRAY['limit', 'review']),
  text_version integer     NOT NULL CHECK (text_version > 0),
  text_digest  bytea       NOT NULL CHECK (octet_length(text_digest) = 32),   -- of the words that were agreed to
  provider     text        NOT NULL CHECK (btrim(provider) <> ''),
  is_fake      boolean     NOT NULL,
  key          text        NOT NULL UNIQUE CHECK (key <> ''),
  given_at     timestamptz NOT NULL,
  sealed       bytea,
  issued_on    date,
  valid_until  date,
  ended_at     timestamptz,                                                  -- withdrawn, or its days are over
  CONSTRAINT customers_material_erased CHECK (ended_at IS NULL OR (sealed IS NULL AND issued_on IS NULL)),
  CONSTRAINT customers_material_dated CHECK ((sealed IS NULL) = (issued_on IS NULL))
);
CREATE INDEX customers_material_person ON customers_material (person_id, material_id);
CREATE INDEX customers_material_ends ON customers_material (valid_until) WHERE sealed IS NOT NULL;
GRANT SELECT, INSERT, UPDATE (sealed, issued_on, valid_until, ended_at) ON customers_material TO honghua_app;

-- What became of each piece: the newest word counts; none yet: its source has not answered.
CREATE TABLE customers_material_word (
  material_id bigint      NOT NULL REFERENCES customers_material,
  number      integer     NOT NULL CHECK (number > 0),
  state       text        NOT NULL CHECK (state IN ('in_force', 'review', 'refused', 'expired', 'withdrawn')),
  reasons     text[]      NOT NULL,
  said_by     text        NOT NULL CHECK (btrim(said_by) <> ''),
  why         text        NOT NULL,
  at          timestamptz NOT NULL,
  PRIMARY KEY (material_id, number)
);
CALL store_make_append_only('customers_material_word');
