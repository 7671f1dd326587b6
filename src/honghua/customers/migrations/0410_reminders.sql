-- How a customer wishes to be reminded of a due day; the newest row counts, without one the house's own rule does. Append-only.
CREATE TABLE customers_reminder_choice (
  choice_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id   bigint      NOT NULL REFERENCES customers_person,
  channel     text        NOT NULL CHECK (channel IN ('sms', 'none')),
  if_debited  boolean     NOT NULL,                             -- also where an automatic debit is arranged
  said_at     timestamptz NOT NULL
);
CREATE INDEX customers_reminder_choice_person ON customers_reminder_choice (person_id, choice_id);
CALL store_make_append_only('customers_reminder_choice');
