-- Five years after an adverse item has ended, what was filed of it is deleted, and only then (征信业管理条例 art. 16).
-- The tables stay closed to every change, except that a transaction that says on which day it deletes may delete what is older than that.

CREATE FUNCTION bureau_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  deleting_on date := nullif(current_setting('honghua.bureau_deleting_on', true), '')::date;
  since date := (to_jsonb(OLD) ->> TG_ARGV[0])::timestamptz::date;
BEGIN
  IF TG_OP = 'DELETE' AND since IS NOT NULL AND deleting_on IS NOT NULL AND since < deleting_on - make_interval(years => TG_ARGV[1]::int) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'table % is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'HH001', HINT = 'Correct a mistake with a new row that reverses the old one.';
END $$;

CREATE PROCEDURE bureau_let_expire(target regclass, since text, years int) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('DROP TRIGGER refuse_change ON %s', target);
  EXECUTE format('CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION bureau_refuse_change(%L, %L)',
    target, since, years);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER refuse_change', target);
  EXECUTE format('GRANT DELETE ON %s TO honghua_app', target);
END $$;
REVOKE EXECUTE ON PROCEDURE bureau_let_expire(regclass, text, int) FROM PUBLIC;
CALL bureau_let_expire('bureau_record', 'month', 5);
CALL bureau_let_expire('bureau_notice', 'arose_on', 5);
CALL bureau_let_expire('bureau_repair', 'repaid_on', 5);
CALL bureau_let_expire('bureau_objection', 'opened_at', 5);
CALL bureau_let_expire('bureau_objection_answer', 'answered_at', 5);
CALL bureau_let_expire('bureau_reinclusion', 'flagged_at', 0);  -- goes with the last repair of its customer

-- One row a run that deleted something; it says how much, and nothing about whom.
CREATE TABLE bureau_deletion (
  deletion_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  deleted_on  date        NOT NULL,
  records     integer     NOT NULL CHECK (records >= 0),
  notices     integer     NOT NULL CHECK (notices >= 0),
  repairs     integer     NOT NULL CHECK (repairs >= 0),
  objections  integer     NOT NULL CHECK (objections >= 0),
  at          timestamptz NOT NULL
);
CALL store_make_append_only('bureau_deletion');

-- How many records of a file are deleted: what it was can no longer be made again, how many it had can be counted.
CREATE TABLE bureau_file_gap (
  file_id  bigint  PRIMARY KEY REFERENCES bureau_file,
  records  integer NOT NULL CHECK (records > 0)
);
GRANT SELECT, INSERT, UPDATE ON bureau_file_gap TO honghua_app;
