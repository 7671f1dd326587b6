-- Decision records with the frozen vector, and all that is needed to judge it again: models, layouts, regimes. Append-only.

-- A trained model by its digest, one row per file, so that a database needs nothing beside it to be replayed.
CREATE TABLE decision_model (
    digest      bytea NOT NULL,
    path        text NOT NULL,
    content     bytea NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (digest, path)
);
ALTER TABLE decision_model ALTER COLUMN content SET STORAGE EXTERNAL;
CALL store_make_append_only('decision_model');

-- The names of what is frozen.
CREATE TABLE decision_layout (
    layout_id integer PRIMARY KEY,
    digest    bytea NOT NULL UNIQUE,
    inputs    text[] NOT NULL,             -- float64, what policies read
    signals   text[] NOT NULL,             -- float32, what models read
    events    text[] NOT NULL              -- int64, the event itself
);
CALL store_make_append_only('decision_layout');

-- Everything that was in force and is the same for many decisions.
CREATE TABLE decision_regime (
    regime_id    integer PRIMARY KEY,
    digest       bytea NOT NULL UNIQUE,
    change_id    bigint NOT NULL,          -- the last change that the engine had seen
    lineup_id    bigint NOT NULL,
    layout_id    integer NOT NULL REFERENCES decision_layout,
    lists_digest bytea NOT NULL,
    model_digest bytea NOT NULL,           -- empty: no model
    experiments  integer[] NOT NULL        -- those running; a record's arms stand in this order
);
CALL store_make_append_only('decision_regime');

-- The content of all lists at one moment, by digest: the fold of list events up to one change.
CREATE TABLE decision_lists_seen (
    digest    bytea PRIMARY KEY,
    change_id bigint NOT NULL,
    entries   bigint NOT NULL
);
CALL store_make_append_only('decision_lists_seen');

CREATE TABLE decision_judged (
    account_id   bigint NOT NULL,
    decision_id  bigint NOT NULL,          -- the id of the command that asked
    happened_at  timestamptz NOT NULL,
    regime_id    integer NOT NULL,
    bundle_id    smallint NOT NULL,        -- champion or challenger
    outcome      smallint NOT NULL,        -- decision.core.Outcome
    reason       text,                     -- code of the rule that decided
    amount_minor bigint NOT NULL,          -- what may be spent
    extra_minor  bigint NOT NULL,          -- limit granted for this order only
    fired        bytea NOT NULL,           -- numbers of the rules that held, uint16 little-endian
    muted        bytea NOT NULL,           -- numbers of the rules that were suppressed or braked for this one
    arms         bytea NOT NULL,           -- one byte per running experiment; 0 = holdout
    shadows      bytea NOT NULL,           -- one byte per shadow: the outcome that it would have given
    frozen       bytea NOT NULL,           -- decision.core.freezing: inputs, then signals
    event        bigint[] NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, decision_id)
);
ALTER TABLE decision_judged ALTER COLUMN frozen SET STORAGE EXTERNAL;
CREATE INDEX decision_judged_id ON decision_judged (decision_id);
CALL store_make_append_only('decision_judged');

-- Shadows, added up: how often a live outcome met which outcome of the shadow. One row per batch and shadow.
CREATE TABLE decision_shadow_count (
    shadow_id   smallint NOT NULL,
    live_id     smallint NOT NULL,
    happened_at timestamptz NOT NULL,      -- of the batch's last purchase
    pairs       integer[] NOT NULL         -- live outcome, shadow outcome, how many, …
);
CALL store_make_append_only('decision_shadow_count');

CREATE TABLE decision_shadow_difference (
    decision_id  bigint NOT NULL,          -- the record has the live reason and amount
    account_id   bigint NOT NULL,
    shadow_id    smallint NOT NULL,
    live_id      smallint NOT NULL,
    outcome_live smallint NOT NULL,
    outcome      smallint NOT NULL,
    reason       text,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (decision_id, shadow_id)
);
CALL store_make_append_only('decision_shadow_difference');
