-- Who opens an account reads the agreements before anybody knows the limit: that reading is about no amount yet.
ALTER TABLE web_reading DROP CONSTRAINT web_reading_amount_minor_check;
ALTER TABLE web_reading ADD CONSTRAINT web_reading_amount_minor_check CHECK (amount_minor > 0 OR (kind = 'opening' AND amount_minor = 0));
