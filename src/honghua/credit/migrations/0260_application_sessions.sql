-- What a door saw of an application until it was sent (R-061): others are compared with it for some weeks, then it is deleted. What a
-- decision read of it stays with the decision, as numbers.
CREATE TABLE credit_application_session (
  session_id   bigint             GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- ids are given in the order of commits
  contract_id  bigint             NOT NULL UNIQUE REFERENCES credit_contract,
  customer_ref text               NOT NULL CHECK (customer_ref <> ''),
  at           timestamptz        NOT NULL,
  device       bigint             NOT NULL CHECK (device >= 0),     -- blind keys, 0 = not told
  network      bigint             NOT NULL CHECK (network >= 0),
  address      bigint             NOT NULL CHECK (address >= 0),
  typing       double precision[],                                  -- fraud.screening: dwell and flight of keys in ms, …
  path         smallint[],                                          -- pages in order
  page_s       double precision[],                                  -- seconds on each
  asked_minor  bigint             NOT NULL CHECK (asked_minor >= 0),
  CHECK ((typing IS NULL) = (path IS NULL) AND (typing IS NULL) = (page_s IS NULL))
);
CREATE INDEX credit_application_session_at ON credit_application_session (at);
GRANT SELECT, INSERT, DELETE ON credit_application_session TO honghua_app;
COMMENT ON TABLE credit_application_session IS 'How applications were typed and walked, and from where: compared with later ones, then deleted (R-061).';
