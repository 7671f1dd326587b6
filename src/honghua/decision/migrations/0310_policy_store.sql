-- Who changed what in the policy, and why: releases with maker and checker, and which of them judge. Append-only.

-- Every act of a person (or of the brake) is one row; its number is what running engines poll. Numbers are given out under
-- one lock, so that they become visible in order: a reader that saw 7 has seen 6.
CREATE TABLE decision_change (
    change_id   bigint PRIMARY KEY,
    action      text NOT NULL,
    subject     text NOT NULL,
    person      text NOT NULL CHECK (btrim(person) <> ''),
    why         text NOT NULL CHECK (btrim(why) <> ''),
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CALL store_make_append_only('decision_change');

CREATE TABLE decision_release (
    release_id      smallint PRIMARY KEY REFERENCES decision_bundle (bundle_id),
    change_id       bigint NOT NULL REFERENCES decision_change,
    source          text NOT NULL,         -- in the policy language, as it was proposed
    vocabulary      text NOT NULL,         -- the inputs it was compiled against
    features_digest bytea NOT NULL,
    model_digest    bytea NOT NULL,        -- empty: no model
    lists_digest    bytea NOT NULL,
    reference       text NOT NULL,         -- JSON: what each rule refused in the backtest, ppm; the brake measures against it
    author          text NOT NULL,
    built_in        boolean NOT NULL       -- came with the program: its authors made it, its release approved it
);
CALL store_make_append_only('decision_release');

CREATE TABLE decision_review (
    release_id smallint NOT NULL REFERENCES decision_release,
    change_id  bigint NOT NULL REFERENCES decision_change,
    reviewer   text NOT NULL,
    approved   boolean NOT NULL,
    digest     bytea NOT NULL,             -- of what the reviewer had before him
    PRIMARY KEY (release_id, change_id)
);

CREATE FUNCTION decision_check_review() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE made_by text; made bytea;
BEGIN
  SELECT author, bundle.digest INTO made_by, made
  FROM decision_release JOIN decision_bundle AS bundle ON bundle_id = release_id WHERE release_id = NEW.release_id;
  IF NEW.approved AND lower(btrim(made_by)) = lower(btrim(NEW.reviewer)) THEN
    RAISE EXCEPTION 'release % was made by %: another person must approve it', NEW.release_id, made_by USING ERRCODE = 'HH002';
  END IF;
  IF made IS DISTINCT FROM NEW.digest THEN
    RAISE EXCEPTION 'release % is not what was reviewed', NEW.release_id USING ERRCODE = 'HH002';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER check_review BEFORE INSERT ON decision_review FOR EACH ROW EXECUTE FUNCTION decision_check_review();
ALTER TABLE decision_review ENABLE ALWAYS TRIGGER check_review;
CALL store_make_append_only('decision_review');

-- What judges a purpose from here on. The newest row counts; a rollback is a new row that says what an old one said.
CREATE TABLE decision_lineup (
    lineup_id      bigint PRIMARY KEY REFERENCES decision_change,
    purpose        text NOT NULL,
    champion       smallint NOT NULL REFERENCES decision_release,
    challenger     smallint REFERENCES decision_release,
    challenger_ppm integer NOT NULL CHECK (challenger_ppm BETWEEN 0 AND 1000000),
    shadows        smallint[] NOT NULL,
    restores       bigint REFERENCES decision_lineup,
    CHECK ((challenger IS NULL) = (challenger_ppm = 0))
);

CREATE FUNCTION decision_check_lineup() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE one smallint;
BEGIN
  FOREACH one IN ARRAY NEW.shadows || NEW.champion || coalesce(NEW.challenger, NEW.champion) LOOP
    IF NOT coalesce((SELECT approved FROM decision_review WHERE release_id = one ORDER BY change_id DESC LIMIT 1), false) THEN
      RAISE EXCEPTION 'release % is not approved', one USING ERRCODE = 'HH002';
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
CREATE TRIGGER check_lineup BEFORE INSERT ON decision_lineup FOR EACH ROW EXECUTE FUNCTION decision_check_lineup();
ALTER TABLE decision_lineup ENABLE ALWAYS TRIGGER check_lineup;
CALL store_make_append_only('decision_lineup');
