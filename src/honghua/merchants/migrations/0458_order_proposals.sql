-- What one person says of an order whose money would move; another says the same before it does.
CREATE TABLE merchants_order_proposal (
  proposal_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purchase_id  bigint      NOT NULL,
  is_real      boolean     NOT NULL,
  person       text        NOT NULL CHECK (btrim(person) <> ''),
  why          text        NOT NULL CHECK (btrim(why) <> ''),
  said_at      timestamptz NOT NULL
);
CREATE INDEX merchants_order_proposal_purchase ON merchants_order_proposal (purchase_id, proposal_id);
CALL store_make_append_only('merchants_order_proposal');
COMMENT ON TABLE merchants_order_proposal IS 'A first person''s word on an order whose money would move. Append-only; the newest counts.';

CREATE TABLE merchants_order_proposal_end (
  proposal_id  bigint      PRIMARY KEY REFERENCES merchants_order_proposal,
  person       text        NOT NULL CHECK (btrim(person) <> ''),   -- who confirmed it: never who proposed it
  ended_at     timestamptz NOT NULL
);
CALL store_make_append_only('merchants_order_proposal_end');
