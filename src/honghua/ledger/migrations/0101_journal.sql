-- The journal. One row is one entry with its lines in two arrays: the database itself can then refuse a row that does not
-- balance, and an entry of any number of lines is one insert and one index entry.

CREATE TABLE ledger_component (
  component smallint PRIMARY KEY,
  name      text     NOT NULL UNIQUE,
  "group"   text     NOT NULL CHECK ("group" IN ('asset', 'liability', 'income', 'expense', 'memo')),
  side      smallint NOT NULL CHECK (side IN (-1, 1)),
  title_zh  text     NOT NULL,
  title_en  text     NOT NULL,
  beancount text     NOT NULL UNIQUE
);
INSERT INTO ledger_component (component, name, "group", side, title_zh, title_en, beancount) VALUES
  (0, 'principal_unbilled', 'asset', 1, '未出账本金', 'principal, unbilled', 'Assets:Credit:PrincipalUnbilled'),
  (1, 'principal_billed', 'asset', 1, '已出账本金', 'principal, billed', 'Assets:Credit:PrincipalBilled'),
  (2, 'principal_instalment', 'asset', 1, '分期本金', 'instalment principal', 'Assets:Credit:PrincipalPlans'),
  (3, 'interest', 'asset', 1, '应收利息', 'interest due', 'Assets:Credit:Interest'),
  (4, 'fee', 'asset', 1, '应收手续费', 'fees due', 'Assets:Credit:Fee'),
  (5, 'penalty', 'asset', 1, '应收罚息', 'penalty due', 'Assets:Credit:Penalty'),
  (6, 'overpayment', 'liability', -1, '溢缴款', 'overpayment', 'Liabilities:Overpayment'),
  (7, 'deferred_subsidy', 'liability', -1, '递延贴息', 'deferred subsidy', 'Liabilities:DeferredSubsidy'),
  (8, 'merchant_payable', 'liability', -1, '应付商户款', 'payable to merchants', 'Liabilities:MerchantPayable'),
  (9, 'bank_clearing', 'asset', 1, '银行清算', 'bank clearing', 'Assets:BankClearing'),
  (10, 'interest_income', 'income', -1, '利息收入', 'interest income', 'Income:Interest'),
  (11, 'fee_income', 'income', -1, '手续费收入', 'fee income', 'Income:Fee'),
  (12, 'penalty_income', 'income', -1, '罚息收入', 'penalty income', 'Income:Penalty'),
  (13, 'recovery_income', 'income', -1, '核销收回', 'recoveries', 'Income:Recovery'),
  (14, 'subsidy_expense', 'expense', 1, '贴息支出', 'subsidy expense', 'Expenses:Subsidy'),
  (15, 'credit_loss', 'expense', 1, '核销损失', 'credit loss', 'Expenses:CreditLoss'),
  (16, 'waiver_expense', 'expense', 1, '减免支出', 'waivers', 'Expenses:Waiver'),
  (17, 'limit_granted', 'memo', -1, '授信额度', 'limit granted', 'Equity:Memo:LimitGranted'),
  (18, 'limit_available', 'memo', 1, '可用额度', 'limit available', 'Equity:Memo:LimitAvailable'),
  (19, 'limit_held', 'memo', 1, '冻结额度', 'limit held', 'Equity:Memo:LimitHeld'),
  (20, 'limit_used', 'memo', 1, '已用额度', 'limit used', 'Equity:Memo:LimitUsed'),
  (21, 'limit_over', 'memo', -1, '超额占用', 'limit overdrawn', 'Equity:Memo:LimitOver'),
  (22, 'charge_off_memo', 'memo', 1, '已核销待追偿', 'written off, still claimed', 'Equity:Memo:ChargeOff'),
  (23, 'charge_off_contra', 'memo', -1, '核销备查', 'write-off contra', 'Equity:Memo:ChargeOffContra');
CALL store_make_append_only('ledger_component');
REVOKE INSERT ON ledger_component FROM honghua_app;
COMMENT ON TABLE ledger_component IS 'The chart as data, for views and people; the same as honghua.ledger.core.chart.';

CREATE TABLE ledger_owner (
  owner_id  bigint      PRIMARY KEY CHECK (owner_id BETWEEN 1 AND 36028797018963967),  -- 55 bits: a key adds 8 for the component
  kind      smallint    NOT NULL,
  ref       text        NOT NULL CHECK (length(ref) BETWEEN 1 AND 200),
  currency  text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  opened_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (kind, ref)
);
CALL store_make_append_only('ledger_owner');
COMMENT ON TABLE ledger_owner IS 'Whoever balances are kept for, under the name the outside uses. One currency each, for good. Append-only.';

-- A sequence hands out blocks of ids (store/ids.py).
CREATE SEQUENCE ledger_owner_id INCREMENT BY 64;
CREATE SEQUENCE ledger_entry_id INCREMENT BY 64;
GRANT USAGE ON SEQUENCE ledger_owner_id, ledger_entry_id TO honghua_app;

