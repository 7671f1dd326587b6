-- How people sign in: users of staff and merchants, one-time codes, messages, and what bounds guessing.

CREATE TABLE web_user (
  user_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name          text        NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._@-]{1,63}$'),
  realm         text        NOT NULL CHECK (realm IN ('staff', 'merchant')),
  merchant      text        NOT NULL DEFAULT '',
  display_name  text        NOT NULL CHECK (btrim(display_name) <> ''),
  roles         text[]      NOT NULL CHECK (cardinality(roles) > 0),
  password_hash text        NOT NULL,                    -- argon2id with its own parameters and salt
  password_at   timestamptz NOT NULL,
  must_change   boolean     NOT NULL DEFAULT true,       -- somebody else knows the password
  totp_sealed   bytea,                                   -- null: not enrolled yet
  totp_step     bigint      NOT NULL DEFAULT 0,          -- the last step whose code was used: no code counts twice
  oidc_issuer   text,
  oidc_subject  text,
  locked_at     timestamptz,
  locked_why    text,
  made_at       timestamptz NOT NULL,
  CHECK ((realm = 'merchant') = (merchant <> '')),
  CHECK ((locked_at IS NULL) = (locked_why IS NULL)),
  CHECK ((oidc_issuer IS NULL) = (oidc_subject IS NULL))
);
CREATE UNIQUE INDEX web_user_oidc ON web_user (oidc_issuer, oidc_subject) WHERE oidc_subject IS NOT NULL;
CREATE INDEX web_user_merchant ON web_user (merchant) WHERE merchant <> '';
GRANT SELECT, INSERT, UPDATE ON web_user TO honghua_app;

CREATE TABLE web_recovery_code (
  user_id bigint      NOT NULL REFERENCES web_user,
  digest  bytea       NOT NULL CHECK (octet_length(digest) = 32),
  used_at timestamptz,
  PRIMARY KEY (user_id, digest)
);
GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON web_recovery_code TO honghua_app;

-- A sign-in that has begun and waits for something: the code of a message, the first code of an authenticator, the answer of a provider.
CREATE TABLE web_challenge (
  challenge_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind         text        NOT NULL CHECK (kind IN ('phone', 'new_phone', 'enrol', 'oidc')),
  token_digest bytea       NOT NULL UNIQUE CHECK (octet_length(token_digest) = 32),
  who          text        NOT NULL,                     -- a blind index or a user's name
  sealed       bytea       NOT NULL,                     -- what the rest needs: a phone number, a secret, a verifier
  tries        integer     NOT NULL DEFAULT 0,
  made_at      timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  done_at      timestamptz
);
CREATE INDEX web_challenge_expires ON web_challenge (expires_at);
GRANT SELECT, INSERT, DELETE, UPDATE (tries, done_at) ON web_challenge TO honghua_app;

-- Failures in a row of one name or phone, and until when nobody may try.
CREATE TABLE web_lock (
  subject      text        PRIMARY KEY,
  failures     integer     NOT NULL DEFAULT 0,
  locked_until timestamptz,
  failed_at    timestamptz NOT NULL
);
GRANT SELECT, INSERT, DELETE, UPDATE ON web_lock TO honghua_app;

-- How often something was done in a window of time: one row per bucket and window.
CREATE TABLE web_rate (
  bucket    text        NOT NULL,
  window_at timestamptz NOT NULL,
  taken     integer     NOT NULL,
  PRIMARY KEY (bucket, window_at)
);
CREATE INDEX web_rate_window ON web_rate (window_at);
GRANT SELECT, INSERT, DELETE, UPDATE ON web_rate TO honghua_app;

-- Short messages on their way. Number and text are sealed; the row goes a day after it was sent.
CREATE TABLE web_message (
  message_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key        text        NOT NULL UNIQUE,
  shown_to   text        NOT NULL,                       -- the masked number, or whose number we do not have
  sealed     bytea       NOT NULL,
  made_at    timestamptz NOT NULL,
  state      text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
  sent_at    timestamptz,
  problem    text        NOT NULL DEFAULT ''
);
CREATE INDEX web_message_made ON web_message (made_at);
GRANT SELECT, INSERT, DELETE, UPDATE (state, sent_at, problem) ON web_message TO honghua_app;

-- What happened at the doors: sign-ins, failures, locks, changes of users. Append-only, without anything personal.
CREATE TABLE web_event (
  event_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind     text        NOT NULL,
  subject  text        NOT NULL,
  network  text        NOT NULL DEFAULT '',
  detail   text        NOT NULL DEFAULT '',
  at       timestamptz NOT NULL
);
CREATE INDEX web_event_subject ON web_event (subject, event_id);
CALL store_make_append_only('web_event');
