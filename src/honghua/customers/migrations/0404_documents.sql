-- Contracts as they were shown, read and signed: the bytes sealed under the person's own key, their digests in the clear.

CREATE TABLE customers_document (
  document_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id      bigint      NOT NULL REFERENCES customers_person,
  key            text        NOT NULL UNIQUE CHECK (key <> ''),
  title          text        NOT NULL CHECK (btrim(title) <> ''),
  shown_digest   bytea       NOT NULL CHECK (octet_length(shown_digest) = 32),   -- of everything that was shown
  shown_at       timestamptz NOT NULL,
  read_seconds   integer     NOT NULL CHECK (read_seconds >= 0),                  -- how long it must be before the reader's eyes
  plain_sha256   bytea       NOT NULL CHECK (octet_length(plain_sha256) = 32),    -- of the PDF before it was signed
  sealed_plain   bytea       NOT NULL
);
CREATE INDEX customers_document_person ON customers_document (person_id);
GRANT SELECT, INSERT, UPDATE (sealed_plain) ON customers_document TO honghua_app;

CREATE TABLE customers_signature (
  document_id    bigint      PRIMARY KEY REFERENCES customers_document,
  read_ms        bigint      NOT NULL CHECK (read_ms >= 0),
  signed_at      timestamptz NOT NULL,
  signed_sha256  bytea       NOT NULL CHECK (octet_length(signed_sha256) = 32),
  certificate    bytea       NOT NULL CHECK (octet_length(certificate) = 32),     -- SHA-256 of the certificate that it was signed by
  sealed_signed  bytea       NOT NULL
);
GRANT SELECT, INSERT, UPDATE (sealed_signed) ON customers_signature TO honghua_app;

-- The certificates that we ever signed by: a signature by any other is not ours.
CREATE TABLE customers_certificate (
  fingerprint  bytea       PRIMARY KEY CHECK (octet_length(fingerprint) = 32),
  der          bytea       NOT NULL,
  is_own_made  boolean     NOT NULL,   -- made by ourselves: it proves that nothing was changed, not who we are
  since        timestamptz NOT NULL
);
CALL store_make_append_only('customers_certificate');