-- These bodies are parsed now and carry no SET clause: a search path cannot redirect a name in them, and the planner inlines the
-- short entries into the CHECK (0.3 µs a row; through unnest it is 2.5). A sum that overflows bigint raises, so it is refused too.
CREATE FUNCTION ledger_sum(amounts bigint[]) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT sum(line.amount) FROM unnest(amounts) AS line (amount));

CREATE FUNCTION ledger_sums_to_zero(amounts bigint[]) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE cardinality(amounts)
  WHEN 2 THEN amounts[1] + amounts[2] = 0
  WHEN 3 THEN amounts[1] + amounts[2] + amounts[3] = 0
  WHEN 4 THEN amounts[1] + amounts[2] + amounts[3] + amounts[4] = 0
  WHEN 5 THEN amounts[1] + amounts[2] + amounts[3] + amounts[4] + amounts[5] = 0
  WHEN 6 THEN amounts[1] + amounts[2] + amounts[3] + amounts[4] + amounts[5] + amounts[6] = 0
  WHEN 7 THEN amounts[1] + amounts[2] + amounts[3] + amounts[4] + amounts[5] + amounts[6] + amounts[7] = 0
  WHEN 8 THEN amounts[1] + amounts[2] + amounts[3] + amounts[4] + amounts[5] + amounts[6] + amounts[7] + amounts[8] = 0
  ELSE ledger_sum(amounts) = 0
END;

CREATE FUNCTION ledger_component_max(accounts bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT max(line.account & 255) FROM unnest(accounts) AS line (account));

CREATE FUNCTION ledger_knows_components(accounts bigint[]) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE cardinality(accounts)
  WHEN 2 THEN accounts[1] & 255 <= 23 AND accounts[2] & 255 <= 23
  WHEN 3 THEN accounts[1] & 255 <= 23 AND accounts[2] & 255 <= 23 AND accounts[3] & 255 <= 23
  WHEN 4 THEN accounts[1] & 255 <= 23 AND accounts[2] & 255 <= 23 AND accounts[3] & 255 <= 23 AND accounts[4] & 255 <= 23
  WHEN 5 THEN accounts[1] & 255 <= 23 AND accounts[2] & 255 <= 23 AND accounts[3] & 255 <= 23 AND accounts[4] & 255 <= 23 AND accounts[5] & 255 <= 23
  WHEN 6 THEN accounts[1] & 255 <= 23 AND accounts[2] & 255 <= 23 AND accounts[3] & 255 <= 23 AND accounts[4] & 255 <= 23 AND accounts[5] & 255 <= 23 AND accounts[6] & 255 <= 23
  WHEN 7 THEN accounts[1] & 255 <= 23 AND accounts[2] & 255 <= 23 AND accounts[3] & 255 <= 23 AND accounts[4] & 255 <= 23 AND accounts[5] & 255 <= 23 AND accounts[6] & 255 <= 23 AND accounts[7] & 255 <= 23
  WHEN 8 THEN accounts[1] & 255 <= 23 AND accounts[2] & 255 <= 23 AND accounts[3] & 255 <= 23 AND accounts[4] & 255 <= 23 AND accounts[5] & 255 <= 23 AND accounts[6] & 255 <= 23 AND accounts[7] & 255 <= 23 AND accounts[8] & 255 <= 23
  ELSE ledger_component_max(accounts) <= 23
END;
GRANT EXECUTE ON FUNCTION ledger_sum, ledger_sums_to_zero, ledger_component_max, ledger_knows_components TO honghua_app;

CREATE TABLE ledger_entry (
  owner_id      bigint      NOT NULL CHECK (owner_id > 0),
  entry_id      bigint      NOT NULL CHECK (entry_id > 0),
  kind          smallint    NOT NULL CHECK (kind >= 0),
  value_on      date        NOT NULL,
  booked_on     date        NOT NULL,
  fact_id       bigint,
  currency      text        NOT NULL,
  accounts      bigint[]    NOT NULL,
  amounts_minor bigint[]    NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT now(),
  txid          bigint      NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  PRIMARY KEY (owner_id, entry_id),
  -- NULL passes a CHECK, and `<> ALL` is NULL when an element is: hence IS TRUE everywhere.
  CONSTRAINT ledger_entry_lines_pair CHECK ((
    cardinality(accounts) BETWEEN 2 AND 64 AND cardinality(amounts_minor) = cardinality(accounts)
    AND array_ndims(accounts) = 1 AND array_ndims(amounts_minor) = 1
    AND array_lower(accounts, 1) = 1 AND array_lower(amounts_minor, 1) = 1) IS TRUE),
  CONSTRAINT ledger_entry_amounts_sound CHECK ((
    0 <> ALL (amounts_minor) AND 1000000000000000 >= ALL (amounts_minor) AND -1000000000000000 <= ALL (amounts_minor)) IS TRUE),
  CONSTRAINT ledger_entry_accounts_sound CHECK ((256 <= ALL (accounts) AND ledger_knows_components(accounts)) IS TRUE),
  CONSTRAINT ledger_entry_sums_to_zero CHECK (ledger_sums_to_zero(amounts_minor) IS TRUE)
);
CREATE INDEX ledger_entry_txid ON ledger_entry (txid);
CALL store_make_append_only('ledger_entry');
-- When a row was written, and by which transaction, is not for its writer to say: the sealer relies on it.
REVOKE INSERT ON ledger_entry FROM honghua_app;
GRANT INSERT (owner_id, entry_id, kind, value_on, booked_on, fact_id, currency, accounts, amounts_minor) ON ledger_entry TO honghua_app;
COMMENT ON TABLE ledger_entry IS 'The journal: line k of an entry is accounts[k], amounts_minor[k]; debit +, credit −; they sum to zero. Append-only.';
COMMENT ON COLUMN ledger_entry.accounts IS 'owner_id * 256 + component';
COMMENT ON COLUMN ledger_entry.fact_id IS 'the fact that caused it (store_fact), if one did';

