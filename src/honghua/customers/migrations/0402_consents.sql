-- What people agreed to: texts with versions, and each yes and no. Append-only.

CREATE TABLE customers_consent_text (
  kind         text        NOT NULL,
  version      integer     NOT NULL CHECK (version > 0),
  chinese      text        NOT NULL CHECK (btrim(chinese) <> ''),
  english      text        NOT NULL CHECK (btrim(english) <> ''),
  read_seconds integer     NOT NULL CHECK (read_seconds >= 0),   -- how long it must have been before the reader's eyes
  is_needed    boolean     NOT NULL,                             -- without it there is no account
  published_at timestamptz NOT NULL,
  PRIMARY KEY (kind, version)
);
CALL store_make_append_only('customers_consent_text');

CREATE TABLE customers_consent (
  consent_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id  bigint      NOT NULL REFERENCES customers_person,
  kind       text        NOT NULL,
  version    integer     NOT NULL,
  is_given   boolean     NOT NULL,          -- false: withdrawn
  read_ms    integer     NOT NULL CHECK (read_ms >= 0),
  channel    text        NOT NULL CHECK (btrim(channel) <> ''),
  at         timestamptz NOT NULL,
  FOREIGN KEY (kind, version) REFERENCES customers_consent_text
);
CREATE INDEX customers_consent_person ON customers_consent (person_id, kind, consent_id);
CALL store_make_append_only('customers_consent');

-- A right that somebody uses: copy, correction, deletion, explanation, a human instead of a machine. The clock runs until it is answered.
CREATE TABLE customers_request (
  request_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id  bigint      NOT NULL REFERENCES customers_person,
  kind       text        NOT NULL CHECK (kind IN ('copy', 'correction', 'deletion', 'explanation', 'human_decision')),
  made_at    timestamptz NOT NULL,
  due_at     timestamptz NOT NULL CHECK (due_at > made_at),
  closed_at  timestamptz,
  closed_by  text,
  outcome    text,
  CHECK ((closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX customers_request_open ON customers_request (due_at) WHERE closed_at IS NULL;
CREATE INDEX customers_request_person ON customers_request (person_id);
GRANT SELECT, INSERT, UPDATE (closed_at, closed_by, outcome) ON customers_request TO honghua_app;
