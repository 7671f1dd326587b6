-- Under which generation of the index keys all blind indexes lie, and a value by which a wrong key is noticed. No row: nobody was ever
-- written. Writers of indexes hold the row, so that none of them writes an old index while all are moved to the next generation.
CREATE TABLE customers_index_key (
  is_only    boolean  PRIMARY KEY DEFAULT true CHECK (is_only),
  generation smallint NOT NULL CHECK (generation > 0),
  proof      bytea    NOT NULL CHECK (octet_length(proof) = 32)
);
GRANT SELECT, INSERT, UPDATE (generation, proof) ON customers_index_key TO honghua_app;
GRANT UPDATE (digest) ON customers_index TO honghua_app;
GRANT UPDATE (digest) ON customers_link TO honghua_app;
