-- The device with which somebody was proven, where a session was begun on it: a digest of its key, "" on any other.
ALTER TABLE web_session ADD COLUMN bound_device text NOT NULL DEFAULT '' CHECK (bound_device ~ '^([0-9a-f]{32})?$');
COMMENT ON COLUMN web_session.bound_device IS 'set when the device signed a challenge; emptied when it is lost';
