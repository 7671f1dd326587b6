-- The ground: facts, commands, wishes, and the refusal that keeps append-only tables append-only.

CREATE FUNCTION store_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'table % is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'HH001', HINT = 'Correct a mistake with a new row that reverses the old one.';
END $$;

-- Called by migrations of every room: CALL store_make_append_only('ledger_entry').
CREATE PROCEDURE store_make_append_only(target regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION store_refuse_change()', target);
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION store_refuse_change()', target);
  -- ALWAYS: the refusal also stands when somebody sets session_replication_role.
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER refuse_change', target);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER refuse_truncate', target);
  EXECUTE format('GRANT SELECT, INSERT ON %s TO honghua_app', target);
END $$;
REVOKE EXECUTE ON PROCEDURE store_make_append_only(regclass) FROM PUBLIC;

-- A sequence hands out blocks of ids: nextval() = b stands for the ids b … b + increment − 1 (store/ids.py).
CREATE SEQUENCE store_fact_id INCREMENT BY 64;
CREATE SEQUENCE store_command_id INCREMENT BY 64;
CREATE SEQUENCE store_wish_id INCREMENT BY 64;

CREATE TABLE store_fact (
  fact_id          bigint      NOT NULL,
  kind             smallint    NOT NULL,
  version          smallint    NOT NULL DEFAULT 1,
  account_id       bigint      NOT NULL,
  value_on         date        NOT NULL,
  effective_on     date        NOT NULL,
  happened_at      timestamptz NOT NULL,
  recorded_at      timestamptz NOT NULL DEFAULT now(),
  amount_minor     bigint      NOT NULL,
  counterparty_id  bigint,
  purchase_id      bigint,
  reverses_fact_id bigint,
  command_id       bigint,
  args             bigint[]    NOT NULL DEFAULT '{}',
  reference        text,
  detail           jsonb,
  txid             bigint      NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  PRIMARY KEY (account_id, fact_id)
);
CREATE INDEX store_fact_purchase ON store_fact (purchase_id) WHERE purchase_id IS NOT NULL;
CALL store_make_append_only('store_fact');
COMMENT ON TABLE store_fact IS 'The event log and the outbox: what happened, in the words of honghua.facts. Append-only.';
COMMENT ON COLUMN store_fact.value_on IS 'the business date the fact is about; may lie in the past';
COMMENT ON COLUMN store_fact.effective_on IS 'the business date from which the fold counts it';
COMMENT ON COLUMN store_fact.txid IS 'the writing transaction: all below pg_snapshot_xmin() is final and has no gaps';

CREATE TABLE store_command (
  key         text        PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 200),
  command_id  bigint      NOT NULL,
  body_hash   bytea       NOT NULL CHECK (length(body_hash) = 32),
  answer      jsonb       NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CALL store_make_append_only('store_command');
COMMENT ON TABLE store_command IS 'Idempotency: the answer given to a key, written in the transaction that did the work. Append-only.';

CREATE TABLE store_wish (
  wish_id     bigint      PRIMARY KEY,
  kind        text        NOT NULL,
  key         text        NOT NULL UNIQUE,
  body        jsonb       NOT NULL,
  due_at      timestamptz NOT NULL,
  state       text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'failed')),
  tries       integer     NOT NULL DEFAULT 0 CHECK (tries >= 0),
  lease_until timestamptz,
  last_error  text,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  settled_at  timestamptz
);
CREATE INDEX store_wish_due ON store_wish (kind, due_at) WHERE state = 'waiting';
GRANT SELECT, INSERT, UPDATE ON store_wish TO honghua_app;
COMMENT ON TABLE store_wish IS 'Calls to the outside world that leave after commit, each under the key of whoever first wished for it.';

GRANT USAGE ON SEQUENCE store_fact_id, store_command_id, store_wish_id TO honghua_app;
