-- Faces recorded on a page: that there was a film, for what, and what a face service said of it. The film itself is nowhere.
CREATE TABLE customers_recording (
  challenge_id bigint      PRIMARY KEY,                               -- whose digits it says; the challenge itself is gone after a day
  person_id    bigint      NOT NULL REFERENCES customers_person,
  aim          text        NOT NULL CHECK (btrim(aim) <> ''),          -- a step of joining, a suspended purchase, a device
  clip         text        NOT NULL CHECK (clip ~ '^[0-9a-f]{64}$'),   -- SHA-256 of the film
  text_version integer     NOT NULL CHECK (text_version > 0),             -- of the consent to this one film
  said         text        NOT NULL CHECK (said IN ('match', 'mismatch', 'silence')),
  score_ppm    integer     CHECK (score_ppm BETWEEN 0 AND 1000000),
  provider     text        NOT NULL CHECK (btrim(provider) <> ''),
  is_fake      boolean     NOT NULL,
  at           timestamptz NOT NULL
);
CREATE INDEX customers_recording_aim ON customers_recording (person_id, aim, at);
CREATE INDEX customers_recording_clip ON customers_recording (clip);
GRANT SELECT, INSERT, DELETE ON customers_recording TO honghua_app;
