"""Where everything stands in the int64 state of one credit account, and in the events and statements around it.

A state is three arrays, so that one compiled kernel folds one account or a million:
  head   int64[HEAD]          what the account is: limits, dates, running sums (`H_*`)
  dues   int64[k, DUE]        what was billed and not yet paid, one row per open statement, oldest first (`D_*`)
  plans  int64[k, PLAN]       instalment plans with something left to bill (`P_*`)
Rows in use are counted in `H_DUES` and `H_PLANS`; rows beyond are free room. Amounts are minor units, `*_ON` are day numbers.
`HEAD_COLUMNS` names the head in the database, in the same order: a test holds the table to it.
"""

from __future__ import annotations

from typing import Final

HEAD_COLUMNS: Final = (
    "status",  # STATUS_*
    "as_of_on",  # the state holds at the start of this day
    "terms_id",
    "limit_minor",
    "temporary_minor",  # shrinks as its used part is repaid: it does not revolve
    "temporary_until_on",  # last day on which the temporary limit counts
    "held_minor",
    "cut_day",
    "due_day",
    "next_cut_day",  # the pair of days chosen for the cycle after this one; 0 = none
    "next_due_day",
    "pair_changed_on",
    "last_cut_on",
    "next_cut_on",
    "statements",
    "unbilled_minor",
    "cycle_purchases_minor",
    "cycle_refunds_minor",
    "cycle_repaid_minor",
    "interest_accrued_minor",  # earned since the last cut, goes onto the next bill
    "penalty_accrued_minor",
    "fee_carried_minor",
    "overpaid_minor",
    "charged_off_minor",
    "risk_class",  # 1 normal … 5 loss
    "cure_on",  # since when a non-performing account has no arrears
    "restructured_on",
    "dues_count",
    "plans_count",
    "next_action_on",  # the next day on which time alone changes this account
    "next_due_on",  # the nearest due day with something to pay
    "overdue_since_on",  # the due day of the oldest statement whose minimum is unpaid; 0 = not overdue
    "opened_on",
    "bank_minor",  # from here on: the other side of every posting, summed over the account's life
    "merchant_minor",
    "interest_income_minor",
    "fee_income_minor",
    "penalty_income_minor",
    "recovery_income_minor",
    "subsidy_expense_minor",
    "credit_loss_minor",
    "waiver_expense_minor",
)
HEAD: Final = len(HEAD_COLUMNS)
(
    H_STATUS, H_AS_OF, H_TERMS, H_LIMIT, H_TEMPORARY, H_TEMPORARY_UNTIL, H_HELD, H_CUT_DAY, H_DUE_DAY, H_NEXT_CUT_DAY,
    H_NEXT_DUE_DAY, H_PAIR_CHANGED, H_LAST_CUT, H_NEXT_CUT, H_STATEMENTS, H_UNBILLED, H_CYCLE_PURCHASES, H_CYCLE_REFUNDS,
    H_CYCLE_REPAID, H_INTEREST_ACCRUED, H_PENALTY_ACCRUED, H_FEE_CARRIED, H_OVERPAID, H_CHARGED_OFF, H_CLASS, H_CURE,
    H_RESTRUCTURED, H_DUES, H_PLANS, H_NEXT_ACTION, H_NEXT_DUE, H_OVERDUE_SINCE, H_OPENED, H_BANK, H_MERCHANT,
    H_INTEREST_INCOME, H_FEE_INCOME, H_PENALTY_INCOME, H_RECOVERY_INCOME, H_SUBSIDY_EXPENSE, H_CREDIT_LOSS, H_WAIVED,
) = range(HEAD)  # fmt: skip

STATUS_NONE: Final = 0
STATUS_ACTIVE: Final = 1
STATUS_FROZEN: Final = 2  # may repay, may not buy
STATUS_WRITTEN_OFF: Final = 3
STATUS_CLOSED: Final = 4

