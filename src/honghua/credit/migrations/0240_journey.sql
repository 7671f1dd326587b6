-- The twelve steps of each contract, one row a happening, and whom a debtor was contacted by. Append-only: a row is the step's fact.

CREATE TABLE credit_contract (
  contract_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_ref text        NOT NULL CHECK (customer_ref <> ''),
  product      text        NOT NULL CHECK (product <> ''),
  key          text        NOT NULL UNIQUE CHECK (key <> ''),
  begun_at     timestamptz NOT NULL
);
CREATE INDEX credit_contract_customer ON credit_contract (customer_ref, contract_id);
CALL store_make_append_only('credit_contract');

CREATE TABLE credit_contract_steps (
  contract_id  bigint      NOT NULL REFERENCES credit_contract,
  number       integer     NOT NULL CHECK (number > 0),               -- 1, 2, 3 … within the contract
  step         smallint    NOT NULL CHECK (step BETWEEN 1 AND 12),    -- facts.steps.Step
  outcome      text        NOT NULL CHECK (outcome IN ('passed', 'refused', 'referred', 'appealed', 'upheld', 'reopened')),
  subject      text        NOT NULL DEFAULT '',                       -- the purchase, payment or contact that it is about
  at           timestamptz NOT NULL,
  business_on  date        NOT NULL,
  finding      text        NOT NULL DEFAULT '',
  decided      jsonb       NOT NULL,                                  -- what was decided, plain values, nothing personal
  risk         jsonb       NOT NULL,                                  -- the risk hook's verdict, reasons and figures
  fact         text        NOT NULL,                                  -- facts.steps.name_fact
  account_id   bigint,
  fact_id      bigint,                                                -- the account's fact that the step wrote, if it wrote one
  decided_by   text        NOT NULL CHECK (btrim(decided_by) <> ''),  -- 'system', or who
  key          text        NOT NULL CHECK (key <> ''),
  recorded_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (contract_id, number),
  UNIQUE (contract_id, key),
  CONSTRAINT credit_contract_steps_person CHECK (outcome NOT IN ('upheld', 'reopened') OR decided_by <> 'system'),
  CONSTRAINT credit_contract_steps_fact CHECK (fact_id IS NULL OR account_id IS NOT NULL)
);
-- An account is opened by one contract.
CREATE UNIQUE INDEX credit_contract_steps_account ON credit_contract_steps (account_id) WHERE step = 5 AND outcome = 'passed';
CREATE INDEX credit_contract_steps_queue ON credit_contract_steps (contract_id) WHERE outcome IN ('referred', 'appealed');
CALL store_make_append_only('credit_contract_steps');

CREATE TABLE credit_contact (
  contact_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  contract_id  bigint      NOT NULL REFERENCES credit_contract,
  customer_ref text        NOT NULL,
  channel      text        NOT NULL CHECK (channel IN ('call', 'robot_call', 'message', 'letter', 'visit')),
  at           timestamptz NOT NULL,
  is_effective boolean     NOT NULL,               -- the debtor was spoken to
  actor        text        NOT NULL CHECK (btrim(actor) <> ''),   -- who contacted: a person, a robot
  party        text        NOT NULL CHECK (btrim(party) <> ''),   -- who answers for it: the lender, or an agency by name
  clause       text        NOT NULL CHECK (btrim(clause) <> ''),  -- the contract clause or duty under which
  evidence     text        NOT NULL CHECK (btrim(evidence) <> ''),-- where the recording or the copy lies
  key          text        NOT NULL UNIQUE
);
CREATE INDEX credit_contact_customer ON credit_contact (customer_ref, at);
CALL store_make_append_only('credit_contact');
COMMENT ON TABLE credit_contact IS 'Every contact with a debtor: who made it, who answers for it, under which clause, with which evidence (R-266).';
