-- Of two persons who decide a relief at once the first to say yes holds it until the books have answered: no money is waived under two
-- words, and nobody refuses what is just being granted.
ALTER TABLE credit_relief
  ADD COLUMN claimed_by  text,
  ADD COLUMN claimed_why text,
  ADD COLUMN claimed_key text,                    -- of the command that waives; a refusal of the books gives the relief free again
  ADD CHECK ((claimed_by IS NULL) = (claimed_key IS NULL) AND (claimed_by IS NULL) = (claimed_why IS NULL)),
  ADD CHECK (claimed_by <> asked_by);
