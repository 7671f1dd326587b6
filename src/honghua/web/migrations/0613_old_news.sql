-- News that arrived, or was given up, is kept for a while for the console that repeats it, and then deleted.
CREATE INDEX web_delivery_settled ON web_delivery (settled_at) WHERE state <> 'waiting';
GRANT DELETE ON web_delivery TO honghua_app;