CREATE VIEW ledger_line AS
SELECT entry.entry_id, line.line_no, line.account >> 8 AS owner_id, (line.account & 255)::smallint AS component, line.amount_minor,
  entry.currency, entry.kind, entry.value_on, entry.booked_on, entry.fact_id, entry.owner_id AS entry_owner_id, line.account, entry.txid
FROM ledger_entry AS entry
CROSS JOIN LATERAL unnest(entry.accounts, entry.amounts_minor) WITH ORDINALITY AS line (account, amount_minor, line_no);
GRANT SELECT ON ledger_line TO honghua_app;
COMMENT ON VIEW ledger_line IS 'One row per line; owner_id is the owner of the line, entry_owner_id of the entry.';

-- Derived, one row per owner so that an entry costs one update; half-empty pages let that update stay on its page (HOT).
CREATE TABLE ledger_balance (
  owner_id bigint PRIMARY KEY REFERENCES ledger_owner,
  currency text NOT NULL,
  principal_unbilled   bigint NOT NULL DEFAULT 0,
  principal_billed     bigint NOT NULL DEFAULT 0,
  principal_instalment bigint NOT NULL DEFAULT 0,
  interest             bigint NOT NULL DEFAULT 0,
  fee                  bigint NOT NULL DEFAULT 0,
  penalty              bigint NOT NULL DEFAULT 0,
  overpayment          bigint NOT NULL DEFAULT 0,
  deferred_subsidy     bigint NOT NULL DEFAULT 0,
  merchant_payable     bigint NOT NULL DEFAULT 0,
  bank_clearing        bigint NOT NULL DEFAULT 0,
  interest_income      bigint NOT NULL DEFAULT 0,
  fee_income           bigint NOT NULL DEFAULT 0,
  penalty_income       bigint NOT NULL DEFAULT 0,
  recovery_income      bigint NOT NULL DEFAULT 0,
  subsidy_expense      bigint NOT NULL DEFAULT 0,
  credit_loss          bigint NOT NULL DEFAULT 0,
  waiver_expense       bigint NOT NULL DEFAULT 0,
  limit_granted        bigint NOT NULL DEFAULT 0,
  limit_available      bigint NOT NULL DEFAULT 0,
  limit_held           bigint NOT NULL DEFAULT 0,
  limit_used           bigint NOT NULL DEFAULT 0,
  limit_over           bigint NOT NULL DEFAULT 0,
  charge_off_memo      bigint NOT NULL DEFAULT 0,
  charge_off_contra    bigint NOT NULL DEFAULT 0,
  CONSTRAINT ledger_balance_debt CHECK (
    principal_unbilled >= 0 AND principal_billed >= 0 AND principal_instalment >= 0 AND interest >= 0 AND fee >= 0 AND penalty >= 0
    AND overpayment <= 0 AND deferred_subsidy <= 0),
  CONSTRAINT ledger_balance_limit CHECK (
    limit_granted <= 0 AND limit_available >= 0 AND limit_held >= 0 AND limit_used >= 0 AND limit_over <= 0
    AND limit_granted + limit_available + limit_held + limit_used + limit_over = 0),
  CONSTRAINT ledger_balance_charge_off CHECK (charge_off_memo >= 0 AND charge_off_memo + charge_off_contra = 0)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON ledger_balance TO honghua_app;
COMMENT ON TABLE ledger_balance IS 'Sums of lines per owner and component. Derived: rebuilt from ledger_entry at any time.';

CREATE TABLE ledger_seal (
  block_no   bigint      PRIMARY KEY CHECK (block_no > 0),
  from_txid  bigint      NOT NULL,
  until_txid bigint      NOT NULL,
  entries    bigint      NOT NULL CHECK (entries > 0),
  lines      bigint      NOT NULL CHECK (lines >= 2 * entries),
  previous   bytea       NOT NULL UNIQUE CHECK (length(previous) = 32),
  digest     bytea       NOT NULL UNIQUE CHECK (length(digest) = 32),
  sealed_at  timestamptz NOT NULL,
  CHECK (from_txid < until_txid)
);
CALL store_make_append_only('ledger_seal');
COMMENT ON TABLE ledger_seal IS 'The hash chain: a block covers all entries with from_txid <= txid < until_txid. See honghua.ledger.core.chain. Append-only.';
