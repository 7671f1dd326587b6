"""One account living through commands in memory, and one repayment spread over given bills: what dated cases are answered from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from honghua.base.dates import add_months, from_day, to_day
from honghua.base.errors import BadInput
from honghua.credit.core.account import Account, State, event_row, roomy
from honghua.credit.core.commands import Command, Order
from honghua.credit.core.desk import Answer, Desk
from honghua.credit.core.dispatch import handle
from honghua.credit.core.kernels.allocation import pay
from honghua.credit.core.kernels.measures import classify, days_past_due, used_minor
from honghua.credit.core.layout import (
    D_BASE,
    D_DUE,
    D_FEE,
    D_INSTALMENT,
    D_INTEREST,
    D_ISSUED,
    D_MINIMUM,
    D_PENALTY,
    D_REVOLVING,
    D_SEQ,
    DUE,
    H_AS_OF,
    H_CLASS,
    H_CUT_DAY,
    H_DUE_DAY,
    H_DUES,
    H_HELD,
    H_LIMIT,
    H_NEXT_CUT,
    H_OVERPAID,
    H_PLANS,
    H_RESTRUCTURED,
    H_STATUS,
    H_TEMPORARY,
    H_TEMPORARY_UNTIL,
    H_WAIVED,
    P_BILLED,
    P_KIND,
    P_LEFT,
    P_PERIODS,
    P_PRINCIPAL,
    PLAN_HARDSHIP,
    S_CUT,
    S_DUE,
    S_MINIMUM,
    S_TOTAL,
    STATUS_ACTIVE,
)
from honghua.credit.core.terms import ProductTerms, terms_matrix
from honghua.facts.kinds import PASSED_OVER, Fact, FactKind
from honghua.ledger.core import Component

CUSTOMER = "A"
PRINCIPAL = (Component.PRINCIPAL_UNBILLED, Component.PRINCIPAL_BILLED, Component.PRINCIPAL_INSTALMENT)


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill as it was cut. Minor units."""

    cut_on: dt.date
    due_on: dt.date
    total_minor: int
    minimum_minor: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the account stands. Minor units; over_minor is what is used beyond the limit; temporary_until None = none runs."""

    limit_minor: int
    temporary_minor: int
    temporary_until: dt.date | None
    used_minor: int
    held_minor: int
    available_minor: int
    over_minor: int
    overpaid_minor: int
    cut_day: int
    due_day: int
    next_cut_on: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How the account does. Minor units; risk_class 1 … 5; waived_minor: charges forgiven so far; plan: of a hardship, the newest."""

    risk_class: int
    days_past_due: int
    principal_minor: int
    interest_minor: int
    fee_minor: int
    penalty_minor: int
    waived_minor: int
    restructured_on: dt.date | None
    observed_until: dt.date | None
    plan: HardshipPlan | None


@dataclass(frozen=True, slots=True)
class HardshipPlan:
    """A plan that a restructuring made: periods in all, of which so many are billed, and the principal that is not."""

    periods: int
    billed: int
    principal_minor: int
    left_minor: int


