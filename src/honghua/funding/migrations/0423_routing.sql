-- Which purchases are shared with whom follows the facts by a cursor; what a channel lends on a day is bounded.

CREATE TABLE funding_cursor (
  is_one   boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (is_one),
  txid     bigint  NOT NULL,
  fact_id  bigint  NOT NULL                          -- the last fact that was looked at, in the order of (txid, fact_id)
);
INSERT INTO funding_cursor (txid, fact_id) VALUES (0, 0);
GRANT SELECT, UPDATE ON funding_cursor TO honghua_app;

-- Locked when purchases are shared: what the partners of a channel lent on a business day.
CREATE TABLE funding_quota (
  channel     text   NOT NULL,
  day         date   NOT NULL,
  lent_minor  bigint NOT NULL CHECK (lent_minor >= 0),
  PRIMARY KEY (channel, day)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON funding_quota TO honghua_app;

-- Whoever was not looked at for longest is looked at next.
CREATE INDEX funding_account_txid ON funding_account (txid);

-- What a repayment had earned is looked up by the beginning of its key when it is reversed.
CREATE INDEX funding_movement_earned ON funding_movement (key text_pattern_ops) WHERE kind IN ('interest', 'fee', 'penalty');

-- A purchase may be captured in parts: each capture is a loan. Loans from before this were of purchases captured at once.
ALTER TABLE funding_purchase ADD COLUMN fact_id bigint;
ALTER TABLE funding_purchase DISABLE TRIGGER refuse_change;  -- append-only: this once a column is filled
UPDATE funding_purchase AS p SET fact_id = coalesce(
  (SELECT min(i.fact_id) FROM funding_item AS i WHERE i.account_id = p.account_id AND i.purchase_id = p.purchase_id), p.purchase_id);
ALTER TABLE funding_purchase ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE funding_purchase ALTER COLUMN fact_id SET NOT NULL, DROP CONSTRAINT funding_purchase_pkey,
  ADD PRIMARY KEY (purchase_id, fact_id);
