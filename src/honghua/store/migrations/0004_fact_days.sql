-- Sums by value day for people: facts stand nearly in the order of these days, so a BRIN index is a few pages and costs writers nothing.
CREATE INDEX store_fact_value ON store_fact USING brin (value_on);
