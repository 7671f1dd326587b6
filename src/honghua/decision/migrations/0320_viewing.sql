-- What people look at by time: the table grows in the order of its moments, so a BRIN index is a few pages and costs writers nothing.
CREATE INDEX decision_judged_happened ON decision_judged USING brin (happened_at);
