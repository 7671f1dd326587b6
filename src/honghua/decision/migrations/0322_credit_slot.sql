-- A bundle may fill the slot `credit` with a model of its own (empty: it has none); the model is kept as all models are, by its digest.
ALTER TABLE decision_release ADD COLUMN credit_digest bytea NOT NULL DEFAULT '';
