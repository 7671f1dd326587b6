"""What people are shown of an account: where it stands today, and what instalments or an early end would cost."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg

from honghua.base.dates import NO_DAY, from_day
from honghua.base.errors import BadInput
from honghua.credit import store_debits
from honghua.credit.core.account import Account
from honghua.credit.core.arranging import settlement_quote, splittable_minor
from honghua.credit.core.debiting import Source
from honghua.credit.core.finance.quote import Payer, PlanQuote, QuoteTerms, quote_plan
from honghua.credit.core.foresight import MinimumCost, compute_minimum_cost, list_due_days, longest_grace
from honghua.credit.core.kernels.measures import days_past_due, due_unpaid
from honghua.credit.core.layout import (
    D_DUE,
    D_FEE,
    D_INSTALMENT,
    D_INTEREST,
    D_ISSUED,
    D_MINIMUM,
    D_PENALTY,
    D_REVOLVING,
    D_SEQ,
    H_AS_OF,
    H_CHARGED_OFF,
    H_CLASS,
    H_CUT_DAY,
    H_DUE_DAY,
    H_DUES,
    H_FEE_CARRIED,
    H_HELD,
    H_INTEREST_ACCRUED,
    H_LIMIT,
    H_NEXT_CUT,
    H_NEXT_CUT_DAY,
    H_NEXT_DUE_DAY,
    H_OPENED,
    H_OVERDUE_SINCE,
    H_OVERPAID,
    H_PENALTY_ACCRUED,
    H_PLANS,
    H_STATUS,
    H_TEMPORARY,
    H_TEMPORARY_UNTIL,
    H_TERMS,
    H_UNBILLED,
    P_BILLED,
    P_CREATED,
    P_FEE,
    P_FEE_LEFT,
    P_ID,
    P_KIND,
    P_LEFT,
    P_PAYER,
    P_PERIODS,
    P_PRINCIPAL,
    PLAN_BILL,
    PLAN_PURCHASE,
)  # fmt: skip
from honghua.credit.core.terms import ProductTerms
from honghua.credit.core.words import CLASS_WORDS, PAYER_WORDS, PLAN_WORDS, STATUS_WORDS, Words, describe_grace
from honghua.credit.registry import Registry
from honghua.credit.viewing import store
from honghua.credit.viewing.reading import find_current, one_moment
from honghua.ledger.core import CLAIM

AVAILABLE: Final = 18  # places in the component vector (ledger.core.Component)
USED: Final = 20
PAYERS: Final[dict[int, Payer]] = {1: "consumer", 2: "merchant", 3: "platform"}


@dataclass(frozen=True, slots=True)
class OpenStatement:
    """An issued statement with something unpaid; amounts are what is still unpaid, minor units."""

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


@dataclass(frozen=True, slots=True)
class PlanView:
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


@dataclass(frozen=True, slots=True)
class HoldView:
    """Part of the limit that an order not yet received keeps."""

    purchase_id: int
    held_minor: int
    expires_on: dt.date


@dataclass(frozen=True, slots=True)
class LimitView:
    """fixed + temporary = used + held + available + over, minor units; `over` (≤ 0) is what is used beyond it."""

    fixed_minor: int
    temporary_minor: int
    temporary_until: dt.date | None
    used_minor: int
    held_minor: int
    available_minor: int
    over_minor: int


@dataclass(frozen=True, slots=True)
class DueView:
    """What is to be paid next: everything billed, of it the least that keeps the account in order, and until when."""

    due_on: dt.date | None
    unpaid_minor: int
    minimum_minor: int


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account as it stands at the start of the business date. Amounts minor units of `currency`."""

    customer: str
    account_id: int
    currency: str
    business_on: dt.date
    opened_on: dt.date
    status: Words
    quarantined: bool
    limit: LimitView
    owed_minor: int
    overpaid_minor: int
    charged_off_minor: int
    due: DueView
    unbilled_minor: int
    accrued_minor: int
    next_statement_on: dt.date
    next_statement_due_on: dt.date
    next_statement_minor: int
    cut_day: int
    due_day: int
    next_pair: tuple[int, int] | None
    grace: Words
    days_past_due: int
    overdue_since: dt.date | None
    risk_class: int
    risk_class_words: Words
    splittable_minor: int
    open_statements: tuple[OpenStatement, ...]
    plans: tuple[PlanView, ...]
    holds: tuple[HoldView, ...]
    sources: tuple[Source, ...]
    minimum_cost: MinimumCost
    terms: ProductTerms


