-- What a person said who they are, while nobody has decided on it: sealed under their own key, deleted when somebody does.
CREATE TABLE customers_proof_claim (
  proof_id bigint PRIMARY KEY REFERENCES customers_proof,
  sealed   bytea  NOT NULL
);
GRANT SELECT, INSERT, DELETE, UPDATE (sealed) ON customers_proof_claim TO honghua_app;
