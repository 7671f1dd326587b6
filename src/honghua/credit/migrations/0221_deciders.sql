-- Whether purchases of this book are judged by the risk engine: then every writer of facts waits for the deciders' lock, so that
-- facts become visible in the order of their ids.
ALTER TABLE credit_book ADD COLUMN risk_engine boolean NOT NULL DEFAULT false;
