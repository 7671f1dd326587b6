-- What people steer the policy with while it runs: lists, suppressions, experiments, the brake. Append-only events.

CREATE TABLE decision_list_event (
    change_id  bigint NOT NULL REFERENCES decision_change,
    list       text NOT NULL,              -- deny, allow, exclusion, or another name
    entity     text NOT NULL,              -- customer, merchant, device …
    key        bigint NOT NULL,            -- as it stands in events
    label      text NOT NULL,              -- as people write it
    added      boolean NOT NULL,           -- false: removed
    expires_at timestamptz,
    PRIMARY KEY (list, entity, key, change_id)
);
CREATE INDEX decision_list_event_change ON decision_list_event (change_id);
CALL store_make_append_only('decision_list_event');

-- A rule told to be silent, for everybody or for one entity, until a moment. lifts: the suppression that this row ends.
CREATE TABLE decision_suppression (
    change_id  bigint PRIMARY KEY REFERENCES decision_change,
    purpose    text NOT NULL,
    rule       text NOT NULL,              -- its name in the policy
    entity     text,
    key        bigint,
    label      text,
    expires_at timestamptz,
    lifts      bigint REFERENCES decision_suppression,
    CHECK ((entity IS NULL) = (key IS NULL)),
    CHECK (lifts IS NOT NULL OR expires_at IS NOT NULL)
);
CALL store_make_append_only('decision_suppression');

-- A test split by customer. An experiment never changes; it ends.
CREATE TABLE decision_experiment (
    experiment_id integer PRIMARY KEY,
    change_id     bigint NOT NULL REFERENCES decision_change,
    purpose       text NOT NULL,
    name          text NOT NULL,
    salt          bytea NOT NULL,
    arms          text[] NOT NULL CHECK (cardinality(arms) BETWEEN 2 AND 100),
    shares_ppm    integer[] NOT NULL
);
CREATE UNIQUE INDEX decision_experiment_name ON decision_experiment (purpose, name);
CALL store_make_append_only('decision_experiment');

CREATE TABLE decision_experiment_end (
    experiment_id integer PRIMARY KEY REFERENCES decision_experiment,
    change_id     bigint NOT NULL REFERENCES decision_change
);
CALL store_make_append_only('decision_experiment_end');

-- The share of customers who are in no experiment, for good: set once per purpose.
CREATE TABLE decision_holdout (
    purpose   text PRIMARY KEY,
    change_id bigint NOT NULL REFERENCES decision_change,
    salt      bytea NOT NULL,
    share_ppm integer NOT NULL CHECK (share_ppm BETWEEN 0 AND 1000000)
);
CALL store_make_append_only('decision_holdout');

-- A rule that suddenly refuses everybody is stopped by the brake and reopened by a person; the newest row of a rule counts.
CREATE TABLE decision_brake_event (
    change_id   bigint PRIMARY KEY REFERENCES decision_change,
    purpose     text NOT NULL,
    bundle_id   smallint NOT NULL,
    rule        text NOT NULL,
    state       text NOT NULL CHECK (state IN ('warned', 'calm', 'stopped', 'reopened')),
    happened_at timestamptz NOT NULL,      -- event time
    judged      bigint NOT NULL,           -- in the window
    refused     bigint NOT NULL,           -- of them by this rule
    bound_ppm   integer NOT NULL
);
CALL store_make_append_only('decision_brake_event');
