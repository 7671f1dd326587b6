-- A shop may take a part of an order on credit and collect the rest itself.
ALTER TABLE web_checkout ADD COLUMN accepts_less boolean NOT NULL DEFAULT false;
