-- Decisions about a customer's ceiling that evidence led to, when it came and when it went. No value of the evidence stands here: what
-- was taken back must leave nothing readable behind; only the figures of our own decision do.
CREATE TABLE credit_evidence_decision (
  decision_id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer           text        NOT NULL CHECK (customer <> ''),
  key                text        NOT NULL UNIQUE CHECK (key <> ''),
  outcome            text        NOT NULL CHECK (outcome IN ('raised', 'lowered', 'kept', 'review')),
  code               text        NOT NULL CHECK (code <> ''),
  materials          bigint[]    NOT NULL,          -- numbers of the pieces that were in force
  named              text[]      NOT NULL,          -- what they changed of what was known, by name
  base_minor         bigint      NOT NULL CHECK (base_minor >= 0),
  ceiling_from_minor bigint      NOT NULL CHECK (ceiling_from_minor >= 0),
  ceiling_to_minor   bigint      NOT NULL CHECK (ceiling_to_minor >= 0),
  limit_minor        bigint      NOT NULL CHECK (limit_minor >= 0),
  offered_minor      bigint      NOT NULL CHECK (offered_minor >= 0),   -- the fixed limit that was offered, 0 = none
  rulebook           bytea       NOT NULL CHECK (octet_length(rulebook) = 32),
  on_day             date        NOT NULL,
  decided_at         timestamptz NOT NULL,
  CHECK ((outcome = 'raised') = (ceiling_to_minor > ceiling_from_minor) OR outcome = 'review'),
  CHECK ((outcome = 'lowered') = (ceiling_to_minor < ceiling_from_minor) OR outcome = 'review')
);
CREATE INDEX credit_evidence_decision_customer ON credit_evidence_decision (customer, decision_id);
CALL store_make_append_only('credit_evidence_decision');

-- Decisions whose consequences for the account are booked.
CREATE TABLE credit_evidence_carried (
  decision_id bigint      PRIMARY KEY REFERENCES credit_evidence_decision,
  at          timestamptz NOT NULL
);
CALL store_make_append_only('credit_evidence_carried');
