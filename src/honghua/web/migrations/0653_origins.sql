-- Origins of pages on which a partner's checkouts may stand.
CREATE TABLE web_partner_origin (
  partner_id bigint NOT NULL REFERENCES web_partner,
  origin     text   NOT NULL CHECK (origin ~ '^https?://[^/;, ]+$'),
  PRIMARY KEY (partner_id, origin)
);
GRANT SELECT, INSERT, DELETE ON web_partner_origin TO honghua_app;
