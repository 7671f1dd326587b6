-- Checkouts paid with a bank card. The bank that acquires settles with the shop itself: none of this money is in the ledger.
ALTER TABLE web_checkout ADD COLUMN card_discount_minor bigint NOT NULL DEFAULT 0   -- what the shop takes off for a bank card
  CHECK (card_discount_minor >= 0 AND card_discount_minor < amount_minor);

-- By which means a checkout is being paid: one at a time. attempt: of credit, the newest that may be with the books.
CREATE TABLE web_checkout_means (
  checkout_id text    PRIMARY KEY REFERENCES web_checkout,
  means       text    NOT NULL CHECK (means IN ('credit', 'card')),
  attempt     integer NOT NULL CHECK (attempt >= 0)
);
GRANT SELECT, INSERT, UPDATE ON web_checkout_means TO honghua_app;

CREATE TABLE web_card_payment (
  payment_id     uuid        PRIMARY KEY,            -- the key that the acquirer knows
  checkout_id    text        NOT NULL REFERENCES web_checkout,
  customer       text        NOT NULL CHECK (customer <> ''),
  amount_minor   bigint      NOT NULL CHECK (amount_minor > 0),        -- what the customer pays: the discount is off
  discount_minor bigint      NOT NULL CHECK (discount_minor >= 0),
  currency       text        NOT NULL,
  state          text        NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'paid', 'declined')),
  problem        text        NOT NULL DEFAULT '',    -- what the acquirer said that cannot be
  reference      text        NOT NULL DEFAULT '',    -- the acquirer's
  pay_url        text        NOT NULL DEFAULT '',    -- the acquirer's page
  last_four      text        NOT NULL DEFAULT '' CHECK (last_four ~ '^([0-9]{4})?$'),
  made_at        timestamptz NOT NULL,
  look_at        timestamptz                         -- when the acquirer is next asked; null: nothing is open
);
CREATE UNIQUE INDEX web_card_payment_live ON web_card_payment (checkout_id) WHERE state <> 'declined';
CREATE INDEX web_card_payment_customer ON web_card_payment (customer, made_at);
CREATE INDEX web_card_payment_open ON web_card_payment (look_at) WHERE look_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE (state, problem, reference, pay_url, last_four, look_at) ON web_card_payment TO honghua_app;

CREATE TABLE web_card_event (
  event_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payment_id   uuid        NOT NULL REFERENCES web_card_payment,
  kind         text        NOT NULL CHECK (kind IN ('asked', 'paid', 'declined', 'refund_asked', 'refunded', 'refund_refused',
                             'dispute_asked', 'dispute_open', 'dispute_won', 'dispute_lost', 'different')),
  request      text        NOT NULL,                 -- the key of a refund; '' = of the payment itself
  amount_minor bigint      NOT NULL,
  reference    text        NOT NULL,
  at           timestamptz NOT NULL,
  UNIQUE (payment_id, kind, request)
);
CREATE UNIQUE INDEX web_card_event_refund ON web_card_event (request) WHERE kind = 'refund_asked';
CALL store_make_append_only('web_card_event');