@dataclass(slots=True)
class Life:
    """One account; `do` answers a command of a day, `pass_to` lets days pass. Days never go back (BadInput)."""

    terms: ProductTerms
    on: dt.date
    account: Account = field(init=False)
    bills: list[Bill] = field(default_factory=list)
    purchases: dict[int, list[tuple[int, Fact]]] = field(default_factory=dict)
    facts: dict[int, Fact] = field(default_factory=dict)
    merchants: dict[str, int] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)
    last_id: int = 0

    def __post_init__(self) -> None:
        self.account = Account(1, CUSTOMER, terms_matrix({1: self.terms}))

    def pass_to(self, day: dt.date) -> None:
        """Let days pass to the start of a day."""
        if day < self.on:
            raise BadInput(f"{day} lies before {self.on}: events come in order of their days")
        self.on = day
        while self.account.needs_days(to_day(day)):
            _, cut = self.account.pass_days(self.account.next_stop(to_day(day)))
            if cut is not None:
                dates = from_day(int(cut[S_CUT])), from_day(int(cut[S_DUE]))
                self.bills.append(Bill(*dates, int(cut[S_TOTAL]), int(cut[S_MINIMUM])))

    def do(self, command: Command) -> Answer:
        """Answer a command of today and apply its facts."""
        self.last_id += 1
        if isinstance(command, Order):
            self.merchants.setdefault(command.merchant, 1000 + len(self.merchants))
            self.categories.setdefault(command.category, 1 + len(self.categories))
        desk = Desk(
            to_day(self.on), self.last_id, {1: self.terms}, {self.terms.name: 1}, self.merchants, self.categories, self.purchases,
            self.facts,
        )  # fmt: skip
        result = handle(command, self.account, desk)
        for fact in result.facts:
            self.last_id += 1
            self.facts[self.last_id] = fact
            if fact.purchase_id:
                self.purchases.setdefault(fact.purchase_id, []).append((self.last_id, fact))
            if fact.kind not in PASSED_OVER:
                self.account.apply(event_row(fact), terms_id=1 if fact.kind is FactKind.ACCOUNT_OPENED else None)
        return result.answer

    def look(self) -> Standing:
        """Where it stands now."""
        head = self.account.head
        used = int(used_minor(head, self.account.dues, self.account.plans))
        room = int(head[H_LIMIT]) + int(head[H_TEMPORARY]) - used - int(head[H_HELD])
        runs = int(head[H_TEMPORARY]) > 0
        return Standing(
            int(head[H_LIMIT]), int(head[H_TEMPORARY]), from_day(int(head[H_TEMPORARY_UNTIL])) if runs else None, used,
            int(head[H_HELD]), max(0, room), max(0, -room), int(head[H_OVERPAID]), int(head[H_CUT_DAY]), int(head[H_DUE_DAY]),
            from_day(int(head[H_NEXT_CUT])),
        )  # fmt: skip

    def feel(self) -> Condition:
        """How it does now: class, lateness, what is owed by its parts, what a restructuring left of itself."""
        head, balance = self.account.head, self.account.balance
        plans = self.account.plans[: int(head[H_PLANS])]
        hardship = plans[plans[:, P_KIND] == PLAN_HARDSHIP]
        newest = hardship[-1] if len(hardship) else None
        restructured = int(head[H_RESTRUCTURED])
        until = int(add_months(restructured, self.terms.restructure_months)) if restructured else 0
        return Condition(
            risk_class=int(head[H_CLASS]) or 1, days_past_due=int(days_past_due(head)),
            principal_minor=int(balance[list(PRINCIPAL)].sum()), interest_minor=int(balance[Component.INTEREST]),
            fee_minor=int(balance[Component.FEE]), penalty_minor=int(balance[Component.PENALTY]), waived_minor=int(head[H_WAIVED]),
            restructured_on=from_day(restructured) if restructured else None, observed_until=from_day(until) if restructured else None,
            plan=None if newest is None else HardshipPlan(
                int(newest[P_PERIODS]), int(newest[P_BILLED]), int(newest[P_PRINCIPAL]), int(newest[P_LEFT])
            ),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What is unpaid of one bill, minor units. overdue_days: days past its due day; ≤ 0 = not due yet, so many days to go."""

    overdue_days: int
    principal_minor: int = 0
    instalment_minor: int = 0
    fee_minor: int = 0
    interest_minor: int = 0
    penalty_minor: int = 0


PARTS = (
    ("principal_minor", D_REVOLVING), ("instalment_minor", D_INSTALMENT), ("fee_minor", D_FEE), ("interest_minor", D_INTEREST),
    ("penalty_minor", D_PENALTY),
)  # fmt: skip


def spread_payment(
    terms: ProductTerms, debts: Sequence[Debt], payment_minor: int, *, on: dt.date
) -> tuple[list[Debt], int]:
    """(what each bill still owes after a repayment, what is left over), by the fold's own waterfall. Bills oldest first."""
    today = to_day(on)
    head = np.zeros_like(State.empty().head)
    head[H_STATUS], head[H_AS_OF], head[H_DUES] = STATUS_ACTIVE, today, len(debts)
    dues = roomy(np.zeros(0, np.int64), DUE, 0, spare=len(debts) + 1)
    for i, debt in enumerate(debts):
        for name, column in PARTS:
            dues[i, column] = getattr(debt, name)
        dues[i, D_SEQ], dues[i, D_DUE], dues[i, D_ISSUED] = i, today - debt.overdue_days, today - debt.overdue_days - 9
        dues[i, D_MINIMUM], dues[i, D_BASE] = int(dues[i, D_REVOLVING : D_PENALTY + 1].sum()), debt.principal_minor
    classify(head, dues, terms.vector())
    pay(head, dues, terms.vector(), payment_minor)
    kept = {int(row[D_SEQ]): row for row in dues[: int(head[H_DUES])]}
    left = [
        Debt(
            overdue_days=debt.overdue_days,
            **{name: int(kept[i][column]) if i in kept else 0 for name, column in PARTS},
        )
        for i, debt in enumerate(debts)
    ]
    return left, int(head[H_OVERPAID])


__all__ = ["CUSTOMER", "Bill", "Condition", "Debt", "HardshipPlan", "Life", "Standing", "spread_payment"]
