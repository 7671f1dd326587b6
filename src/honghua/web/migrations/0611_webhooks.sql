-- News for partners: where it goes, and each piece on its way. Made from facts behind a cursor, so none is lost and none made twice.

CREATE TABLE web_feed (
  name    text   PRIMARY KEY,
  txid    bigint NOT NULL,   -- the place in the log of facts up to which news was made
  fact_id bigint NOT NULL
);
CREATE TABLE web_endpoint (
  endpoint_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  partner_id  bigint      NOT NULL REFERENCES web_partner,
  url         text        NOT NULL,
  kinds       text[]      NOT NULL,            -- of events; empty: all
  sealed      bytea       NOT NULL,            -- the secret that signs what is sent
  created_at  timestamptz NOT NULL,
  ended_at    timestamptz
);
CREATE INDEX web_endpoint_partner ON web_endpoint (partner_id) WHERE ended_at IS NULL;
CREATE TABLE web_delivery (
  delivery_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  endpoint_id bigint      NOT NULL REFERENCES web_endpoint,
  account_id  bigint      NOT NULL,
  fact_id     bigint      NOT NULL,
  body        text        NOT NULL,            -- as it is signed and sent
  state       text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'dead')),
  tries       integer     NOT NULL DEFAULT 0,
  due_at      timestamptz NOT NULL,
  last_status integer,
  last_error  text,
  created_at  timestamptz NOT NULL,
  settled_at  timestamptz,
  UNIQUE (endpoint_id, fact_id)
);
CREATE INDEX web_delivery_line ON web_delivery (endpoint_id, account_id, delivery_id) WHERE state = 'waiting';
CREATE INDEX web_delivery_due ON web_delivery (due_at) WHERE state = 'waiting';
CREATE INDEX web_delivery_shown ON web_delivery (endpoint_id, delivery_id);
GRANT SELECT, INSERT, UPDATE ON web_feed, web_endpoint, web_delivery TO honghua_app;
COMMENT ON TABLE web_delivery IS 'one event for one endpoint; of an account, a later one waits until the earlier is done or dead';
