-- Readers with a cursor go on from a transaction. Facts lie in the table nearly in that order, so ranges of pages are index enough, and cost
-- a writer next to nothing.
CREATE INDEX store_fact_txid ON store_fact USING brin (txid) WITH (pages_per_range = 16, autosummarize = on);