DUE_COLUMNS: Final = (
    "seq", "issued_on", "due_on", "revolving_minor", "instalment_minor", "fee_minor", "interest_minor", "penalty_minor",
    "minimum_minor", "base_minor", "bearing_minor",
)  # fmt: skip
DUE: Final = len(DUE_COLUMNS)
# D_MINIMUM: what is still needed for the minimum; D_BASE: the principal of which only the minimum share is asked;
# D_BEARING: the principal carried over from earlier bills, whose free days are over: it earns interest before D_DUE, too
(D_SEQ, D_ISSUED, D_DUE, D_REVOLVING, D_INSTALMENT, D_FEE, D_INTEREST, D_PENALTY, D_MINIMUM, D_BASE, D_BEARING) = range(
    DUE
)

PLAN_COLUMNS: Final = (
    "plan_id", "kind", "payer", "periods", "billed", "principal_minor", "fee_minor", "left_minor", "fee_left_minor",
    "deferred_minor", "created_on", "billed_on", "fee_billed_minor",
)  # fmt: skip
PLAN: Final = len(PLAN_COLUMNS)
(
    P_ID, P_KIND, P_PAYER, P_PERIODS, P_BILLED, P_PRINCIPAL, P_FEE, P_LEFT, P_FEE_LEFT, P_DEFERRED, P_CREATED, P_BILLED_ON,
    P_FEE_BILLED,
) = range(PLAN)  # fmt: skip
PLAN_PURCHASE: Final = 1
PLAN_BILL: Final = 2
PLAN_HARDSHIP: Final = 3
PAYER_CONSUMER: Final = 1
PAYER_MERCHANT: Final = 2
PAYER_PLATFORM: Final = 3

TERMS_COLUMNS: Final = (
    "interest_ppm_day", "penalty_ppm_day", "minimum_share_ppm", "principal_first_dpd", "settlement_fee", "refund_fee",
    "refund_overdue_first", "class_attention_dpd", "class_substandard_dpd", "class_doubtful_dpd", "class_loss_dpd",
    "cure_months", "penalty_days_max", "restructure_months",
)  # fmt: skip
TERMS: Final = len(TERMS_COLUMNS)
(
    T_INTEREST, T_PENALTY, T_MINIMUM_SHARE, T_PRINCIPAL_FIRST_DPD, T_SETTLEMENT_FEE, T_REFUND_FEE, T_REFUND_OVERDUE_FIRST,
    T_ATTENTION, T_SUBSTANDARD, T_DOUBTFUL, T_LOSS, T_CURE_MONTHS, T_PENALTY_DAYS_MAX, T_RESTRUCTURE_MONTHS,
) = range(TERMS)  # fmt: skip
SETTLEMENT_FREE: Final = 0
SETTLEMENT_DAYS_USED: Final = 1
SETTLEMENT_ALL_FEES: Final = 2

ARGS: Final = 6
EVENT: Final = 3 + ARGS
(E_KIND, E_ON, E_AMOUNT, E_A0, E_A1, E_A2, E_A3, E_A4, E_A5) = range(EVENT)

STATEMENT_COLUMNS: Final = (
    "seq", "cut_on", "due_on", "from_on", "carried_minor", "purchases_minor", "refunds_minor", "repaid_minor",
    "revolving_minor", "instalment_minor", "fee_minor", "interest_minor", "penalty_minor", "overpayment_used_minor",
    "total_minor", "minimum_minor", "own_minimum_minor", "overdue_minor",
)  # fmt: skip
STATEMENT: Final = len(STATEMENT_COLUMNS)
(
    S_SEQ, S_CUT, S_DUE, S_FROM, S_CARRIED, S_PURCHASES, S_REFUNDS, S_REPAID, S_REVOLVING, S_INSTALMENT, S_FEE, S_INTEREST,
    S_PENALTY, S_OVERPAYMENT_USED, S_TOTAL, S_MINIMUM, S_OWN_MINIMUM, S_OVERDUE,
) = range(STATEMENT)  # fmt: skip

OK: Final = 0
FULL: Final = 1  # no free row in dues, plans or statements: give more room and fold again
BROKEN_ORDER: Final = 2  # an event lies before the day that the state has reached
UNKNOWN_EVENT: Final = 3
