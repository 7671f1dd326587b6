-- Runs of agents: one journal a run, each entry the canonical JSON that a directory's journal holds too, and artefacts by content.

CREATE TABLE agents_run (
  run_id     text        PRIMARY KEY CHECK (run_id ~ '^[0-9a-f]{32}$'),
  flow       text        NOT NULL CHECK (flow <> ''),
  subject    text        NOT NULL,                 -- what it is about: one run at a time for each (flow, subject)
  opened_at  timestamptz NOT NULL
);
CREATE INDEX agents_run_newest ON agents_run (opened_at);
CALL store_make_append_only('agents_run');
COMMENT ON TABLE agents_run IS 'A piece of work of agents, from its opening to its end. Append-only; how it stands is told by its entries.';

CREATE TABLE agents_entry (
  run_id      text        NOT NULL REFERENCES agents_run,
  number      integer     NOT NULL CHECK (number >= 0),
  what        text        NOT NULL CHECK (what IN ('opened', 'started', 'done', 'sent_back', 'waiting', 'answered', 'failed', 'signed',
                                                   'refused', 'closed')),
  previous    bytea       NOT NULL CHECK (octet_length(previous) = 32),
  digest      bytea       NOT NULL,
  body        text        NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run_id, number),
  CONSTRAINT agents_entry_digest CHECK (digest = sha256(convert_to(body, 'UTF8'))),
  CONSTRAINT agents_entry_opened CHECK ((number = 0) = (what = 'opened'))
);
CALL store_make_append_only('agents_entry');
COMMENT ON TABLE agents_entry IS 'The journal of a run: a chain of hashes. Append-only.';

CREATE FUNCTION agents_check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number > 0 AND NOT EXISTS (
    SELECT FROM agents_entry WHERE run_id = NEW.run_id AND number = NEW.number - 1 AND digest = NEW.previous
      AND what NOT IN ('refused', 'closed')) THEN
    RAISE EXCEPTION 'entry % of run % does not follow the one before it', NEW.number, NEW.run_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER check_entry BEFORE INSERT ON agents_entry FOR EACH ROW EXECUTE FUNCTION agents_check_entry();

CREATE TABLE agents_artefact (
  digest  bytea       PRIMARY KEY,
  body    bytea       NOT NULL,
  kept_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT agents_artefact_digest CHECK (digest = sha256(body))
);
CALL store_make_append_only('agents_artefact');
COMMENT ON TABLE agents_artefact IS 'What runs read and wrote, by content: models, reports, policies, transcripts. Never tables of people. Append-only.';
