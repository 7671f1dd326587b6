-- What is watched over time: whether a model may decide, with which arithmetic it scored, how far values have drifted, who was told.

-- A frozen score can be compared bit for bit only with the arithmetic that made it (fraud.core.version).
ALTER TABLE decision_regime ADD COLUMN score_version integer NOT NULL DEFAULT 1;

-- A model that failed its battery, or never had one, judges only on a named person's word. Append-only.
CREATE TABLE decision_model_waiver (
    change_id bigint PRIMARY KEY REFERENCES decision_change,
    digest    bytea NOT NULL,
    problems  text[] NOT NULL              -- what was wrong when it was waived
);
CREATE INDEX decision_model_waiver_digest ON decision_model_waiver (digest);
CALL store_make_append_only('decision_model_waiver');

-- A shadow with another model: its scores beside those that judged. Null where a shadow is judged on the same scores.
ALTER TABLE decision_shadow_count ADD COLUMN scores double precision[]; -- rows, sum of live scores, sum of its own, sum of distances

-- What people are told. The outbox delivers at least once, the key makes the second time harmless.
CREATE TABLE decision_alert (
    alert_id    bigint PRIMARY KEY,        -- the wish that told it
    key         text NOT NULL UNIQUE,
    kind        text NOT NULL,             -- brake, drift, shadow, job …
    subject     text NOT NULL,
    sentence    text NOT NULL,
    happened_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CALL store_make_append_only('decision_alert');

CREATE TABLE decision_alert_seen (
    alert_id    bigint NOT NULL REFERENCES decision_alert,
    person      text NOT NULL CHECK (btrim(person) <> ''),
    remark      text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (alert_id, person)
);
CALL store_make_append_only('decision_alert_seen');

-- Values and scores of a day in the bins of the model's fitting: a fold of the records, so it may be built again from them.
CREATE TABLE decision_drift (
    model_digest bytea NOT NULL,
    day          date NOT NULL,            -- UTC, of the purchases
    rows         bigint NOT NULL,
    state        bytea NOT NULL,           -- models.files.pack_counts
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (model_digest, day)
);
CREATE TABLE decision_drift_cursor (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    decision_id bigint NOT NULL            -- the last record that was counted
);
INSERT INTO decision_drift_cursor (decision_id) VALUES (-1);
GRANT SELECT, INSERT, UPDATE ON decision_drift TO honghua_app;
GRANT SELECT, UPDATE ON decision_drift_cursor TO honghua_app;
