"""Holding a stored state beside the model: every figure, with a name for each that differs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from honghua.base.dates import from_day, to_day
from honghua.credit.core.account import Account
from honghua.credit.core.layout import DUE_COLUMNS, HEAD_COLUMNS, PLAN_COLUMNS, STATEMENT_COLUMNS
from honghua.credit.core.tests.model_events import Told
from honghua.ledger.core.chart import Component

C = Component

WHOLE_ORDER = ("purchases", "instalment", "fee", "interest", "penalty")
STATUS = {"none": 0, "active": 1, "frozen": 2, "written off": 3, "closed": 4}

# the head's running sums of the other side of postings, with the sign that the state keeps them in
SUMS = {
    "bank_minor": (C.BANK_CLEARING, 1),
    "merchant_minor": (C.MERCHANT_PAYABLE, 1),
    "interest_income_minor": (C.INTEREST_INCOME, -1),
    "fee_income_minor": (C.FEE_INCOME, -1),
    "penalty_income_minor": (C.PENALTY_INCOME, -1),
    "recovery_income_minor": (C.RECOVERY_INCOME, -1),
    "subsidy_expense_minor": (C.SUBSIDY_EXPENSE, 1),
    "credit_loss_minor": (C.CREDIT_LOSS, 1),
    "waiver_expense_minor": (C.WAIVER_EXPENSE, 1),
    "overpaid_minor": (C.OVERPAYMENT, -1),
    "charged_off_minor": (C.CHARGE_OFF_MEMO, 1),
}
NOT_COMPARED = {
    "terms_id",
    "next_action_on",
}  # the one is configuration; the other is checked by passing days one by one


def expected_head(told: Told) -> dict[str, Any]:
    """The head as the model has it, under the state's names."""
    life = told.life
    head = {name: sign * life.balances[component] for name, (component, sign) in SUMS.items()}
    days = {
        "as_of_on": life.on,
        "temporary_until_on": life.temporary_until,
        "pair_changed_on": life.pair_changed_on,
        "last_cut_on": life.last_cut_on,
        "next_cut_on": life.next_cut_on,
        "cure_on": life.cure_on,
        "restructured_on": life.restructured_on,
        "next_due_on": life.next_due(),
        "overdue_since_on": life.overdue_since(),
        "opened_on": life.opened_on,
    }
    return (
        head
        | {name: to_day(day) for name, day in days.items()}
        | {
            "status": STATUS[life.status],
            "limit_minor": life.limit,
            "temporary_minor": life.temporary,
            "held_minor": life.held,
            "cut_day": life.pair[0],
            "due_day": life.pair[1],
            "next_cut_day": life.next_pair[0],
            "next_due_day": life.next_pair[1],
            "statements": life.cuts,
            "unbilled_minor": life.cycle.owed["purchases"],
            "cycle_purchases_minor": life.bought_sum,
            "cycle_refunds_minor": life.refunded_sum,
            "cycle_repaid_minor": life.repaid_sum,
            "interest_accrued_minor": life.cycle.owed["interest"],
            "penalty_accrued_minor": life.cycle.owed["penalty"],
            "fee_carried_minor": life.cycle.owed["fee"],
            "risk_class": life.risk,
            "dues_count": len(life.bills),
            "plans_count": len(life.plans),
        }
    )


def expected_dues(told: Told) -> list[tuple[int, ...]]:
    """Open bills as rows of the state."""
    return [
        (
            bill.number,
            to_day(bill.issued_on),
            to_day(bill.due_on),
            *(bill.owed[name] for name in WHOLE_ORDER),
            bill.minimum,
            bill.shared,
            bill.bearing,
        )
        for bill in told.life.bills
    ]


def expected_plans(told: Told) -> list[tuple[int, ...]]:
    """Running plans as rows of the state."""
    return [
        (
            plan_id,
            plan.kind,
            plan.payer,
            plan.periods,
            plan.periods - len(plan.parts),
            plan.principal,
            plan.fee,
            sum(plan.parts),
            sum(plan.fees),
            sum(plan.deferred),
            to_day(plan.created_on),
            to_day(plan.billed_on),
            plan.fee_billed,
        )
        for plan_id, plan in told.life.plans.items()
    ]


def state_differences(account: Account, told: Told) -> list[str]:
    """Everything in which the state is not what the model says; empty when they agree."""
    head = dict(zip(HEAD_COLUMNS, account.head.tolist(), strict=True))
    wanted = expected_head(told)
    assert head.keys() == wanted.keys() | NOT_COMPARED
    found = [f"{name}: state {head[name]}, model {value}" for name, value in wanted.items() if head[name] != value]
    dues = [tuple(row) for row in account.dues[: head["dues_count"]].tolist()]
    plans = [tuple(row) for row in account.plans[: head["plans_count"]].tolist()]
    if dues != expected_dues(told):
        found.append(f"dues {DUE_COLUMNS}: state {dues}, model {expected_dues(told)}")
    if plans != expected_plans(told):
        found.append(f"plans {PLAN_COLUMNS}: state {plans}, model {expected_plans(told)}")
    if account.balance.tolist() != told.life.vector():
        found += [
            f"{component.name}: state {ours}, model {theirs}"
            for component, ours, theirs in zip(C, account.balance.tolist(), told.life.vector(), strict=True)
            if ours != theirs
        ]
    return found


def expected_statement(number: int, statement: Mapping[str, Any]) -> dict[str, int]:
    """A bill as the model cut it, under the statement's column names."""
    same = (
        "carried",
        "instalment",
        "fee",
        "interest",
        "penalty",
        "overpayment_used",
        "total",
        "minimum",
        "own_minimum",
        "overdue",
    )
    other = {"purchases": "bought", "refunds": "refunded", "repaid": "repaid", "revolving": "purchases"}
    figures = {f"{name}_minor": statement.get(name, 0) for name in same}
    figures |= {f"{name}_minor": statement.get(ours, 0) for name, ours in other.items()}
    days: dict[str, dt.date] = {name: statement[name] for name in ("cut_on", "due_on", "from_on")}
    return {"seq": number} | {name: to_day(day) for name, day in days.items()} | figures


def statement_differences(rows: Mapping[int, Any], told: Told) -> list[str]:
    """Bills that differ from those the model told: rows by number, each in the order of STATEMENT_COLUMNS."""
    ours = {
        number: dict(zip(STATEMENT_COLUMNS, [int(value) for value in row], strict=True)) for number, row in rows.items()
    }
    wanted = {number: expected_statement(number, statement) for number, statement in told.statements.items()}
    if ours.keys() != wanted.keys():
        return [f"bills {sorted(ours)}, model {sorted(wanted)}"]
    return [
        f"bill {number} of {from_day(bill['cut_on'])}: {name} {bill[name]}, model {wanted[number][name]}"
        for number, bill in ours.items()
        for name in STATEMENT_COLUMNS
        if bill[name] != wanted[number][name]
    ]


__all__ = ["state_differences", "statement_differences"]
