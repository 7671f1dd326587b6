-- Which of a customer's lines a contract is of: credit.core.lines.purposes.Purpose (0 consumption, 1 business).
ALTER TABLE web_reading ADD COLUMN purpose smallint NOT NULL DEFAULT 0 CHECK (purpose IN (0, 1));
