-- Accounts whose closed months a later fact has reached, until everybody who told others of those months has told them anew.
CREATE TABLE credit_late_account (
  account_id bigint PRIMARY KEY
);
GRANT SELECT, INSERT, DELETE ON credit_late_account TO honghua_app;
