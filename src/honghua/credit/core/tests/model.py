"""A second telling of the credit account: plain dicts and exact fractions, one day after another.

Written from rules.md §1, §7, §8 and the stated day conventions, not from the kernels. Each movement is posted as an
accountant would, debit positive, money on its way standing in TRANSIT: an oracle for `components(state)`.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

from honghua.credit.core.terms import ProductTerms
from honghua.ledger.core.chart import Component

C = Component

TRANSIT = "transit"
ASSET = {
    "fee": C.FEE,
    "penalty": C.PENALTY,
    "interest": C.INTEREST,
    "instalment": C.PRINCIPAL_BILLED,
    "purchases": C.PRINCIPAL_BILLED,
}
PRINCIPAL = ("instalment", "purchases")
NEVER = dt.date(1970, 1, 1)


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def share(amount: int, ppm: int) -> int:
    return half_up(Fraction(amount * ppm, 10**6))


def months_later(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def in_parts(total: int, n: int) -> list[int]:
    """n equal parts, what does not divide in the first."""
    return [total // n + total % n] + [total // n] * (n - 1)


@dataclass(eq=False)
class Pot:
    """What is owed in one place: a bill, or (number −1) the open cycle."""

    number: int = -1
    issued_on: dt.date = NEVER
    due_on: dt.date = NEVER
    owed: Counter[str] = field(default_factory=Counter)
    minimum: int = 0
    bearing: int = 0  # principal carried over from an earlier bill: its free days are over
    shared: int = 0  # of the purchases, those of which only a share is in the minimum

    def principal(self) -> int:
        return self.owed["instalment"] + self.owed["purchases"]

    def unpaid(self) -> int:
        return sum(self.owed.values())


@dataclass(eq=False)
class Plan:
    """Instalments still to be billed: parts of principal, of the consumer's fee, of a fee paid by somebody else."""

    kind: int
    payer: int
    periods: int
    principal: int
    fee: int
    created_on: dt.date
    parts: list[int] = field(default_factory=list)
    fees: list[int] = field(default_factory=list)
    deferred: list[int] = field(default_factory=list)
    billed_on: dt.date = NEVER
    fee_billed: int = 0

    def shrink(self, amount: int) -> tuple[int, int]:
        """Cancel principal and the fees on it in proportion; returns (fee, deferred) cancelled."""
        left, n = sum(self.parts), len(self.parts)
        gone = [half_up(Fraction(sum(fees) * amount, left)) for fees in (self.fees, self.deferred)]
        self.parts = in_parts(left - amount, n)
        self.fees, self.deferred = in_parts(sum(self.fees) - gone[0], n), in_parts(sum(self.deferred) - gone[1], n)
        return gone[0], gone[1]


