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
    plant("the household buys for the trade", "credit.purchases_fit_purpose",
        f"SELECT 'fact ' || min(fact_id), min(fact_id) FROM store_fact WHERE kind = 5 AND account_id = {BO}",
        "UPDATE store_fact SET args[6] = (SELECT category_id FROM credit_category WHERE name = 'stock') WHERE fact_id = {1}"),
    plant("a line changes its product", "credit.lines_have_their_product", ACCOUNT + "'kim~business'",
        "UPDATE credit_account SET terms_id = 1 WHERE account_id = {1}"),
    plant("one person is given the cap twice", "credit.persons_within_cap", ACCOUNT + "'kim~business'",
        "UPDATE credit_account SET limit_minor = 19900000 WHERE customer_ref IN ('kim', 'kim~business')"),
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
HERE = (
    "SELECT 'person ' || person_id, person_id FROM customers_person WHERE state = 'active' ORDER BY person_id LIMIT 1"
)
ANNA = "(SELECT min(person_id) FROM customers_person WHERE state = 'active')"
CONTRACT = "SELECT 'contract ' || max(contract_id), max(contract_id) FROM credit_contract"
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
        "UPDATE customers_index SET person_id = {1} WHERE kind = 'phone' AND person_id = " + ANNA),
    plant("who left still has a key", "customers.erased_have_no_keys", LEFT,
        "UPDATE customers_key SET person_id = {1} WHERE part = 'contact' AND person_id = " + ANNA),
    plant("a key vanishes", "customers.active_can_be_read", HERE, "DELETE FROM customers_key WHERE person_id = {1} AND part = 'contact'"),
    plant("a phone is not found", "customers.phones_are_found", HERE, "DELETE FROM customers_index WHERE person_id = {1}"),
    plant("a version is missing", "customers.versions_have_no_gap", HERE,
        "UPDATE customers_field SET version = version + 1 WHERE person_id = {1}"),
)  # fmt: skip
OF_CONTRACT = "WHERE contract_id = {1} AND "
CONTRACTS = (
    plant("a contract is approved before it is applied for", "credit.contract_steps_legal",
        ("SELECT 'contract ' || contract_id || '/' || min(number) || ' STEP_OUT_OF_ORDER', contract_id FROM credit_contract_steps"
         " WHERE contract_id = (SELECT max(contract_id) FROM credit_contract) AND step IN (3, 4) GROUP BY contract_id"),
        "UPDATE credit_contract_steps SET step = CASE step WHEN 3 THEN 4 ELSE 3 END, fact = CASE step WHEN 3 THEN 'CreditApproved'"
        " ELSE 'CreditApplied' END " + OF_CONTRACT + "step IN (3, 4)"),
    plant("a step of a contract vanishes", "credit.contract_steps_legal",
        "SELECT 'contract ' || max(contract_id) || '/3 NUMBER_GAP', max(contract_id) FROM credit_contract",
        "DELETE FROM credit_contract_steps " + OF_CONTRACT + "number = 2"),
    plant("a contract says that nothing was agreed to", "credit.contracts_consented", CONTRACT,
        "UPDATE credit_contract_steps SET decided = decided || jsonb_build_object('consents', 1) " + OF_CONTRACT + "step = 5"),
    plant("a contract has other terms than were approved", "credit.contracts_priced", CONTRACT,
        "UPDATE credit_contract_steps SET decided = decided || jsonb_build_object('terms', 'dearer') " + OF_CONTRACT + "step = 5"),
    plant("a warning was not read", "credit.contracts_consented", CONTRACT,
        "UPDATE customers_consent SET read_ms = 1 WHERE kind = 'risk_warning'"),
    plant("an application's score was changed", "credit.application_scores_replay",
        "SELECT 'contract ' || contract_id || '/' || min(number), contract_id FROM credit_contract_steps"
        " WHERE risk->'figures'->'screen' ? 'score' GROUP BY contract_id ORDER BY contract_id LIMIT 1",
        "UPDATE credit_contract_steps SET risk = jsonb_set(risk, '{{figures,screen,score}}', '0.25') " + OF_CONTRACT + "step = 3"),
    plant("a contract names a fact that is not there", "credit.contract_facts_exist",
        "SELECT 'contract ' || max(contract_id) || '/5', max(contract_id) FROM credit_contract",
        "UPDATE credit_contract_steps SET fact_id = 1 " + OF_CONTRACT + "step = 5"),
    plant("who left is known by their card", "customers.left_are_not_linked", LEFT,
        "INSERT INTO customers_link (kind, digest, person_id, since) VALUES ('card', sha256('card'), {1}, now())"),
    plant("an offer to somebody who said no", "customers.offers_consented",
        "SELECT 'offer ' || min(offer_id) FROM customers_offer WHERE is_made",
        "UPDATE customers_consent SET is_given = false WHERE kind = 'marketing'"),
    plant("a proof without a face", "customers.proofs_follow_answers", "SELECT 'proof ' || min(proof_id) FROM customers_proof",
        "DELETE FROM customers_proof_answer WHERE kind = 'face'"),
    plant("a device of somebody who was not proven", "customers.devices_are_proven",
        "SELECT 'device ' || min(device_id) FROM customers_device", "UPDATE customers_device SET bound_at = bound_at - interval '1 day'"),
    plant("a contract was signed unread", "customers.contracts_were_read",
        "SELECT 'document ' || min(document_id) FROM customers_signature", "UPDATE customers_signature SET read_ms = 9000"),
)  # fmt: skip
PACK = "SELECT 'pack ' || min(pack_id), min(pack_id) FROM credit_write_off_pack"
PRUDENCE = (
    plant("a relief forgives more than was granted", "credit.reliefs_are_facts", "SELECT 'relief ' || min(relief_id) FROM credit_relief",
        "UPDATE credit_relief SET amount_minor = amount_minor - 1"),
    plant("a pack gains a document behind its digest", "credit.packs_are_facts", PACK,
        "UPDATE credit_write_off_pack SET digest = sha256('another pack')"),
    plant("one person approved", "credit.packs_by_two", PACK, "DELETE FROM credit_write_off_approval WHERE person = 'li'"),
    plant("a loss larger than what is owed", "credit.losses_within_exposure",
        "SELECT 'loss run ' || min(run_id), min(run_id) FROM credit_loss_run",
        "UPDATE credit_loss_line SET loss_minor = claim_minor + undrawn_minor + 1 WHERE run_id = {1}"),
)  # fmt: skip
RECORD = """SELECT 'record ' || account_id || '/' || month, account_id, month FROM bureau_newest
    WHERE overdue_from IS NOT NULL ORDER BY account_id, month LIMIT 1"""
