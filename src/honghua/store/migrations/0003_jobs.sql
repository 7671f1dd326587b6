-- What runs by the clock, one row a job: when it is due next, how it went last. The lease is an advisory lock of the session that runs it.
CREATE TABLE store_job (
  name       text        PRIMARY KEY,
  due_at     timestamptz NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at   timestamptz,                 -- null while it runs, and when whoever ran it died
  runs       bigint      NOT NULL,        -- that ended well
  failures   integer     NOT NULL,        -- in a row, since one ended well
  error      text,                        -- of the newest failure
  failed_at  timestamptz,
  told       text        NOT NULL DEFAULT ''
);
GRANT SELECT, INSERT, UPDATE ON store_job TO honghua_app;
