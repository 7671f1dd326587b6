-- Devices that persons proved themselves with, and the challenges that a proof must answer: digits drawn by lot, good once and for a minute.
CREATE TABLE customers_device (
  device_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id  bigint      NOT NULL REFERENCES customers_person,
  public_key bytea       NOT NULL CHECK (octet_length(public_key) = 32),   -- Ed25519; its private half never leaves the device
  proof_id   bigint      NOT NULL REFERENCES customers_proof,              -- the proofing that bound it
  bound_at   timestamptz NOT NULL,
  ended_at   timestamptz
);
CREATE UNIQUE INDEX customers_device_one ON customers_device (person_id) WHERE ended_at IS NULL;
GRANT SELECT, INSERT, UPDATE (ended_at) ON customers_device TO honghua_app;

CREATE TABLE customers_challenge (
  challenge_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id    bigint      NOT NULL REFERENCES customers_person,
  digits       text        NOT NULL CHECK (digits ~ '^[0-9]{4,8}$'),
  nonce        bytea       NOT NULL UNIQUE CHECK (octet_length(nonce) = 32),
  issued_at    timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL CHECK (expires_at > issued_at),
  used_at      timestamptz
);
CREATE INDEX customers_challenge_person ON customers_challenge (person_id, challenge_id);
GRANT SELECT, INSERT, UPDATE (used_at), DELETE ON customers_challenge TO honghua_app;
