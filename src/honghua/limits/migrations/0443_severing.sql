-- Who leaves is severed from what was learnt and chosen by lot and by batch: the row stays as evidence, the person does not.

-- A choice is bound into its batch's digest by a mark: SHA-256 of a salt of its own and of the customer. Without the salt a mark says nothing
-- of anybody, and the digest that a second person approved can still be recomputed. Older batches were bound by the reference itself.
ALTER TABLE limits_temporary_choice
  ADD COLUMN salt bytea CHECK (octet_length(salt) = 16),
  ADD COLUMN mark bytea CHECK (octet_length(mark) = 32),
  ADD CONSTRAINT limits_temporary_choice_salted CHECK (salt IS NULL OR mark IS NOT NULL);
GRANT UPDATE (customer, salt) ON limits_temporary_choice TO honghua_app;

CREATE FUNCTION limits_sever_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.customer IS DISTINCT FROM OLD.customer
     AND (OLD.customer LIKE 'left:%' OR NEW.customer !~ '^left:[0-9a-f]{32}$' OR NEW.salt IS NOT NULL OR OLD.mark IS NULL) THEN
    RAISE EXCEPTION 'a choice of a batch changes its customer only by severing it' USING ERRCODE = 'HH001';
  END IF;
  IF NEW.customer = OLD.customer AND NEW.salt IS DISTINCT FROM OLD.salt THEN
    RAISE EXCEPTION 'a choice of a batch loses its salt only by severing it' USING ERRCODE = 'HH001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sever_only BEFORE UPDATE OF customer, salt ON limits_temporary_choice FOR EACH ROW EXECUTE FUNCTION limits_sever_only();
ALTER TABLE limits_temporary_choice ENABLE ALWAYS TRIGGER sever_only;

-- Rows of the slice stay closed to every change but this one. Taking them out would tell of limits by who left under them.
CREATE FUNCTION limits_refuse_slice_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.customer NOT LIKE 'left:%' AND NEW.customer ~ '^left:[0-9a-f]{32}$'
     AND to_jsonb(NEW) - 'customer' - 'key' = to_jsonb(OLD) - 'customer' - 'key' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'table % is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'HH001';
END $$;
ALTER TABLE limits_slice_outcome DROP CONSTRAINT limits_slice_outcome_slice_period_customer_fkey,
  ADD FOREIGN KEY (slice, period, customer) REFERENCES limits_slice_row ON UPDATE CASCADE;
DO $$
DECLARE target regclass;
BEGIN
  FOREACH target IN ARRAY ARRAY['limits_slice_row', 'limits_slice_outcome']::regclass[] LOOP
    EXECUTE format('DROP TRIGGER refuse_change ON %s', target);
    EXECUTE format('CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION limits_refuse_slice_change()', target);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER refuse_change', target);
  END LOOP;
END $$;
GRANT UPDATE (customer, key) ON limits_slice_row TO honghua_app;

CREATE TABLE limits_slice_pass (
  slice       text    PRIMARY KEY CHECK (slice <> ''),
  period      integer NOT NULL,
  account_id  bigint  NOT NULL
);
COMMENT ON TABLE limits_slice_pass IS 'How far lots of a period were drawn.';
GRANT SELECT, INSERT, UPDATE ON limits_slice_pass TO honghua_app;
CREATE INDEX limits_slice_row_customer ON limits_slice_row (customer);