@dataclass(frozen=True, slots=True)
class SettlementQuote:
    """What ends a plan today: exactly `amount_minor` = principal + fee, valid until the business date moves."""

    plan_id: int
    amount_minor: int
    principal_minor: int
    fee_minor: int
    fee_saved_minor: int
    valid_on: dt.date


@dataclass(frozen=True, slots=True)
class InstalmentQuote:
    """One choice of periods with its full cost table; `fee_minor` goes into the command as the confirmed fee."""

    periods: int
    fee_minor: int
    plan: PlanQuote


def find_account_view(conn: psycopg.Connection, registry: Registry, customer: str) -> AccountView | None:
    """One customer's account as a person wants to see it, or None. Reads one moment; writes nothing."""
    with one_moment(conn):
        account = find_current(conn, registry, customer)
        if account is None:
            return None
        holds = tuple(HoldView(*row) for row in store.list_holds(conn, account.account_id))
        sources = store_debits.list_sources(conn, np.array([account.account_id], np.int64))
    terms = registry.terms[int(account.head[H_TERMS])]
    return view_account(account, terms, holds=holds, sources=tuple(sources.get(account.account_id, ())))


def view_account(
    account: Account, terms: ProductTerms, *, holds: tuple[HoldView, ...], sources: tuple[Source, ...]
) -> AccountView:
    """The figures of an account state in words and dates."""
    head = account.head
    statements, plans = view_statements(account), view_plans(account)
    accrued = int(head[H_INTEREST_ACCRUED] + head[H_PENALTY_ACCRUED] + head[H_FEE_CARRIED])
    parts = sum(plan.next_principal_minor + plan.next_fee_minor for plan in plans)
    pair = (int(head[H_NEXT_CUT_DAY]), int(head[H_NEXT_DUE_DAY]))
    risk_class = int(head[H_CLASS])
    return AccountView(
        customer=account.customer_ref,
        account_id=account.account_id,
        currency=terms.currency,
        business_on=from_day(int(head[H_AS_OF])),
        opened_on=from_day(int(head[H_OPENED])),
        status=STATUS_WORDS[int(head[H_STATUS])],
        quarantined=account.quarantined,
        limit=view_limit(account),
        owed_minor=int(account.balance[CLAIM].sum()),
        overpaid_minor=int(head[H_OVERPAID]),
        charged_off_minor=int(head[H_CHARGED_OFF]),
        due=view_due(statements),
        unbilled_minor=int(head[H_UNBILLED]),
        accrued_minor=accrued,
        next_statement_on=from_day(int(head[H_NEXT_CUT])),
        next_statement_due_on=list_due_days(account, 1)[0],
        next_statement_minor=int(head[H_UNBILLED]) + accrued + parts,
        cut_day=int(head[H_CUT_DAY]),
        due_day=int(head[H_DUE_DAY]),
        next_pair=pair if pair[0] else None,
        grace=describe_grace(longest_grace(int(head[H_CUT_DAY]), int(head[H_DUE_DAY]))),
        days_past_due=int(days_past_due(head)),
        overdue_since=day_or_none(int(head[H_OVERDUE_SINCE])),
        risk_class=risk_class,
        risk_class_words=CLASS_WORDS.get(risk_class, ("", "")),
        splittable_minor=splittable_minor(account),
        open_statements=statements,
        plans=plans,
        holds=holds,
        sources=sources,
        minimum_cost=compute_minimum_cost(account),
        terms=terms,
    )


def view_limit(account: Account) -> LimitView:
    """How the limit is used."""
    head, balance = account.head, account.balance
    return LimitView(
        fixed_minor=int(head[H_LIMIT]),
        temporary_minor=int(head[H_TEMPORARY]),
        temporary_until=from_day(int(head[H_TEMPORARY_UNTIL])) if int(head[H_TEMPORARY]) else None,
        used_minor=int(balance[USED]),
        held_minor=int(head[H_HELD]),
        available_minor=int(balance[AVAILABLE]),
        over_minor=int(balance[USED + 1]),
    )


def view_statements(account: Account) -> tuple[OpenStatement, ...]:
    """Open statements, oldest first."""
    today = int(account.head[H_AS_OF])
    return tuple(
        OpenStatement(
            number=int(row[D_SEQ]),
            issued_on=from_day(int(row[D_ISSUED])),
            due_on=from_day(int(row[D_DUE])),
            unpaid_minor=int(due_unpaid(row)),
            minimum_minor=int(row[D_MINIMUM]),
            purchases_minor=int(row[D_REVOLVING]),
            instalments_minor=int(row[D_INSTALMENT]),
            fee_minor=int(row[D_FEE]),
            interest_minor=int(row[D_INTEREST]),
            penalty_minor=int(row[D_PENALTY]),
            is_overdue=int(row[D_DUE]) < today and int(row[D_MINIMUM]) > 0,
        )
        for row in account.dues[: int(account.head[H_DUES])]
    )


