-- Who may sell on credit, and how it came to be: applied → checked → admitted, limited or refused → suspended → ended.

CREATE TABLE merchants_registry (
  merchant         text        PRIMARY KEY CHECK (length(merchant) BETWEEN 1 AND 200),
  merchant_id      bigint      UNIQUE,               -- its owner in the ledger, from the first check on
  name             text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  scenes           text[]      NOT NULL CHECK (cardinality(scenes) BETWEEN 1 AND 50),
  state            text        NOT NULL DEFAULT 'applied'
                   CHECK (state IN ('applied', 'checked', 'admitted', 'limited', 'refused', 'suspended', 'ended')),
  score            integer     CHECK (score BETWEEN 0 AND 1000),
  proposed         text,
  order_max_minor  bigint      NOT NULL DEFAULT 0 CHECK (order_max_minor >= 0),
  settle_days      smallint    NOT NULL DEFAULT 1 CHECK (settle_days BETWEEN 1 AND 30),
  fee_ppm          integer     NOT NULL DEFAULT 0 CHECK (fee_ppm BETWEEN 0 AND 100000),  -- of sales less refunds, each settlement
  decided_by       text,
  appealed_at      timestamptz,
  applied_at       timestamptz NOT NULL,
  CHECK ((state IN ('admitted', 'limited')) <= (merchant_id IS NOT NULL AND score IS NOT NULL AND decided_by IS NOT NULL))
);
CREATE INDEX merchants_registry_state ON merchants_registry (state, merchant);
GRANT SELECT, INSERT, UPDATE ON merchants_registry TO honghua_app;

CREATE TABLE merchants_registry_act (
  act_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  merchant     text        NOT NULL REFERENCES merchants_registry,
  act          text        NOT NULL,
  state_before text        NOT NULL,
  state_after  text        NOT NULL,
  person       text        NOT NULL CHECK (length(person) >= 1),
  reasons      text[]      NOT NULL CHECK (cardinality(reasons) >= 1),
  signs        jsonb,
  score        integer,
  at           timestamptz NOT NULL
);
CREATE INDEX merchants_registry_act_merchant ON merchants_registry_act (merchant, act_id);
CALL store_make_append_only('merchants_registry_act');
COMMENT ON TABLE merchants_registry_act IS 'Every step of every merchant with its reasons. Append-only.';
