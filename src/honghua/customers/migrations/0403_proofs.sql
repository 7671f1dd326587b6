-- Who proves to be whom: what people told about their situation, what identity services answered, what persons share.

-- What somebody told, or a bureau did, about work, income and debts; sealed under their own key, the newest version counts.
CREATE TABLE customers_profile (
  person_id   bigint      NOT NULL REFERENCES customers_person,
  version     integer     NOT NULL CHECK (version > 0),
  sealed      bytea       NOT NULL,
  said_by     text        NOT NULL CHECK (btrim(said_by) <> ''),
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (person_id, version)
);
GRANT SELECT, INSERT, UPDATE (sealed) ON customers_profile TO honghua_app;

-- Offers made and not made, with why: frequency caps count them.
CREATE TABLE customers_offer (
  offer_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id bigint      NOT NULL REFERENCES customers_person,
  name      text        NOT NULL CHECK (btrim(name) <> ''),
  channel   text        NOT NULL CHECK (btrim(channel) <> ''),
  is_made   boolean     NOT NULL,
  reasons   text[]      NOT NULL,
  key       text        NOT NULL UNIQUE,
  at        timestamptz NOT NULL,
  CHECK (is_made = (cardinality(reasons) = 0))
);
CREATE INDEX customers_offer_person ON customers_offer (person_id, at);
CALL store_make_append_only('customers_offer');

-- What several people may have in common, as keyed digests: who else uses this card, device, address, phone, identity number.
CREATE TABLE customers_link (
  kind      text        NOT NULL CHECK (kind IN ('national_id', 'phone', 'card', 'device', 'address')),
  digest    bytea       NOT NULL CHECK (octet_length(digest) = 32),
  person_id bigint      NOT NULL REFERENCES customers_person,
  since     timestamptz NOT NULL,
  PRIMARY KEY (kind, digest, person_id)
);
CREATE INDEX customers_link_person ON customers_link (person_id);
GRANT SELECT, INSERT, DELETE ON customers_link TO honghua_app;

CREATE TABLE customers_proof (
  proof_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id bigint      NOT NULL REFERENCES customers_person,
  key       text        NOT NULL UNIQUE,
  begun_at  timestamptz NOT NULL
);
CREATE INDEX customers_proof_person ON customers_proof (person_id);
CALL store_make_append_only('customers_proof');

-- Every answer of every service, and every silence. A fake says that it is one, here too.
CREATE TABLE customers_proof_answer (
  proof_id   bigint      NOT NULL REFERENCES customers_proof,
  kind       text        NOT NULL CHECK (kind IN ('four_factor', 'liveness', 'face')),
  number     integer     NOT NULL CHECK (number > 0),
  request_id text        NOT NULL,
  said       text        NOT NULL CHECK (said IN ('match', 'mismatch', 'silence')),
  score_ppm  integer     CHECK (score_ppm BETWEEN 0 AND 1000000),
  provider   text        NOT NULL,
  is_fake    boolean     NOT NULL,
  at         timestamptz NOT NULL,
  PRIMARY KEY (proof_id, kind, number)
);
CALL store_make_append_only('customers_proof_answer');

CREATE TABLE customers_proof_verdict (
  proof_id   bigint      NOT NULL REFERENCES customers_proof,
  number     integer     NOT NULL CHECK (number > 0),
  verdict    text        NOT NULL CHECK (verdict IN ('proven', 'refused', 'review')),
  reasons    text[]      NOT NULL,
  decided_by text        NOT NULL CHECK (btrim(decided_by) <> ''),
  at         timestamptz NOT NULL,
  PRIMARY KEY (proof_id, number)
);
CALL store_make_append_only('customers_proof_verdict');
