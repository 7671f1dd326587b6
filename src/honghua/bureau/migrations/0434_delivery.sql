-- What became of each monthly file after it was made: handed to the bureau, and what it said.

CREATE TABLE bureau_delivery (
  file_id      bigint      PRIMARY KEY REFERENCES bureau_file,
  desk         text        NOT NULL CHECK (desk <> ''),
  delivered_at timestamptz NOT NULL,
  receipt      text,                                 -- its first line: accepted, or rejected and why
  receipt_at   timestamptz,
  CHECK ((receipt IS NULL) = (receipt_at IS NULL))
);
GRANT SELECT, INSERT, UPDATE ON bureau_delivery TO honghua_app;
CREATE INDEX bureau_delivery_open ON bureau_delivery (file_id) WHERE receipt IS NULL;
