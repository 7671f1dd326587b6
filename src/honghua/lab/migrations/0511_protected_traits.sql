-- Protected traits of those who are scored: read to compare how groups fare, and by nothing that fits a model or chooses a variable.

CREATE TABLE lab_protected (
  trait     text        NOT NULL CHECK (trait <> ''),
  key       bigint      NOT NULL,                 -- as the register's batches of scores name the row
  word      text        NOT NULL CHECK (word <> ''),
  source    text        NOT NULL CHECK (source <> ''),
  noted_at  timestamptz NOT NULL,
  PRIMARY KEY (trait, key)
);
COMMENT ON TABLE lab_protected IS
  'Protected traits (sex, origin …) by row key, for measuring fairness at night. May be changed and erased; no model, variable or tag reads it.';
GRANT SELECT, INSERT, UPDATE, DELETE ON lab_protected TO honghua_app;
