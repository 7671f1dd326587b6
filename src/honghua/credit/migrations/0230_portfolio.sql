-- The portfolio by time: statements stand nearly in the order of their cuts, so a BRIN index is a few pages and costs writers nothing.
CREATE INDEX credit_statement_cut ON credit_statement USING brin (cut_on);
