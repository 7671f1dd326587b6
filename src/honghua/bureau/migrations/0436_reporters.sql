-- A loan that several lenders gave is reported by each of them: a record is one account, month and reporter, its versions counted apart.
ALTER TABLE bureau_record DROP CONSTRAINT bureau_record_pkey, ADD PRIMARY KEY (account_id, month, reporter, version);

CREATE OR REPLACE VIEW bureau_newest AS
SELECT DISTINCT ON (account_id, month, reporter) * FROM bureau_record ORDER BY account_id, month, reporter, version DESC;
