-- What a complaint was answered, in words for the one who complained: sealed under their own key, as what they said.
CREATE TABLE customers_complaint_answer (
  complaint_id bigint PRIMARY KEY REFERENCES customers_complaint,
  sealed       bytea  NOT NULL
);
GRANT SELECT, INSERT, UPDATE (sealed) ON customers_complaint_answer TO honghua_app;
