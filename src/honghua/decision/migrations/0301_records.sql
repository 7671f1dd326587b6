-- Decision records: which bundle judged which frozen vector, and what it said. Append-only.
CREATE TABLE decision_bundle (
    bundle_id   smallint PRIMARY KEY,
    name        text NOT NULL,
    digest      bytea NOT NULL UNIQUE,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE decision_record (
    account_id  bigint NOT NULL,
    decision_id bigint NOT NULL,           -- the id of the command that asked
    bundle_id   smallint NOT NULL,
    outcome     smallint NOT NULL,         -- decision.core.Outcome
    reason      text,                      -- code of the rule that refused
    vector      bigint[] NOT NULL,         -- in the order of decision.core.FEATURES
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, decision_id)
);

CALL store_make_append_only('decision_record');
CALL store_make_append_only('decision_bundle');
