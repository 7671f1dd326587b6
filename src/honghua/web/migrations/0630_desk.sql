-- What staff did at the desk, and what runs there for them. Changes of policy have their own record (decision_change).

CREATE TABLE web_desk_act (
  act_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  action     text        NOT NULL,
  subject    text        NOT NULL,            -- of what: a purchase, a customer, a day, a job
  person     text        NOT NULL CHECK (btrim(person) <> ''),
  why        text        NOT NULL CHECK (btrim(why) <> ''),
  happened_at timestamptz NOT NULL
);
CREATE INDEX web_desk_act_subject ON web_desk_act (subject, act_id);
CALL store_make_append_only('web_desk_act');
COMMENT ON TABLE web_desk_act IS 'Every change that a member of staff made here: who, what, why. Append-only.';

CREATE TABLE web_desk_task (
  task_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind        text        NOT NULL,            -- backtest, close_day, check_books
  subject     text        NOT NULL,
  person      text        NOT NULL CHECK (btrim(person) <> ''),
  wanted      jsonb       NOT NULL,            -- what it was asked to do
  state       text        NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed')),
  done        bigint      NOT NULL DEFAULT 0,
  whole       bigint      NOT NULL DEFAULT 0,
  told        text        NOT NULL DEFAULT '',
  result      jsonb,
  error       text,
  began_at    timestamptz NOT NULL,
  beat_at     timestamptz NOT NULL,            -- whoever runs it says so now and then; silent for long: it died
  ended_at    timestamptz
);
CREATE INDEX web_desk_task_running ON web_desk_task (beat_at) WHERE state = 'running';
GRANT SELECT, INSERT, UPDATE ON web_desk_task TO honghua_app;