class Life:
    """One account. `told` are the own minimums of bills already issued: no bill asks more than it said."""

    def __init__(self, terms: ProductTerms, told: dict[int, int]) -> None:
        self.terms, self.told = terms, told
        self.status, self.on = "none", NEVER
        self.balances: Counter[Any] = Counter()
        self.cycle, self.bills, self.plans = Pot(), list[Pot](), dict[int, Plan]()
        self.limit = self.temporary = self.held = self.cuts = 0
        self.temporary_until = self.pair_changed_on = self.cure_on = self.restructured_on = NEVER
        self.pair = self.next_pair = (0, 0)
        self.opened_on = self.last_cut_on = self.next_cut_on = NEVER
        self.bought_sum = self.refunded_sum = self.repaid_sum = 0
        self.risk = 1
        self.fees_charged: Counter[int] = Counter()  # by plan, also of plans that ended
        self.statements: dict[int, dict[str, Any]] = {}

    # ---- measures
    def live(self) -> bool:
        return self.status in ("active", "frozen")

    def used(self) -> int:
        return sum(self.balances[c] for c in (C.PRINCIPAL_UNBILLED, C.PRINCIPAL_BILLED, C.PRINCIPAL_INSTALMENT))

    def room(self) -> int:
        return self.limit + self.temporary - self.used() - self.held

    def late_bills(self) -> list[Pot]:
        return [bill for bill in self.bills if bill.due_on < self.on and bill.minimum > 0]

    def overdue_since(self) -> dt.date:
        return min((bill.due_on for bill in self.late_bills()), default=NEVER)

    def days_past_due(self) -> int:
        return (self.on - self.overdue_since()).days if self.late_bills() else 0

    def next_due(self) -> dt.date:
        return min((bill.due_on for bill in self.bills if bill.due_on >= self.on and bill.unpaid() > 0), default=NEVER)

    def vector(self) -> list[int]:
        """The 24 components; limits are memo accounts that follow from what is granted, held and used."""
        assert self.balances[TRANSIT] == 0
        memo = {
            C.LIMIT_GRANTED: -self.limit - self.temporary,
            C.LIMIT_AVAILABLE: max(self.room(), 0),
            C.LIMIT_HELD: self.held,
            C.LIMIT_USED: self.used(),
            C.LIMIT_OVER: min(self.room(), 0),
        }
        return [memo.get(c, self.balances[c]) for c in C]

    # ---- bookkeeping
    def post(self, lines: dict[Any, int]) -> None:
        assert sum(lines.values()) == 0, lines
        for name, amount in lines.items():
            self.balances[name] += amount

    def pour(self, money: int, buckets: list[tuple[Pot, str]]) -> int:
        """Pay debts in this order out of money in transit; returns what is left of it."""
        for pot, name in buckets:
            part = min(money, pot.owed[name])
            component = C.PRINCIPAL_UNBILLED if pot is self.cycle and name == "purchases" else ASSET[name]
            self.post({component: -part, TRANSIT: part})
            pot.owed[name] -= part
            if pot is not self.cycle:
                pot.minimum = max(0, pot.minimum - part)
                pot.shared = min(pot.shared, pot.owed["purchases"])
                pot.bearing = max(0, pot.bearing - part) if name in PRINCIPAL else pot.bearing
            money -= part
        self.bills = [bill for bill in self.bills if bill.unpaid() > 0]
        return money

    def billed_order(self) -> list[tuple[Pot, str]]:
        """What is billed, due bills before the others: fees, penalty, interest, principal; principal first when long late."""
        due = [bill for bill in self.bills if bill.due_on <= self.on]
        later = [bill for bill in self.bills if bill.due_on > self.on]
        principal = [(bill, name) for bill in due for name in PRINCIPAL]
        first = principal if 0 < self.terms.principal_first_dpd <= self.days_past_due() else []
        fees, penalties, interests = ([(bill, name) for bill in due] for name in ("fee", "penalty", "interest"))
        waiting = [(bill, name) for name in ("fee", "penalty", "interest") for bill in later]
        waiting += [(bill, name) for bill in later for name in PRINCIPAL]
        return [*first, *fees, *penalties, (self.cycle, "penalty"), *interests, *principal, *waiting]

    def settle(self, money: int) -> None:
        """Money in transit pays what is billed, then what is not yet billed; the rest is the customer's."""
        order = [*self.billed_order(), (self.cycle, "interest"), (self.cycle, "fee"), (self.cycle, "purchases")]
        rest = self.pour(money, order)
        self.post({C.OVERPAYMENT: -rest, TRANSIT: rest})

    def keep_temporary_spent(self, used_before: int) -> None:
        """Repaying what lay above the fixed limit uses the temporary limit up."""
        over = [max(0, used + self.held - self.limit) for used in (used_before, self.used())]
        self.temporary -= min(self.temporary, max(0, over[0] - over[1]))

    # ---- days
    def wake(self) -> None:
        """The start of the next day: interest, expiry, cut, class."""
        self.on += dt.timedelta(days=1)
        if not self.live():
            return
        for bill in self.bills:
            days = (self.on - bill.due_on).days
            if days <= 0:
                self.run_up("interest", C.INTEREST_INCOME, share(bill.bearing, self.terms.interest_ppm_day))
                continue
            if bill.minimum == 0:
                self.run_up("interest", C.INTEREST_INCOME, share(bill.principal(), self.terms.interest_ppm_day))
            elif self.terms.penalty_days_max == 0 or days <= self.terms.penalty_days_max:
                self.run_up("penalty", C.PENALTY_INCOME, share(bill.principal(), self.terms.penalty_ppm_day))
        if self.on > self.temporary_until:
            self.temporary = 0
        if self.on == self.next_cut_on:
            self.cut()
        self.judge()

    def run_up(self, name: str, income: C, amount: int) -> None:
        self.cycle.owed[name] += amount
        self.post({ASSET[name]: amount, income: -amount})

    def cut(self) -> None:
        new = Pot(self.cuts, self.on, self.day_after(self.on, self.pair[1]), Counter(self.cycle.owed))
        self.post({C.PRINCIPAL_UNBILLED: -new.owed["purchases"], C.PRINCIPAL_BILLED: new.owed["purchases"]})
        for plan_id, plan in self.plans.items():
            part, fee, deferred = plan.parts.pop(0), plan.fees.pop(0), plan.deferred.pop(0)
            plan.billed_on, plan.fee_billed = self.on, plan.fee_billed + fee
            self.fees_charged[plan_id] += fee
            new.owed.update({"instalment": part, "fee": fee})
            self.post(
                {
                    C.PRINCIPAL_INSTALMENT: -part,
                    C.PRINCIPAL_BILLED: part,
                    C.FEE: fee,
                    C.DEFERRED_SUBSIDY: deferred,
                    C.FEE_INCOME: -fee - deferred,
                }
            )
        self.plans = {plan_id: plan for plan_id, plan in self.plans.items() if plan.parts}
        told: dict[str, Any] = dict(new.owed, carried=sum(bill.unpaid() for bill in self.bills))
        late, waiting = self.late_bills(), [bill for bill in self.bills if bill.due_on >= self.on]
        for bill in self.bills:
            if bill in late:
                bill.minimum, bill.shared = bill.unpaid(), 0
            elif bill not in waiting:
                new.owed.update(bill.owed)
                new.bearing += bill.principal()
        new.shared = new.owed["purchases"]
        own = share(new.shared, self.terms.minimum_share_ppm) + new.unpaid() - new.shared
        own = own or new.unpaid()  # a share that rounds to nothing: all of it
        new.minimum = own = min(own, self.told.get(self.cuts, own))
        told |= {
            "overdue": sum(bill.unpaid() for bill in late),
            "own_minimum": own,
            "due_on": new.due_on,
            "cut_on": self.on,
        }
        self.bills = [*(bill for bill in self.bills if bill in late or bill in waiting), new]
        self.cycle = Pot()
        self.spend_overpayment(told)
        self.turn(told)

    def spend_overpayment(self, told: dict[str, Any]) -> None:
        own_money, used = -self.balances[C.OVERPAYMENT], self.used()
        self.post({C.OVERPAYMENT: own_money, TRANSIT: -own_money})
        rest = self.pour(own_money, self.billed_order())
        self.post({C.OVERPAYMENT: -rest, TRANSIT: rest})
        self.keep_temporary_spent(used)
        told["overpayment_used"] = own_money - rest

    def turn(self, told: dict[str, Any]) -> None:
        """Close the bill and begin the next cycle, with the new pair of days if one was chosen."""
        told |= {
            "total": sum(bill.unpaid() for bill in self.bills),
            "minimum": sum(bill.minimum for bill in self.bills),
        }
        told |= {
            "bought": self.bought_sum,
            "refunded": self.refunded_sum,
            "repaid": self.repaid_sum,
            "from_on": self.last_cut_on,
        }
        if told["total"] or self.bought_sum or self.refunded_sum or self.repaid_sum:
            self.statements[self.cuts] = told
        self.cuts += 1
        self.bought_sum = self.refunded_sum = self.repaid_sum = 0
        self.last_cut_on = self.on
        self.pair, self.next_pair = (self.next_pair if self.next_pair != (0, 0) else self.pair), (0, 0)
        self.next_cut_on = months_later(self.on.replace(day=1), 1).replace(day=self.pair[0])

    @staticmethod
    def day_after(day: dt.date, day_of_month: int) -> dt.date:
        """The first such day of a month strictly after `day`."""
        same = day.replace(day=day_of_month)
        return same if same > day else months_later(day.replace(day=1), 1).replace(day=day_of_month)

    def judge(self) -> None:
        """Five classes by days past due; bad ones heal after months without arrears, restructured ones at best 2."""
        t, dpd = self.terms, self.days_past_due()
        floors = (t.class_attention_dpd, t.class_substandard_dpd, t.class_doubtful_dpd, t.class_loss_dpd)
        by_days = 1 + sum(dpd >= floor_dpd for floor_dpd in floors)
        if self.status == "written off":
            self.risk, self.cure_on = 5, NEVER
        elif self.risk < 3:
            self.risk = by_days
        elif self.late_bills():
            self.risk, self.cure_on = max(self.risk, by_days), NEVER
        elif self.cure_on == NEVER:
            self.cure_on = self.on
        elif self.on >= months_later(self.cure_on, t.cure_months):
            self.risk, self.cure_on = 1, NEVER
        if (
            self.risk == 1
            and self.restructured_on != NEVER
            and self.on < months_later(self.restructured_on, t.restructure_months)
        ):
            self.risk = 2
