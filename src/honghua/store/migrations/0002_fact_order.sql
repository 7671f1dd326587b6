-- Who folds all facts in the order in which they were booked (the risk engine) goes on from a fact id.
CREATE INDEX store_fact_order ON store_fact (fact_id);
