-- A second factor of customers' own choice: an authenticator, its recovery codes, and the browsers that need not show it at every sign-in.
ALTER TABLE web_challenge DROP CONSTRAINT web_challenge_kind_check;
ALTER TABLE web_challenge ADD CONSTRAINT web_challenge_kind_check
  CHECK (kind IN ('phone', 'new_phone', 'enrol', 'oidc', 'prove', 'factor', 'factor_enrol'));
ALTER TABLE web_session ADD COLUMN factor_at timestamptz;   -- when this session last showed the second factor

CREATE TABLE web_factor (
  customer    text        PRIMARY KEY CHECK (customer <> ''),
  totp_sealed bytea       NOT NULL,
  totp_step   bigint      NOT NULL,                 -- the last step whose code was used: no code counts twice
  enrolled_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON web_factor TO honghua_app;

CREATE TABLE web_factor_recovery (
  customer text  NOT NULL REFERENCES web_factor ON DELETE CASCADE,
  digest   bytea NOT NULL CHECK (octet_length(digest) = 32),
  used_at  timestamptz,
  PRIMARY KEY (customer, digest)
);
GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON web_factor_recovery TO honghua_app;

CREATE TABLE web_known_device (
  device_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  token_digest bytea       NOT NULL UNIQUE CHECK (octet_length(token_digest) = 32),
  customer     text        NOT NULL CHECK (customer <> ''),
  label        text        NOT NULL,
  made_at      timestamptz NOT NULL,
  seen_at      timestamptz NOT NULL,
  ends_at      timestamptz NOT NULL
);
CREATE INDEX web_known_device_customer ON web_known_device (customer);
GRANT SELECT, INSERT, DELETE, UPDATE (seen_at) ON web_known_device TO honghua_app;
