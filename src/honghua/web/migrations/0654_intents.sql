-- What somebody is about to do at the desk, written down before the books are asked: a crash between loses no reason.
ALTER TABLE web_desk_act ADD COLUMN key text;   -- of the command that it leads to; '' = of none; null = done in the act's own transaction
CREATE INDEX web_desk_act_key ON web_desk_act (act_id) WHERE key IS NOT NULL;

CREATE TABLE web_desk_act_end (
  act_id  bigint      PRIMARY KEY REFERENCES web_desk_act,
  outcome text        NOT NULL CHECK (outcome IN ('done', 'refused', 'not_booked')),
  at      timestamptz NOT NULL
);
CALL store_make_append_only('web_desk_act_end');