def view_due(statements: tuple[OpenStatement, ...]) -> DueView:
    """Everything billed, with the nearest due day: an overdue bill's when there is one."""
    if not statements:
        return DueView(None, 0, 0)
    unpaid, minimum = sum(s.unpaid_minor for s in statements), sum(s.minimum_minor for s in statements)
    due = [s.due_on for s in statements if s.minimum_minor > 0] or [statements[-1].due_on]
    return DueView(min(due), unpaid, minimum)


def view_plans(account: Account) -> tuple[PlanView, ...]:
    """Running plans with the part that the next statement brings: a remainder comes first (rules.md §1)."""
    found = []
    next_cut = from_day(int(account.head[H_NEXT_CUT]))
    for row in account.plans[: int(account.head[H_PLANS])].tolist():
        periods_left = row[P_PERIODS] - row[P_BILLED]
        settlement = settlement_quote(account, row[P_ID])
        found.append(
            PlanView(
                plan_id=row[P_ID],
                kind=PLAN_WORDS[row[P_KIND]],
                payer=PAYER_WORDS[row[P_PAYER]],
                created_on=from_day(row[P_CREATED]),
                periods=row[P_PERIODS],
                billed=row[P_BILLED],
                principal_minor=row[P_PRINCIPAL],
                left_minor=row[P_LEFT],
                fee_minor=row[P_FEE],
                fee_left_minor=row[P_FEE_LEFT],
                next_principal_minor=next_part(row[P_LEFT], periods_left),
                next_fee_minor=next_part(row[P_FEE_LEFT], periods_left),
                next_billed_on=next_cut,
                settle_minor=sum(settlement) if settlement else 0,
            )
        )
    return tuple(found)


def next_part(left_minor: int, periods: int) -> int:
    """The first of the remaining parts of a plan."""
    return left_minor // periods + left_minor % periods


def day_or_none(day: int) -> dt.date | None:
    """A date, None for "never"."""
    return None if day == NO_DAY else from_day(day)


def find_settlement_quote(
    conn: psycopg.Connection, registry: Registry, customer: str, plan_id: int
) -> SettlementQuote | None:
    """What ends a plan today; None when the customer has no such plan."""
    with one_moment(conn):
        account = find_current(conn, registry, customer)
    quote = settlement_quote(account, plan_id) if account is not None else None
    if account is None or quote is None:
        return None
    principal, fee = quote
    row = next(row for row in account.plans.tolist() if row[P_ID] == plan_id)
    return SettlementQuote(
        plan_id, principal + fee, principal, fee, row[P_FEE_LEFT] - fee, from_day(int(account.head[H_AS_OF]))
    )


def list_instalment_quotes(
    conn: psycopg.Connection,
    registry: Registry,
    customer: str,
    *,
    amount_minor: int,
    of_bill: bool = False,
    payer: int = 1,
) -> list[InstalmentQuote]:
    """The periods on offer for a purchase of this amount, or for that part of the last bill, with their cost tables.

    Instalments fall due with the account's own next statements. The rates are those of equal periods (rules.md §2).
    Empty when there is no account; raises BadInput for an amount or payer that cannot be.
    """
    if payer not in PAYERS:
        raise BadInput("the payer is 1 consumer, 2 merchant or 3 platform", code="BAD_PAYER")
    with one_moment(conn):
        account = find_current(conn, registry, customer)
    if account is None:
        return []
    terms = registry.terms[int(account.head[H_TERMS])]
    kind, table = (PLAN_BILL, terms.bill_fee_ppm) if of_bill else (PLAN_PURCHASE, terms.purchase_fee_ppm)
    quotes = []
    for periods in sorted(table):
        fee = terms.fee_minor(kind, periods, amount_minor, payer=payer)
        assert fee is not None, "periods come from the table of fees"
        plan = quote_plan(
            principal_minor=amount_minor,
            n=periods,
            fee_total_minor=fee,
            currency=terms.currency,
            due_on=list_due_days(account, periods),
            terms=QuoteTerms(payer=PAYERS[payer], overdue_daily_ppm=terms.penalty_ppm_day),
        )
        quotes.append(InstalmentQuote(periods, fee, plan))
    return quotes
