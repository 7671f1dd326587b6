-- The register of models: versions per segment and purpose with their files, figures and lineage; who moved them, and why; how they do.

-- What was filed stays as it was filed. Append-only.
CREATE TABLE models_version (
  version_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  segment       text        NOT NULL CHECK (length(segment) BETWEEN 1 AND 200),
  purpose       text        NOT NULL CHECK (length(purpose) BETWEEN 1 AND 200),
  number        integer     NOT NULL CHECK (number >= 1),      -- of its segment and purpose
  kind          text        NOT NULL,                          -- forest, scorecard …
  digest        bytea       NOT NULL CHECK (length(digest) = 32),        -- what it computes
  files_digest  bytea       NOT NULL CHECK (length(files_digest) = 32),  -- of its files, as models.registry.core says
  columns       text[]      NOT NULL,                          -- what it reads, in order
  figures       jsonb       NOT NULL,
  examination   jsonb,                                         -- null: nobody examined it
  passed        boolean     NOT NULL,
  data_digest   bytea       NOT NULL CHECK (length(data_digest) = 32),   -- of the rows of its fitting
  run_id        text        NOT NULL,
  parent        bigint      REFERENCES models_version,
  fitted_until  date        NOT NULL,
  made_by       text        NOT NULL CHECK (btrim(made_by) <> ''),
  made_at       timestamptz NOT NULL,
  UNIQUE (segment, purpose, number)
);
CREATE INDEX models_version_digest ON models_version (digest);
CALL store_make_append_only('models_version');
COMMENT ON TABLE models_version IS 'Model versions per segment and purpose: what was filed, from which data, by which run. Append-only.';

CREATE TABLE models_file (
  version_id  bigint NOT NULL REFERENCES models_version,
  path        text   NOT NULL CHECK (length(path) BETWEEN 1 AND 200),
  content     bytea  NOT NULL,
  PRIMARY KEY (version_id, path)
);
CALL store_make_append_only('models_file');

-- Where a version stands now: a fold of its acts. The index keeps what no two writers may do at once.
CREATE TABLE models_standing (
  version_id  bigint      PRIMARY KEY REFERENCES models_version,
  segment     text        NOT NULL,
  purpose     text        NOT NULL,
  status      text        NOT NULL CHECK (status IN ('candidate', 'challenger', 'champion', 'retired')),
  changed_at  timestamptz NOT NULL
);
CREATE UNIQUE INDEX models_standing_champion ON models_standing (segment, purpose) WHERE status = 'champion';
CREATE INDEX models_standing_status ON models_standing (status, version_id);
GRANT SELECT, INSERT, UPDATE ON models_standing TO honghua_app;

CREATE TABLE models_act (
  act_id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  version_id  bigint      NOT NULL REFERENCES models_version,
  before      text        NOT NULL,                            -- '' = it was not there
  after       text        NOT NULL,
  person      text        NOT NULL CHECK (btrim(person) <> ''),
  why         text        NOT NULL CHECK (btrim(why) <> ''),
  evidence    jsonb       NOT NULL,                            -- of a promotion: the trial that it stands on
  at          timestamptz NOT NULL
);
CREATE INDEX models_act_version ON models_act (version_id, act_id);
CALL store_make_append_only('models_act');
COMMENT ON TABLE models_act IS 'Every change of a model version''s standing: who, why, on which evidence. Append-only.';

-- What a version scored: a day's rows as one packed batch. Append-only, but for the sign that the night has counted it.
CREATE TABLE models_scored (
  batch_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  version_id  bigint      NOT NULL REFERENCES models_version,
  on_day      date        NOT NULL,
  rows        integer     NOT NULL CHECK (rows > 0),
  content     bytea       NOT NULL,                            -- models.registry.core.pack_scored: keys, values, scores
  noted_at    timestamptz NOT NULL
);
CREATE INDEX models_scored_version ON models_scored (version_id, on_day);
CALL store_make_append_only('models_scored');

CREATE TABLE models_outcome (
  outcome_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  version_id  bigint      NOT NULL REFERENCES models_version,
  as_of       date        NOT NULL,                            -- known since
  rows        integer     NOT NULL CHECK (rows > 0),
  content     bytea       NOT NULL,                            -- models.registry.core.pack_outcomes: keys, 0 or 1
  noted_at    timestamptz NOT NULL
);
CREATE INDEX models_outcome_version ON models_outcome (version_id, outcome_id);
CALL store_make_append_only('models_outcome');

-- What the night found: a fold of the batches, so it may be made again from them.
CREATE TABLE models_watch (
  version_id      bigint           NOT NULL REFERENCES models_version,
  on_day          date             NOT NULL,
  rows            bigint           NOT NULL,
  batches         bigint           NOT NULL,                   -- how many were counted
  score_psi       double precision NOT NULL,
  score_shift_sd  double precision NOT NULL,
  null_change     double precision NOT NULL,                   -- the largest of a column
  column_psi      double precision NOT NULL,                   -- the largest of a column
  worst_column    text             NOT NULL,
  alarms          text[]           NOT NULL,
  watched_at      timestamptz      NOT NULL,
  PRIMARY KEY (version_id, on_day)
);
GRANT SELECT, INSERT, UPDATE ON models_watch TO honghua_app;

CREATE TABLE models_vintage (
  version_id  bigint           NOT NULL REFERENCES models_version,
  month       date             NOT NULL CHECK (extract(day FROM month) = 1),  -- in which the rows were scored
  labelled    bigint           NOT NULL,
  ones        bigint           NOT NULL,
  said        double precision NOT NULL,                       -- sum of probabilities of those labelled
  auc         double precision,                                -- null: one class only
  auc_low     double precision,
  auc_high    double precision,
  alarms      text[]           NOT NULL,
  watched_at  timestamptz      NOT NULL,
  PRIMARY KEY (version_id, month)
);
GRANT SELECT, INSERT, UPDATE ON models_vintage TO honghua_app;

CREATE TABLE models_counted (
  version_id  bigint PRIMARY KEY REFERENCES models_version,
  outcome_id  bigint NOT NULL                                  -- the last batch of outcomes that its vintages know
);
GRANT SELECT, INSERT, UPDATE ON models_counted TO honghua_app;
