"""Corruptions to plant as the tables' owner, each with the check that must catch it and whom it must name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plant:
    """One corruption: its name, the check that catches it, who is to be named, and the statements that plant it.

    `offender` is a query run before: its first column is the id that verify has to print, the others replace {1}, {2} …
    """

    name: str
    check: str
    offender: str
    sql: tuple[str, ...]


def plant(name: str, check: str, offender: str, *sql: str) -> Plant:
    return Plant(name, check, offender, sql)


BO = "(SELECT account_id FROM credit_account WHERE customer_ref = 'bo')"
ENTRY = "SELECT 'entry ' || entry_id, entry_id FROM ledger_entry WHERE kind = 8 ORDER BY entry_id LIMIT 1"
ACCOUNT = "SELECT 'account ' || account_id, account_id FROM credit_account WHERE customer_ref = "
FACT = f"""SELECT 'account ' || account_id, fact_id FROM store_fact
    WHERE kind = 8 AND account_id = {BO} ORDER BY fact_id LIMIT 1"""
OTHERS_FACT = f"SELECT 'fact ' || max(fact_id), max(fact_id) FROM store_fact WHERE account_id <> {BO}"
STATEMENT = f"SELECT 'statement ' || {BO} || '/2', {BO}, 2"
THIS_STATEMENT = "WHERE account_id = {1} AND seq = {2}"
HOLD = "SELECT 'purchase ' || purchase_id, purchase_id FROM credit_hold"
JUDGED = "SELECT 'decision ' || min(decision_id), min(decision_id) FROM decision_judged"
DECISION = "SELECT 'decision ' || decision_id, decision_id FROM decision_record ORDER BY decision_id LIMIT 1"
FIRST_ENTRY = "entry_id = (SELECT min(entry_id) FROM ledger_entry)"
NEW_FACT = "INSERT INTO store_fact (fact_id, kind, account_id, value_on, effective_on, happened_at, amount_minor) "

JOURNAL = (
    plant("a line grows", "ledger.entries_sum_to_zero", ENTRY,
        "ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_sums_to_zero",
        "UPDATE ledger_entry SET amounts_minor[1] = amounts_minor[1] + 1 WHERE entry_id = {1}"),
    plant("two balances move together", "credit.components_are_balances", ACCOUNT + "'bo'",
        "UPDATE ledger_balance SET fee = fee + 7, bank_clearing = bank_clearing - 7 WHERE owner_id = {1}"),
    plant("a balance is touched", "ledger.balances_are_sums", f"SELECT 'owner ' || {BO} || ' bank_clearing', {BO}",
        "UPDATE ledger_balance SET bank_clearing = bank_clearing + 1 WHERE owner_id = {1}"),
    plant("a sealed entry doubles its amounts", "ledger.hash_chain", "SELECT 'block 1'",
        "UPDATE ledger_entry SET amounts_minor = ARRAY(SELECT 2*a FROM unnest(amounts_minor) a) WHERE " + FIRST_ENTRY),
    plant("a sealed entry vanishes", "ledger.sealed_complete",
        "SELECT sum(entries) || ' entries sealed, ' || sum(entries) - 1 || ' found' FROM ledger_seal",
        "DELETE FROM ledger_entry WHERE " + FIRST_ENTRY),
    plant("an entry of tomorrow", "ledger.dates_in_order", ENTRY,
        "UPDATE ledger_entry SET booked_on = (SELECT business_on + 1 FROM credit_book) WHERE entry_id = {1}"),
    plant("an entry names another's fact", "credit.entries_have_facts", OTHERS_FACT,
        f"UPDATE ledger_entry SET fact_id = {{1}} WHERE owner_id = {BO} AND kind = 8"),
)  # fmt: skip
STATE = (
    plant("a limit is raised by hand", "credit.limit_available", ACCOUNT + "'bo'",
        "UPDATE credit_account SET limit_minor = limit_minor + 100 WHERE account_id = {1}"),
    plant("accrued interest grows by hand", "credit.state_is_fold", ACCOUNT + "'chen'",
        "UPDATE credit_account SET interest_accrued_minor = interest_accrued_minor + 1 WHERE account_id = {1}"),
    plant("an open bill is forgiven by hand", "credit.state_is_fold", ACCOUNT + "'chen'",
        "UPDATE credit_account SET dues[9] = 0 WHERE account_id = {1}"),
    plant("a state shorter than its counts", "credit.state_is_fold", ACCOUNT + "'chen'",
        "ALTER TABLE credit_account DROP CONSTRAINT credit_account_arrays",
        "UPDATE credit_account SET dues_count = dues_count + 1 WHERE account_id = {1}"),
    plant("an account that no fact opened", "credit.facts_in_order", "SELECT 'account 999983'",
        "INSERT INTO credit_account (account_id, customer_ref) VALUES (999983, 'nobody')"),
    plant("an account is shut away without a word", "credit.quarantine_told", ACCOUNT + "'gao'",
        "UPDATE credit_account SET quarantined = true WHERE account_id = {1}"),
    plant("a hold grows", "credit.holds_are_facts", HOLD, "UPDATE credit_hold SET held_minor = held_minor + 1"),
    plant("a hold vanishes", "credit.holds_are_facts", HOLD, "DELETE FROM credit_hold"),
    plant("a hold lasts longer", "credit.holds_are_facts", HOLD, "UPDATE credit_hold SET expires_on = expires_on + 1"),
)  # fmt: skip
FACTS = (
    plant("a repayment grows", "credit.state_is_fold", FACT,
        "UPDATE store_fact SET amount_minor = amount_minor + 100 WHERE fact_id = {1}"),
    plant("a fact vanishes", "credit.state_is_fold", FACT, "DELETE FROM store_fact WHERE fact_id = {1}"),
    plant("a fact is invented", "credit.state_is_fold", ACCOUNT + "'bo'",
        NEW_FACT + "SELECT max(fact_id) + 1, 8, {1}, max(effective_on), max(effective_on), now(), 500 FROM store_fact"),
    plant("a fact before the account opened", "credit.facts_in_order", FACT,
        "UPDATE store_fact SET effective_on = DATE '2025-12-31' WHERE fact_id = {1}"),
    plant("a fact of the future", "credit.facts_in_order", FACT,
        "UPDATE store_fact SET value_on = DATE '2027-01-01' WHERE fact_id = {1}"),
    plant("a plan of no periods", "credit.state_is_fold",
        "SELECT 'account ' || account_id, fact_id FROM store_fact WHERE kind = 10",
        "UPDATE store_fact SET args[1] = 0 WHERE fact_id = {1}"),
    plant("a fact id twice", "store.fact_ids_unique", OTHERS_FACT,
        NEW_FACT + f"SELECT fact_id, kind, {BO}, value_on, effective_on, happened_at, amount_minor FROM store_fact"
        + " WHERE fact_id = {1}"),
    plant("a reversal of nothing", "store.reversals_sound",
        "SELECT 'fact ' || max(fact_id), max(fact_id) FROM store_fact WHERE kind = 17",
        "UPDATE store_fact SET reverses_fact_id = 1 WHERE fact_id = {1}"),
    plant("a fact reversed twice", "store.reversals_sound",
        "SELECT 'fact ' || max(fact_id), max(fact_id), min(fact_id) FROM store_fact WHERE kind = 17",
        ("UPDATE store_fact AS f SET (account_id, effective_on, reverses_fact_id)"
         " = (o.account_id, o.effective_on, o.reverses_fact_id)"
         " FROM store_fact AS o WHERE f.fact_id = {1} AND o.fact_id = {2}")),
    plant("a fact of an account that is not there", "store.facts_have_accounts", "SELECT 'account 888887'",
        NEW_FACT + "SELECT max(fact_id) + 1, 8, 888887, max(value_on), max(value_on), now(), 5 FROM store_fact"),
)  # fmt: skip
COMMANDS = (
    plant("a command is forgotten", "store.facts_commanded",
        "SELECT 'fact ' || fact_id, command_id FROM store_fact WHERE kind = 8 ORDER BY fact_id LIMIT 1",
        "DELETE FROM store_command WHERE command_id = {1}"),
    plant("an answer was never booked", "store.answers_booked",
        "SELECT 'key ' || max(key), max(key) FROM store_command WHERE answer ->> 'outcome' = 'done'",
        "UPDATE store_command SET answer = jsonb_set(answer, '{{fact_id}}', '1') WHERE key = '{1}'"),
    plant("a command id twice", "store.commands_once",
        "SELECT 'command ' || max(command_id), max(command_id) FROM store_command",
        ("INSERT INTO store_command (key, command_id, body_hash, answer)"
         " SELECT 'again', command_id, body_hash, answer FROM store_command WHERE command_id = {1}")),
    plant("a decision vanishes", "credit.purchases_decided", DECISION,
        "DELETE FROM decision_record WHERE decision_id = {1}"),
    plant("a decision is turned round", "credit.purchases_decided", DECISION,
        "UPDATE decision_record SET outcome = 6 - outcome WHERE decision_id = {1}"),
    plant("a frozen feature thaws", "decision.replay_identical", DECISION,
        "UPDATE decision_record SET vector[5] = 9 WHERE decision_id = {1}"),
    plant("a bundle is exchanged", "decision.replay_identical", DECISION,
        "UPDATE decision_bundle SET digest = sha256(digest)"),
    plant("a frozen vector thaws", "decision.replay_identical", JUDGED,
        "UPDATE decision_judged SET frozen = substr(frozen, 1, 3) WHERE decision_id = {1}"),
    plant("a shadow changes its mind", "decision.replay_identical", JUDGED,
        "UPDATE decision_judged SET shadows = '\\x06' WHERE decision_id = {1}"),
    plant("a judgement grants more", "decision.replay_identical", JUDGED,
        "UPDATE decision_judged SET extra_minor = 1 WHERE decision_id = {1}"),
    plant("a policy says something else", "decision.replay_identical", JUDGED,
        "UPDATE decision_release SET source = replace(source, '0.9', '0.8')"),
    plant("an author approves", "decision.releases_by_two", "SELECT 'release ' || max(release_id) FROM decision_release",
        "UPDATE decision_review SET reviewer = ' ANN'"),
    plant("a regime is unknown", "decision.regimes_known", JUDGED,
        "UPDATE decision_judged SET regime_id = 99 WHERE decision_id = {1}"),
    plant("a model is lost", "decision.models_known",
        "SELECT 'model ' || left(encode(digest, 'hex'), 16) FROM decision_model", "DELETE FROM decision_model"),
    plant("a list held somebody else", "decision.lists_known",
        "SELECT 'lists ' || left(encode(lists_digest, 'hex'), 16) FROM decision_regime",
        "UPDATE decision_list_event SET key = key + 1"),
    plant("a disagreement is hushed up", "decision.shadows_counted",
        "SELECT 'shadow ' || shadow_id || ' beside ' || live_id FROM decision_shadow_difference LIMIT 1",
        "DELETE FROM decision_shadow_difference WHERE outcome <> outcome_live"),
)  # fmt: skip
STATEMENTS = (
    plant("a closed bill says more", "credit.statements_add_up", STATEMENT,
        "UPDATE credit_statement SET total_minor = total_minor + 1 " + THIS_STATEMENT),
    plant("a closed bill tells another story", "credit.statements_unchanged", STATEMENT,
        "UPDATE credit_statement SET repaid_minor = repaid_minor + 1 " + THIS_STATEMENT),
    plant("a closed bill asks for less", "credit.statements_unchanged", STATEMENT,
        "UPDATE credit_statement SET own_minimum_minor = own_minimum_minor - 1 " + THIS_STATEMENT),
    plant("a snapshot is touched", "credit.statements_unchanged", STATEMENT,
        "UPDATE credit_statement SET snapshot[4] = snapshot[4] + 1 " + THIS_STATEMENT),
    plant("a bill claims to have known more", "credit.statements_unchanged", STATEMENT,
        "UPDATE credit_statement SET last_fact_id = (SELECT max(fact_id) FROM store_fact) " + THIS_STATEMENT),
    plant("a bill is cut on another day", "credit.statements_monthly", STATEMENT,
        "UPDATE credit_statement SET cut_on = cut_on + 1 " + THIS_STATEMENT),
    plant("two bills in one month", "credit.statements_monthly", f"SELECT 'statement ' || {BO} || '/99', {BO}, 2",
        ("INSERT INTO credit_statement SELECT (jsonb_populate_record(s, '{{\"seq\": 99}}')).*"
         " FROM credit_statement AS s " + THIS_STATEMENT)),
    plant("a bill vanishes", "credit.statements_complete", f"SELECT 'account ' || {BO}, {BO}, 4",
        "DELETE FROM credit_statement " + THIS_STATEMENT),
    plant("a bill of nobody", "credit.rows_have_accounts", f"SELECT 'statement 777773/2', {BO}, 2",
        ("INSERT INTO credit_statement SELECT (jsonb_populate_record(s, '{{\"account_id\": 777773}}')).*"
         " FROM credit_statement AS s " + THIS_STATEMENT)),
)  # fmt: skip
DAYS = (
    plant("the terms are rewritten", "credit.terms_digests", "SELECT 'terms 1'",
        "UPDATE credit_terms SET body = jsonb_set(body, '{{interest_ppm_day}}', '400')"),
    plant("a day was never closed", "credit.days_contiguous", "SELECT 'day 2026-04-04'",
        "DELETE FROM credit_day_shard WHERE day = '2026-04-04'", "DELETE FROM credit_day WHERE day = '2026-04-04'"),
    plant("a shard of a closed day was not closed", "credit.shards_once", "SELECT 'day 2026-04-04'",
        "UPDATE credit_day_shard SET state = 'waiting', finished_at = NULL WHERE day = '2026-04-04'"),
    plant("the business date runs ahead", "credit.nobody_left_behind", ACCOUNT + "'bo'",
        "UPDATE credit_book SET business_on = business_on + 40"),
)  # fmt: skip
CAMPAIGN = "SELECT 'campaign ' || min(campaign_id), min(campaign_id) FROM merchants_budget"
LEFT = "SELECT 'person ' || person_id, person_id FROM customers_person WHERE state = 'erased'"
HERE = "SELECT 'person ' || person_id, person_id FROM customers_person WHERE state = 'active'"
DOORS = (
    plant("a campaign forgets what it spent", "merchants.budgets_kept", CAMPAIGN,
        "UPDATE merchants_budget SET spent_minor = spent_minor + 1 WHERE campaign_id = {1}"),
    plant("a settlement pays too much", "merchants.settled_once",
        "SELECT 'settlement ' || merchant_id || ' ' || day, merchant_id FROM merchants_settlement ORDER BY day LIMIT 1",
        "UPDATE merchants_settlement SET sales_minor = sales_minor + 5, due_minor = due_minor + 5, paid_minor = paid_minor + 5"
        " WHERE day = (SELECT min(day) FROM merchants_settlement)"),
    plant("a movement tells another story", "merchants.movements_are_the_journal",
        "SELECT 'entry ' || min(entry_id), min(entry_id) FROM merchants_movement",
        "UPDATE merchants_movement SET net_minor = net_minor + 1 WHERE entry_id = {1}"),
    plant("a movement vanishes", "merchants.movements_are_the_journal",
        "SELECT 'entry ' || max(entry_id), max(entry_id) FROM merchants_movement",
        "DELETE FROM merchants_movement WHERE entry_id = {1}"),
    plant("who left is found by phone", "customers.left_are_not_found", LEFT,
        "UPDATE customers_index SET person_id = {1}"),
    plant("who left still has a key", "customers.erased_have_no_keys", LEFT,
        "UPDATE customers_key SET person_id = {1} WHERE part = 'contact'"),
    plant("a key vanishes", "customers.active_can_be_read", HERE, "DELETE FROM customers_key WHERE person_id = {1} AND part = 'contact'"),
    plant("a phone is not found", "customers.phones_are_found", HERE, "DELETE FROM customers_index WHERE person_id = {1}"),
    plant("a version is missing", "customers.versions_have_no_gap", HERE,
        "UPDATE customers_field SET version = version + 1 WHERE person_id = {1}"),
)  # fmt: skip
PLANTS = (*JOURNAL, *STATE, *FACTS, *COMMANDS, *STATEMENTS, *DAYS, *DOORS)
