-- Which rulebook judges applications and limits: proposed by one person, approved by another, in force from a business date. Append-only.

-- The price that a reviewer's yes comes to by the rulebook; 0 for the others, and for what was approved before prices were of contracts.
ALTER TABLE limits_application_act ADD COLUMN price_ppm bigint NOT NULL DEFAULT 0 CHECK (price_ppm >= 0 AND (act = 'approved' OR price_ppm = 0));

CREATE TABLE limits_rulebook_release (
  release_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest      bytea       NOT NULL UNIQUE REFERENCES limits_rulebook,
  author      text        NOT NULL CHECK (btrim(author) <> ''),
  why         text        NOT NULL CHECK (btrim(why) <> ''),
  built_in    boolean     NOT NULL,              -- came with the program: its authors made it, its release approved it
  proposed_at timestamptz NOT NULL
);
CALL store_make_append_only('limits_rulebook_release');

CREATE TABLE limits_rulebook_review (
  review_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  release_id  bigint      NOT NULL REFERENCES limits_rulebook_release,
  reviewer    text        NOT NULL CHECK (btrim(reviewer) <> ''),
  why         text        NOT NULL CHECK (btrim(why) <> ''),
  approved    boolean     NOT NULL,
  digest      bytea       NOT NULL,              -- of what the reviewer had before him
  reviewed_at timestamptz NOT NULL
);
CREATE INDEX limits_rulebook_review_release ON limits_rulebook_review (release_id, review_id);

CREATE FUNCTION limits_check_review() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE made_by text; made bytea;
BEGIN
  SELECT author, digest INTO made_by, made FROM limits_rulebook_release WHERE release_id = NEW.release_id;
  IF NEW.approved AND lower(btrim(made_by)) = lower(btrim(NEW.reviewer)) THEN
    RAISE EXCEPTION 'rulebook % was made by %: another person must approve it', NEW.release_id, made_by USING ERRCODE = 'HH002';
  END IF;
  IF made IS DISTINCT FROM NEW.digest THEN
    RAISE EXCEPTION 'rulebook % is not what was reviewed', NEW.release_id USING ERRCODE = 'HH002';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER check_review BEFORE INSERT ON limits_rulebook_review FOR EACH ROW EXECUTE FUNCTION limits_check_review();
ALTER TABLE limits_rulebook_review ENABLE ALWAYS TRIGGER check_review;
CALL store_make_append_only('limits_rulebook_review');

-- What judges from a business date on: of the rows whose day has come the newest counts. A rollback is a new row that says what an old one said.
CREATE TABLE limits_rulebook_seat (
  seat_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  release_id bigint      NOT NULL REFERENCES limits_rulebook_release,
  from_on    date        NOT NULL,
  person     text        NOT NULL CHECK (btrim(person) <> ''),
  why        text        NOT NULL CHECK (btrim(why) <> ''),
  restores   bigint      REFERENCES limits_rulebook_seat,
  seated_at  timestamptz NOT NULL
);

CREATE FUNCTION limits_check_seat() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT coalesce((SELECT approved FROM limits_rulebook_review WHERE release_id = NEW.release_id ORDER BY review_id DESC LIMIT 1), false) THEN
    RAISE EXCEPTION 'rulebook % is not approved', NEW.release_id USING ERRCODE = 'HH002';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER check_seat BEFORE INSERT ON limits_rulebook_seat FOR EACH ROW EXECUTE FUNCTION limits_check_seat();
ALTER TABLE limits_rulebook_seat ENABLE ALWAYS TRIGGER check_seat;
CALL store_make_append_only('limits_rulebook_seat');
