-- Questions about people: asked with a purpose and a reason, answered, reused, or without an answer.

CREATE TABLE bureau_inquiry (
  inquiry_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer     text        NOT NULL CHECK (customer <> ''),
  purpose      text        NOT NULL,
  reason_code  text        NOT NULL CHECK (btrim(reason_code) <> ''),
  reference    text        NOT NULL,
  consent_kind text        NOT NULL,
  consent_version integer  NOT NULL,
  consent_at   timestamptz NOT NULL,
  provider     text        NOT NULL,
  asked_at     timestamptz NOT NULL
);
CREATE INDEX bureau_inquiry_customer ON bureau_inquiry (customer, asked_at);
CALL store_make_append_only('bureau_inquiry');

CREATE TABLE bureau_answer (
  inquiry_id  bigint      PRIMARY KEY REFERENCES bureau_inquiry,
  outcome     text        NOT NULL CHECK (outcome IN ('answered', 'timed_out', 'failed', 'stale', 'wrong_person', 'garbled')),
  why         text        NOT NULL,
  exposure    jsonb,
  as_of       date,
  cost_minor  bigint      NOT NULL CHECK (cost_minor >= 0),
  answered_at timestamptz NOT NULL,
  CHECK ((outcome = 'answered') = (exposure IS NOT NULL)),
  CHECK ((outcome = 'answered') = (as_of IS NOT NULL))
);
CALL store_make_append_only('bureau_answer');
COMMENT ON TABLE bureau_answer IS 'What became of an inquiry; an inquiry without a row here died between the question and the answer. Append-only.';
