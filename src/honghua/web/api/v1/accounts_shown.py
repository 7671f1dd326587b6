"""The public forms of accounts, statements and plans: what a partner may rely on, whatever our records look like inside."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from honghua.web.api.v1.wire import Shown, Words


class LimitShown(Shown):
    """fixed + temporary = used + held + available + over; `over` (≤ 0) is what is used beyond it."""

    fixed_minor: int
    temporary_minor: int
    temporary_until: dt.date | None
    used_minor: int
    held_minor: int
    available_minor: int
    over_minor: int


class CapShown(Shown):
    """The customer's own cap of a calendar month, 0 = none; next_minor holds from next_on on, absent where no change waits."""

    cap_minor: int = 0
    spent_this_month_minor: int = 0
    next_minor: int | None = None
    next_on: dt.date | None = None
    currency: str


class DueShown(Shown):
    """What is to be paid next, of it the least, and until when."""

    due_on: dt.date | None
    unpaid_minor: int
    minimum_minor: int


class OpenStatementShown(Shown):
    """An issued statement with something unpaid."""

    number: int
    issued_on: dt.date
    due_on: dt.date
    unpaid_minor: int
    minimum_minor: int
    purchases_minor: int
    instalments_minor: int
    fee_minor: int
    interest_minor: int
    penalty_minor: int
    is_overdue: bool


class PlanShown(Shown):
    """An instalment plan with something left to bill. `settle_minor` ends it today."""

    plan_id: int
    kind: Words
    payer: Words
    created_on: dt.date
    periods: int
    billed: int
    principal_minor: int
    left_minor: int
    fee_minor: int
    fee_left_minor: int
    next_principal_minor: int
    next_fee_minor: int
    next_billed_on: dt.date
    settle_minor: int


class HoldShown(Shown):
    """Part of the limit that an order not yet received keeps."""

    purchase_id: int
    held_minor: int
    expires_on: dt.date


class MinimumCostShown(Shown):
    """What it costs to buy nothing more and pay only the minimum; months None: more than we count."""

    months: int | None
    paid_minor: int
    cost_minor: int


class AccountShown(Shown):
    """One account as it stands at the start of the business date. Amounts are minor units of `currency`."""

    customer: str
    account_id: int
    currency: str
    business_on: dt.date
    opened_on: dt.date
    status: Words
    quarantined: bool
    limit: LimitShown
    owed_minor: int
    overpaid_minor: int
    due: DueShown
    unbilled_minor: int
    accrued_minor: int
    next_statement_on: dt.date
    next_statement_due_on: dt.date
    next_statement_minor: int
    cut_day: int
    due_day: int
    next_pair: tuple[int, int] | None
    days_past_due: int
    overdue_since: dt.date | None
    splittable_minor: int
    open_statements: list[OpenStatementShown]
    plans: list[PlanShown]
    holds: list[HoldShown]
    minimum_cost: MinimumCostShown


class HistoryShown(Shown):
    """Something that happened to an account. amount_minor None: time did it, or it moved no money."""

    recorded_at: dt.datetime
    value_on: dt.date
    kind: Words
    amount_minor: int | None
    text: str
    fact_id: int
    entry_id: int
    undone: bool


class StatementShown(Shown):
    """A closed statement as it was issued; `unpaid_minor`: what of it is open today."""

    number: int
    from_on: dt.date
    cut_on: dt.date
    due_on: dt.date
    carried_minor: int
    purchases_minor: int
    refunds_minor: int
    repaid_minor: int
    revolving_minor: int
    instalment_minor: int
    fee_minor: int
    interest_minor: int
    penalty_minor: int
    overpayment_used_minor: int
    total_minor: int
    minimum_minor: int
    overdue_minor: int
    booked_on: dt.date
    unpaid_minor: int


class StatementItemShown(Shown):
    """One thing on a statement: positive raises what is owed. late: it belongs to an earlier cycle; undone: reversed since."""

    on: dt.date
    kind: Words
    amount_minor: int
    text: str
    late: bool
    undone: bool


class PlanPartShown(Shown):
    """The part of a plan that a statement billed."""

    plan_id: int
    kind: Words
    number: int
    periods: int
    principal_minor: int
    fee_minor: int


class StatementDetailShown(Shown):
    """A statement with its items in order and the plan parts that it billed."""

    statement: StatementShown
    currency: str
    items: list[StatementItemShown]
    parts: list[PlanPartShown]


class PeriodShown(Shown):
    """One instalment."""

    number: int
    due_on: dt.date | None
    principal_minor: int
    fee_minor: int
    total_minor: int
    principal_left_minor: int


class CostShown(Shown):
    """A row of the cost table: what, how it is collected, its yearly rate, by whom and from whom."""

    name: str
    collection: str
    annual_percent: Decimal
    collector: str
    payer: str
    amount_minor: int | None
    note: str


class PlanQuoteShown(Shown):
    """All that a customer has to see before accepting instalments (明示表)."""

    currency: str
    principal_minor: int
    fee_minor: int
    consumer_fee_minor: int
    periods: list[PeriodShown]
    nominal_percent: Decimal
    effective_percent: Decimal
    items: list[CostShown]
    contingent: list[CostShown]
    nothing_else: str


class InstalmentQuoteShown(Shown):
    """One choice of periods; `fee_minor` goes into the command as the confirmed fee. campaign_id: the campaign that bears it."""

    periods: int
    fee_minor: int
    plan: PlanQuoteShown
    campaign_id: int | None = None


class SettlementShown(Shown):
    """What ends a plan today: exactly `amount_minor`, valid until the business date moves."""

    plan_id: int
    amount_minor: int
    principal_minor: int
    fee_minor: int
    fee_saved_minor: int
    valid_on: dt.date
