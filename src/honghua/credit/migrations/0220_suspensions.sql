-- Purchases set aside until they are proven, confirmed or reviewed. The facts are the ground; this is the queue.

CREATE TABLE credit_suspension (
  suspension_id bigint      PRIMARY KEY,             -- the command that asked, and its decision's id
  account_id    bigint      NOT NULL,
  outcome       smallint    NOT NULL CHECK (outcome IN (3, 4, 7)),  -- decision.core.Outcome: step up, review, delay
  amount_minor  bigint      NOT NULL CHECK (amount_minor > 0),
  merchant      text        NOT NULL,
  category      text        NOT NULL,
  order_ref     text        NOT NULL,
  until_us      bigint      NOT NULL,                -- microseconds since 1970 UTC: may not go on before
  expires_us    bigint      NOT NULL,
  state         text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'passed', 'denied', 'used', 'lapsed')),
  token         text        NOT NULL DEFAULT '',
  tries         smallint    NOT NULL DEFAULT 0,      -- wrong proofs so far
  claimed_by    text,
  claimed_until timestamptz,
  decided_by    text,
  used_by       bigint,                              -- the command that went on with it
  recorded_at   timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT credit_suspension_used CHECK ((state = 'used') = (used_by IS NOT NULL))
);
CREATE INDEX credit_suspension_queue ON credit_suspension (suspension_id) WHERE state = 'waiting' AND outcome = 4;
CREATE INDEX credit_suspension_account ON credit_suspension (account_id);
GRANT SELECT, INSERT, UPDATE ON credit_suspension TO honghua_app;
COMMENT ON TABLE credit_suspension IS 'waiting · passed or denied by a reviewer · used: the purchase went on · lapsed: too late or too many wrong proofs';
