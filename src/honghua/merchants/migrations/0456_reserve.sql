-- Keeping a fee free in one round trip and two writes: the budget's row, which whoever comes second waits for, and the reservation.
-- A reservation stands on its budget, not on the terms: the row that is written anyway is the row that is locked.

ALTER TABLE merchants_reservation DROP CONSTRAINT merchants_reservation_campaign_id_fkey;
ALTER TABLE merchants_reservation ADD CONSTRAINT merchants_reservation_campaign_id_fkey
  FOREIGN KEY (campaign_id) REFERENCES merchants_budget;

CREATE FUNCTION merchants_reserve(
  p_key text, p_campaign bigint, p_customer text, p_amount bigint, p_fee bigint, p_periods integer, p_day date, p_at timestamptz)
RETURNS TABLE (outcome text, campaign_id bigint, customer text, amount_minor bigint, periods integer)
LANGUAGE plpgsql AS $$
DECLARE
  known merchants_reservation%ROWTYPE;
  was_known boolean;
BEGIN
  SELECT * INTO known FROM merchants_reservation AS r WHERE r.key = p_key FOR UPDATE;
  was_known := FOUND;
  IF was_known AND known.state <> 'released' THEN
    RETURN QUERY SELECT 'known'::text, known.campaign_id, known.customer, known.amount_minor, known.periods;
    RETURN;
  END IF;
  UPDATE merchants_budget AS b SET
    reserved_minor = b.reserved_minor + p_fee,
    day_minor = CASE WHEN b.day = p_day THEN b.day_minor ELSE 0 END + p_fee,
    day = p_day
  WHERE b.campaign_id = p_campaign AND b.is_open AND b.reserved_minor + b.spent_minor + p_fee <= b.budget_minor
    AND (b.daily_minor = 0 OR CASE WHEN b.day = p_day THEN b.day_minor ELSE 0 END + p_fee <= b.daily_minor)
    AND b.day <= p_day;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'none'::text, p_campaign, p_customer, p_amount, p_periods;
    RETURN;
  END IF;
  IF was_known THEN
    UPDATE merchants_reservation AS r SET state = 'open', settled_at = NULL, campaign_id = p_campaign, customer = p_customer,
      amount_minor = p_amount, fee_minor = p_fee, periods = p_periods, day = p_day, reserved_at = p_at
    WHERE r.key = p_key;
  ELSE
    INSERT INTO merchants_reservation AS r (key, campaign_id, customer, amount_minor, fee_minor, periods, day, state, reserved_at)
    VALUES (p_key, p_campaign, p_customer, p_amount, p_fee, p_periods, p_day, 'open', p_at) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN  -- one key at one moment: nothing of this is kept, and the next try finds the other's
      RAISE EXCEPTION 'key % is being reserved at this moment', p_key USING ERRCODE = 'serialization_failure';
    END IF;
  END IF;
  RETURN QUERY SELECT 'kept'::text, p_campaign, p_customer, p_amount, p_periods;
END $$;
COMMENT ON FUNCTION merchants_reserve IS 'kept: the fee is free under the key · known: it was before, for this order · none: the campaign cannot pay it';
GRANT EXECUTE ON FUNCTION merchants_reserve TO honghua_app;