THIS_RECORD = "WHERE account_id = {1} AND month = '{2}'"
PARTS_RECORD = """SELECT 'record ' || account_id || '/' || month, account_id, month, reporter FROM bureau_newest
    WHERE balance_minor > 0 AND (account_id, month) IN (SELECT account_id, month FROM bureau_newest GROUP BY 1, 2 HAVING count(*) > 1)
    ORDER BY account_id, month, reporter DESC LIMIT 1"""
REPAIR = "SELECT 'repair ' || account_id || '/' || arose_on, account_id FROM bureau_repair ORDER BY account_id, arose_on LIMIT 1"
FILED = (
    plant("the bureau hears of more debt", "bureau.reported_is_ledger", RECORD,
        "UPDATE bureau_record SET balance_minor = balance_minor + 100 " + THIS_RECORD),
    plant("the bureau hears that somebody is in order", "bureau.reported_is_ledger", RECORD,
        "UPDATE bureau_record SET status = 'N', overdue_minor = 0, days_past_due = 0 " + THIS_RECORD),
    plant("a partner reports a cent more than its part", "bureau.reported_is_ledger",
        PARTS_RECORD,
        "UPDATE bureau_record SET paid_minor = paid_minor + 1 " + THIS_RECORD + " AND reporter = '{3}'"),
    plant("a partner's part is not reported", "bureau.reported_is_ledger",
        PARTS_RECORD,
        "DELETE FROM bureau_record " + THIS_RECORD + " AND reporter = '{3}'"),
    plant("a file says something else", "bureau.files_come_out_the_same", "SELECT 'file ' || min(file_id), min(file_id) FROM bureau_file",
        "UPDATE bureau_file SET digest = sha256(digest) WHERE file_id = {1}"),
    plant("a filed record vanishes", "bureau.files_come_out_the_same",
        "SELECT 'file ' || file_id, account_id, month FROM bureau_record ORDER BY account_id, month, version LIMIT 1",
        "DELETE FROM bureau_record " + THIS_RECORD),
    plant("nobody was told before", "bureau.adverse_told_before",
        ("SELECT 'record ' || account_id || '/' || month || '/' || version, account_id FROM bureau_record"
         " WHERE overdue_from IS NOT NULL AND status <> 'C' ORDER BY account_id, month, version LIMIT 1"),
        "DELETE FROM bureau_notice WHERE account_id = {1}"),
    plant("a first version is missing", "bureau.versions_have_no_gap", RECORD,
        "UPDATE bureau_record SET version = version + 1 " + THIS_RECORD),
    plant("a repair came too soon", "bureau.repairs_were_due", REPAIR,
        "UPDATE bureau_repair SET off_on = off_on - 40 WHERE account_id = {1}"),
    plant("somebody is back who was never repaired", "bureau.reincluded_were_repaired", "SELECT 'customer nobody', 0",
        "UPDATE bureau_reinclusion SET customer = 'nobody' WHERE customer = (SELECT min(customer) FROM bureau_reinclusion)"),
    plant("a question before the consent", "bureau.inquiries_bounded", "SELECT 'customer ' || customer, 0 FROM bureau_inquiry",
        "UPDATE bureau_inquiry SET consent_at = asked_at + interval '1 day'"),
    plant("an objection has no days", "bureau.objections_free",
        "SELECT 'objection ' || objection_id, objection_id FROM bureau_objection",
        "UPDATE bureau_objection SET due_on = opened_at::date WHERE objection_id = {1}"),
)  # fmt: skip
GRANT = "SELECT 'grant ' || min(grant_id), min(grant_id) FROM limits_grant"
APPLIED = "SELECT 'application ' || min(application_id), min(application_id) FROM limits_application"
CAPPED = "SELECT 'fact ' || min(fact_id), min(fact_id) FROM credit_spending_cap"
CHANGED = "SELECT 'fact ' || min(fact_id), min(fact_id) FROM limits_change"
LIMITS = (
    plant("a customer's cap is loosened by hand", "credit.caps_are_facts", CAPPED,
        "UPDATE credit_spending_cap SET cap_minor = cap_minor + 1 WHERE fact_id = {1}"),
    plant("a customer's cap vanishes", "credit.caps_are_facts", CAPPED, "DELETE FROM credit_spending_cap WHERE fact_id = {1}"),
    plant("a use of a grant is forgotten", "credit.bound_uses_are_facts",
        "SELECT 'fact ' || min(fact_id), min(fact_id) FROM store_fact WHERE kind = 26",
        "DELETE FROM limits_grant_event WHERE act = 'use' AND fact_id = {1}"),
    plant("a change of a limit is not on record", "credit.limit_changes_noted", CHANGED, "DELETE FROM limits_change WHERE fact_id = {1}"),
    plant("a change of a limit is told otherwise", "credit.limit_changes_noted", CHANGED,
        "UPDATE limits_change SET to_minor = to_minor + 1 WHERE fact_id = {1}"),
    plant("a coupon gives more", "limits.grants_are_events", GRANT,
        "UPDATE limits_grant SET used_minor = used_minor - 1 WHERE grant_id = {1}"),
    plant("a frozen applicant thaws", "limits.applications_replay", APPLIED,
        "UPDATE limits_application SET vector = set_byte(vector, length(vector) - 2, 0) WHERE application_id = {1}"),
    plant("a rulebook says something else", "limits.rulebooks_digests",
        "SELECT 'rulebook ' || left(encode(digest, 'hex'), 16) FROM limits_rulebook",
        "UPDATE limits_rulebook SET body = jsonb_set(body, '{{terms,start_minor}}', '99')"),
    plant("a rulebook of nobody's approval judges", "limits.rulebooks_by_two",
        "SELECT 'rulebook seat ' || max(seat_id), max(seat_id) FROM limits_rulebook_seat WHERE restores IS NULL",
        "UPDATE limits_rulebook_review SET approved = false WHERE release_id ="
        " (SELECT release_id FROM limits_rulebook_seat WHERE seat_id = {1})"),
    plant("a person decides what did not wait", "limits.acts_follow_applications",
        "SELECT 'application ' || min(application_id), min(application_id) FROM limits_application WHERE outcome = 'approved'",
        "INSERT INTO limits_application_act (application_id, act, person, why, limit_minor, acted_at)"
        " VALUES ({1}, 'refused', 'x', 'y', 0, now())"),
    plant("money for nobody's approval", "limits.scans_follow_approvals", "SELECT 'scan ' || min(scan_id), min(scan_id) FROM limits_scan",
        "DELETE FROM limits_application_act",
        "UPDATE limits_scan SET application_id ="
        " (SELECT application_id FROM limits_application WHERE outcome = 'review') WHERE scan_id = {1}"),
)  # fmt: skip
SOLD = "SELECT 'loan ' || loan FROM funding_transfer_loan"
SALE = "SELECT 'transfer ' || transfer_id FROM funding_transfer"
LOAN = "SELECT 'loan L1'"
PAID = "SELECT 'payout ' || key, key, merchant_id FROM merchants_payout WHERE state = 'confirmed' ORDER BY key LIMIT 1"
WITHHELD = "SELECT 'order ' || purchase_id, purchase_id FROM merchants_order WHERE withheld_minor > 0"
SHARING = (
    plant("a payout forgets what moved", "merchants.payouts_end_as_statements_show", PAID,
        "UPDATE merchants_payout SET paid_minor = paid_minor + 1 WHERE key = '{1}'"),
    plant("a payout vanishes", "merchants.payouts_are_booked",
        "SELECT 'merchant ' || merchant_id, merchant_id FROM merchants_payout ORDER BY key LIMIT 1",
        "DELETE FROM merchants_payout WHERE merchant_id = {1}"),
    plant("a service fee is kept off the books", "merchants.service_fees_are_booked",
        "SELECT 'merchant ' || merchant_id, merchant_id FROM merchants_settlement ORDER BY merchant_id LIMIT 1",
        "UPDATE merchants_settlement SET service_minor = -5, due_minor = due_minor - 5, paid_minor = greatest(due_minor - 5, 0)"
        " WHERE merchant_id = {1}"),
    plant("campaign money is withheld without a flag", "merchants.withheld_of_flagged_orders_only", WITHHELD,
        "UPDATE merchants_order SET state = 'proved' WHERE purchase_id = {1}"),
    plant("more is withheld than was written down", "merchants.withheld_of_flagged_orders_only", WITHHELD,
        "UPDATE merchants_order SET withheld_minor = withheld_minor + 1 WHERE purchase_id = {1}"),
    plant("a merchant's campaign is taken for the platform's", "merchants.withheld_of_flagged_orders_only", WITHHELD,
        "UPDATE merchants_reservation SET purchase_id = {1} WHERE state = 'booked'"),
    plant("what is withheld is kept off the books", "merchants.withheld_is_booked",
        "SELECT 'merchant ' || merchant_id, merchant_id FROM merchants_withholding LIMIT 1",
        "UPDATE merchants_withholding SET amount_minor = amount_minor + 1",
        "UPDATE merchants_order SET withheld_minor = withheld_minor + 1 WHERE withheld_minor > 0"),
    plant("a found falsehood is forgotten", "merchants.orders_stand_as_their_steps",
        "SELECT 'order ' || purchase_id, purchase_id FROM merchants_order WHERE state = 'false'",
        "UPDATE merchants_order SET state = 'proved' WHERE purchase_id = {1}"),
    plant("a subsidy beyond its year", "merchants.subsidy_caps_kept", "SELECT 'borrower anna'",
        "UPDATE merchants_subsidy_movement SET amount_minor = amount_minor + 300000, central_minor = central_minor + 300000"
        " WHERE kind = 'granted'"),
    plant("a subsidy was never claimed", "merchants.subsidy_claims_are_booked", "SELECT 'month 2026-03'",
        "UPDATE merchants_subsidy_movement SET central_minor = central_minor + 1, province_minor = province_minor - 1"),
    plant("a return says more", "merchants.subsidy_returns_are_movements", "SELECT 'return 2026-03-01'",
        "UPDATE merchants_subsidy_return SET granted_minor = granted_minor + 1, central_minor = central_minor + 1"),
    plant("a loan is larger than its parts", "funding.loans_are_whole", LOAN,
        "UPDATE funding_loan SET principal_minor = principal_minor + 1 WHERE loan = 'L1'"),
    plant("a lender gets a cent more", "funding.events_are_whole", "SELECT 'event L1:interest'",
        "UPDATE funding_movement SET amount_minor = amount_minor + 1 WHERE key = 'L1:interest' AND lender = 'p01'"),
    plant("a lender's event vanishes", "funding.events_are_whole", "SELECT 'event L1:recovery'",
        "DELETE FROM funding_movement WHERE key = 'L1:recovery' AND lender = 'p02'"),
    plant("a lender's part grows by hand", "funding.parts_are_what_moved", "SELECT 'part L1 p01'",
        "UPDATE funding_position SET outstanding_minor = outstanding_minor + 1 WHERE lender = 'p01' AND loan = 'L1'"),
    plant("a purchase is repaid by hand", "funding.parts_follow_the_books", "SELECT 'loan ' || loan, account_id FROM funding_purchase",
        "UPDATE funding_item SET principal_minor = principal_minor + 1, outstanding_minor = outstanding_minor + 1"
        " WHERE account_id = {1}"),
    plant("an exposure is played down", "funding.exposures_are_sums", "SELECT 'exposure p02'",
        "UPDATE funding_exposure SET own_minor = 0 WHERE partner_group = 'p02'"),
    plant("our share is too small", "funding.own_share_kept", LOAN,
        "UPDATE funding_share SET share_ppm = share_ppm - 200000 WHERE lender = 'own' AND loan = 'L1'",
        "UPDATE funding_share SET share_ppm = share_ppm + 200000 WHERE lender = 'p01' AND loan = 'L1'"),
    plant("who has sold keeps a cent", "funding.parts_are_held", SOLD,
        "UPDATE funding_position SET outstanding_minor = 1 WHERE NOT is_held"),
    plant("an order is cleared by one person", "merchants.order_words_by_two",
        "SELECT 'order ' || min(purchase_id) FROM merchants_order_proposal",
        "UPDATE merchants_order_proposal_end AS e SET person = p.person FROM merchants_order_proposal AS p"
        " WHERE p.proposal_id = e.proposal_id"),
    plant("an order between lenders is called moved", "funding.settlements_end_by_statements",
        "SELECT 'order ' || min(key), min(key) FROM funding_settlement",
        "UPDATE funding_settlement_state SET moved_minor = moved_minor + 1 WHERE key = '{1}'"),
    plant("a line of the lenders' bank vanishes", "funding.bank_days_are_whole", "SELECT 'bank day ' || min(day) FROM funding_bank_day",
        "DELETE FROM funding_bank_line WHERE number = 1"),
    plant("a sale pays nobody", "funding.transfers_are_whole", SALE, "DELETE FROM funding_movement WHERE kind = 'price_got'"),
    plant("a sale is allowed by who asked for it", "funding.transfers_are_whole", SALE,
        "UPDATE funding_transfer_word AS w SET person = t.person FROM funding_transfer AS t WHERE t.transfer_id = w.transfer_id"),
    plant("somebody lends whom no contract names", "funding.sharers_are_named", SOLD, "DELETE FROM funding_named_signed"),
    plant("revenue goes astray", "funding.revenue_is_whole", "SELECT 'event L1:interest'",
        "UPDATE funding_revenue SET amount_minor = amount_minor - 1 WHERE key = 'L1:interest' AND party = 'platform'"),
)  # fmt: skip
PLANTS = (
    *SHARING,
    *JOURNAL,
    *STATE,
    *FACTS,
    *COMMANDS,
    *STATEMENTS,
    *DAYS,
    *DOORS,
    *FILED,
    *CONTRACTS,
    *PRUDENCE,
    *LIMITS,
)
