-- Sums by booking day for people: entries stand in the order of these days, so a BRIN index is a few pages and costs writers nothing.
CREATE INDEX ledger_entry_booked ON ledger_entry USING brin (booked_on);
