-- What we file: one record an account and month, each correction a new version; the files that carried them; notices of what is adverse.

CREATE SEQUENCE bureau_file_id INCREMENT BY 16;
GRANT USAGE ON SEQUENCE bureau_file_id TO honghua_app;

CREATE TABLE bureau_file (
  file_id      bigint      PRIMARY KEY,
  reporter     text        NOT NULL CHECK (reporter <> ''),
  month        date        NOT NULL CHECK (extract(day FROM month) = 1),
  records      integer     NOT NULL CHECK (records > 0),
  digest       bytea       NOT NULL CHECK (octet_length(digest) = 32),   -- sha256 of the file's bytes
  made_at      timestamptz NOT NULL
);
CALL store_make_append_only('bureau_file');

CREATE TABLE bureau_record (
  account_id    bigint      NOT NULL,
  month         date        NOT NULL CHECK (extract(day FROM month) = 1),
  version       integer     NOT NULL CHECK (version > 0),
  customer      text        NOT NULL CHECK (customer <> ''),
  product       text        NOT NULL,
  reporter      text        NOT NULL CHECK (reporter <> ''),
  account_type  text        NOT NULL CHECK (account_type IN ('D1', 'R1', 'R2', 'R3', 'R4', 'C1')),
  currency      text        NOT NULL,
  opened_on     date        NOT NULL,
  ended_on      date,
  line_minor    bigint      NOT NULL,
  used_minor    bigint      NOT NULL,
  balance_minor bigint      NOT NULL,
  due_minor     bigint      NOT NULL,
  paid_minor    bigint      NOT NULL,
  last_paid_on  date,
  status        text        NOT NULL CHECK (status IN ('N','1','2','3','4','5','6','7','*','#','D','Z','B','C','G','M','A')),
  days_past_due integer     NOT NULL CHECK (days_past_due >= 0),
  overdue_minor bigint      NOT NULL CHECK (overdue_minor >= 0),
  overdue_most_minor bigint NOT NULL CHECK (overdue_most_minor >= 0),
  overdue_from  date,
  cleared_on    date,
  carried_cleared_on date,
  risk_class    smallint    NOT NULL CHECK (risk_class IN (1, 2, 3, 4, 5, 9)),
  trades        integer[]   NOT NULL,
  known_fact_id bigint      NOT NULL,
  why           text        NOT NULL CHECK (btrim(why) <> ''),
  file_id       bigint      NOT NULL REFERENCES bureau_file,
  recorded_at   timestamptz NOT NULL,
  PRIMARY KEY (account_id, month, version),
  CONSTRAINT bureau_record_arrears CHECK (cleared_on IS NULL OR cleared_on >= overdue_from)
);
CREATE INDEX bureau_record_customer ON bureau_record (customer, month);
CREATE INDEX bureau_record_file ON bureau_record (file_id);
CREATE INDEX bureau_record_adverse ON bureau_record (overdue_from) WHERE overdue_from IS NOT NULL;
CALL store_make_append_only('bureau_record');
COMMENT ON TABLE bureau_record IS 'What the bureau was told, in its codes (rules.md §9). The newest version counts; none is ever changed. Append-only.';
COMMENT ON COLUMN bureau_record.known_fact_id IS 'the last fact of the account that was known: the record says what the facts up to it say';

CREATE VIEW bureau_newest AS
SELECT DISTINCT ON (account_id, month) * FROM bureau_record ORDER BY account_id, month, version DESC;
GRANT SELECT ON bureau_newest TO honghua_app;

CREATE TABLE bureau_notice (
  notice_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id  bigint      NOT NULL,
  customer    text        NOT NULL CHECK (customer <> ''),
  arose_on    date        NOT NULL,              -- of the arrears that it is about
  amount_minor bigint     NOT NULL,
  report_from timestamptz NOT NULL,              -- not before
  chinese     text        NOT NULL,
  english     text        NOT NULL,
  sent_at     timestamptz NOT NULL,
  UNIQUE (account_id, arose_on),
  CHECK (report_from >= sent_at)
);
CREATE INDEX bureau_notice_customer ON bureau_notice (customer);
CALL store_make_append_only('bureau_notice');
COMMENT ON TABLE bureau_notice IS 'Somebody was told before an adverse item was filed (征信业管理条例 art. 15). Append-only.';
