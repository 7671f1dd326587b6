-- A partner that leaves may leave: its parts come back to us even where a bound is passed by it, and it is written down which.
CREATE TABLE funding_transfer_over (
  transfer_id  bigint NOT NULL REFERENCES funding_transfer,
  loan         text   NOT NULL REFERENCES funding_loan,
  bound        text   NOT NULL CHECK (bound <> ''),
  PRIMARY KEY (transfer_id, loan)
);
CALL store_make_append_only('funding_transfer_over');
COMMENT ON TABLE funding_transfer_over IS 'Loans bought back over a bound of joint lending, at a partner''s exit alone. Append-only.';
