-- Who is signed in: one row a browser. The browser holds the token; we hold only its digest, so a copy of this table opens nothing.
CREATE TABLE web_session (
  session_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  token_digest bytea       NOT NULL UNIQUE CHECK (octet_length(token_digest) = 32),
  subject      text        NOT NULL CHECK (subject <> ''),   -- a customer's reference, a user's name
  roles        text[]      NOT NULL CHECK (cardinality(roles) > 0),
  display_name text        NOT NULL,
  merchant     text        NOT NULL DEFAULT '',
  device       text        NOT NULL,                         -- "Chrome · Android": what the device list shows
  network      text        NOT NULL,                         -- shortened: enough to be recognised, not to be found
  idle_seconds integer     NOT NULL CHECK (idle_seconds > 0),
  began_at     timestamptz NOT NULL,
  seen_at      timestamptz NOT NULL,
  proved_at    timestamptz NOT NULL,                         -- when the person last proved who they are
  ends_at      timestamptz NOT NULL CHECK (ends_at > began_at),
  ended_at     timestamptz,
  ended_why    text        CHECK ((ended_at IS NULL) = (ended_why IS NULL))
);
CREATE INDEX web_session_live ON web_session (subject) WHERE ended_at IS NULL;
GRANT SELECT, INSERT, UPDATE ON web_session TO honghua_app;
COMMENT ON COLUMN web_session.idle_seconds IS 'a session that is not seen for so long is over';
