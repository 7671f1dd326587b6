-- What a customer may say about tags, and who has left: their windows are dropped from memory and from snapshots before the row goes.

CREATE TABLE lab_tag_refused (
  customer      text        NOT NULL CHECK (customer <> ''),
  tag           text        NOT NULL CHECK (tag <> ''),
  refused_at    timestamptz NOT NULL,
  PRIMARY KEY (customer, tag)
);
COMMENT ON TABLE lab_tag_refused IS
  'Tags that a customer has struck out: never kept again until they are allowed again (算法推荐规定 17). Erased with the person.';

CREATE TABLE lab_leaver (
  customer      text        PRIMARY KEY CHECK (customer <> ''),
  left_at       timestamptz NOT NULL
);
COMMENT ON TABLE lab_leaver IS
  'Customers who left and whose windows may still stand in memory or in a snapshot of profiles; a row goes when they do not.';
CREATE INDEX lab_protected_key ON lab_protected (key);
GRANT SELECT, INSERT, UPDATE, DELETE ON lab_tag_refused, lab_leaver TO honghua_app;
