-- Complaints and their clocks. What was said is sealed under the person's own key; what became of it is append-only beside.

CREATE TABLE customers_complaint (
  complaint_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id    bigint      NOT NULL REFERENCES customers_person,
  channel      text        NOT NULL CHECK (btrim(channel) <> ''),
  about        text        NOT NULL CHECK (btrim(about) <> ''),   -- collection, privacy, price, service …
  sealed       bytea       NOT NULL,
  key          text        NOT NULL UNIQUE CHECK (key <> ''),
  received_on  date        NOT NULL,
  received_at  timestamptz NOT NULL
);
CREATE INDEX customers_complaint_person ON customers_complaint (person_id);
GRANT SELECT, INSERT, UPDATE (sealed) ON customers_complaint TO honghua_app;

CREATE TABLE customers_complaint_act (
  complaint_id bigint      NOT NULL REFERENCES customers_complaint,
  number       integer     NOT NULL CHECK (number > 0),
  act          text        NOT NULL CHECK (act IN ('complex', 'special', 'answered')),
  person       text        NOT NULL CHECK (btrim(person) <> ''),
  why          text        NOT NULL CHECK (btrim(why) <> ''),
  at           timestamptz NOT NULL,
  PRIMARY KEY (complaint_id, number),
  UNIQUE (complaint_id, act)
);
CALL store_make_append_only('customers_complaint_act');
COMMENT ON COLUMN customers_complaint_act.act IS 'complex: 30 days instead of 15 · special: 30 more · answered: the end';
