-- Payments by hand through the gateway: one row a payment, one a word of the gateway about it.
CREATE TABLE web_payment (
  payment_id   uuid        PRIMARY KEY,
  customer     text        NOT NULL CHECK (customer <> ''),
  plan_id      bigint,                              -- the plan that it ends; null: a repayment
  amount_minor bigint      NOT NULL CHECK (amount_minor > 0),
  currency     text        NOT NULL,
  reference    text        NOT NULL DEFAULT '',     -- the gateway's, once it has answered
  pay_url      text        NOT NULL DEFAULT '',
  state        text        NOT NULL DEFAULT 'made' CHECK (state IN ('made', 'failed', 'paid', 'booked', 'disputed')),
  sequence     integer     NOT NULL DEFAULT 0,      -- of the last notice that counted
  attempt      integer     NOT NULL DEFAULT 0,      -- bookings that the books refused
  problem      text        NOT NULL DEFAULT '',
  made_at      timestamptz NOT NULL,
  changed_at   timestamptz NOT NULL,
  look_at      timestamptz NOT NULL,                -- when it is next asked about, or booked
  answer       jsonb,                               -- what the books said
  CONSTRAINT web_payment_booked CHECK ((state = 'booked') <= (answer IS NOT NULL))
);
CREATE INDEX web_payment_open ON web_payment (look_at) WHERE state IN ('made', 'paid');
CREATE INDEX web_payment_customer ON web_payment (customer, made_at);
GRANT SELECT, INSERT, UPDATE ON web_payment TO honghua_app;

CREATE TABLE web_payment_notice (
  notice_id    text        PRIMARY KEY,
  payment_id   text        NOT NULL,                -- as told: there may be no such payment
  sequence     integer     NOT NULL,
  status       text        NOT NULL,
  amount_minor bigint      NOT NULL,
  currency     text        NOT NULL,
  problem      text        NOT NULL,
  received_at  timestamptz NOT NULL
);
GRANT SELECT, INSERT ON web_payment_notice TO honghua_app;
