"""What happens to the account of `model.py`; and its events as known, retold when one comes late or is undone."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from fractions import Fraction
from typing import Any

from honghua.credit.core.layout import (
    PAYER_CONSUMER,
    PAYER_MERCHANT,
    PLAN_BILL,
    PLAN_HARDSHIP,
    PLAN_PURCHASE,
    SETTLEMENT_ALL_FEES,
    SETTLEMENT_FREE,
)
from honghua.credit.core.terms import ProductTerms
from honghua.credit.core.tests.model import ASSET, NEVER, PRINCIPAL, TRANSIT, Life, Plan, Pot, half_up, in_parts, share
from honghua.ledger.core.chart import Component

C = Component


class Account(Life):
    """Events are methods; each happens on the day that the life has reached."""

    def opened(self, *, limit: int, pair: tuple[int, int]) -> None:
        self.status, self.limit, self.pair = "active", limit, pair
        self.opened_on = self.last_cut_on = self.on
        self.next_cut_on = self.day_after(self.on, pair[0])

    def limit_changed(self, *, limit: int) -> None:
        self.limit = limit

    def temporary_granted(self, *, amount: int, until: dt.date) -> None:
        self.temporary, self.temporary_until = amount, until

    def pair_changed(self, *, pair: tuple[int, int]) -> None:
        self.next_pair, self.pair_changed_on = pair, self.on

    def status_set(self, *, status: str) -> None:
        self.status = status

    def authorised(self, *, amount: int) -> None:
        self.held += amount

    def released(self, *, amount: int) -> None:
        self.held = max(0, self.held - amount)

    def bought(
        self, *, amount: int, released: int = 0, periods: int = 0, fee: int = 0, payer: int = 0, plan_id: int = 0
    ) -> None:
        self.held = max(0, self.held - released)
        self.bought_sum += amount
        self.post({C.PRINCIPAL_INSTALMENT if periods else C.PRINCIPAL_UNBILLED: amount, C.MERCHANT_PAYABLE: -amount})
        if periods:
            self.plan(plan_id, PLAN_PURCHASE, payer, periods, amount, fee)
        else:
            self.cycle.owed["purchases"] += amount

    def plan(self, plan_id: int, kind: int, payer: int, periods: int, amount: int, fee: int) -> None:
        consumer = fee if payer == PAYER_CONSUMER else 0
        self.plans[plan_id] = Plan(
            kind,
            payer,
            periods,
            amount,
            fee,
            self.on,
            in_parts(amount, periods),
            in_parts(consumer, periods),
            in_parts(fee - consumer, periods),
        )
        if payer != PAYER_CONSUMER:
            self.post(
                {C.MERCHANT_PAYABLE if payer == PAYER_MERCHANT else C.SUBSIDY_EXPENSE: fee, C.DEFERRED_SUBSIDY: -fee}
            )

    def refunded(self, *, amount: int, bought_on: dt.date, plan_id: int = 0, fee_back: int = 0) -> None:
        self.post({C.MERCHANT_PAYABLE: amount, TRANSIT: -amount})
        self.refunded_sum += amount
        money = self.reduce_claim(amount)
        if self.terms.refund_overdue_first and (late := self.late_bills()):
            order = [*((bill, "penalty") for bill in late), (self.cycle, "penalty")]
            order += [(bill, name) for name in ("interest", "fee") for bill in late]
            money = self.pour(money, order + [(bill, name) for bill in late for name in PRINCIPAL])
        if plan_id == 0 and bought_on >= self.last_cut_on:
            money = self.pour(money, [(self.cycle, "purchases")])
        elif plan_id in self.plans and (part := min(money, sum(self.plans[plan_id].parts))):
            self.cancel(plan_id, part)
            money -= part
        self.post({C.FEE_INCOME: fee_back, TRANSIT: -fee_back})
        self.settle(money + fee_back)

    def cancel(self, plan_id: int, part: int) -> None:
        plan = self.plans[plan_id]
        _, deferred = plan.shrink(part)
        payer = C.MERCHANT_PAYABLE if plan.payer == PAYER_MERCHANT else C.SUBSIDY_EXPENSE
        back_to = payer if self.terms.refund_fee else C.FEE_INCOME
        self.post({C.PRINCIPAL_INSTALMENT: -part, TRANSIT: part})
        self.post({C.DEFERRED_SUBSIDY: deferred, back_to: -deferred})
        if not sum(plan.parts):
            del self.plans[plan_id]

    def reduce_claim(self, money: int) -> int:
        """Money in transit after a write-off is recovery income up to what is still claimed; returns the rest."""
        part = min(money, self.balances[C.CHARGE_OFF_MEMO])
        self.post({C.RECOVERY_INCOME: -part, TRANSIT: part})
        self.post({C.CHARGE_OFF_MEMO: -part, C.CHARGE_OFF_CONTRA: part})
        return money - part

    def repaid(self, *, amount: int) -> None:
        self.post({C.BANK_CLEARING: amount, TRANSIT: -amount})
        if self.balances[C.CHARGE_OFF_MEMO]:
            rest = self.reduce_claim(amount)
            self.post({C.OVERPAYMENT: -rest, TRANSIT: rest})
            return
        used = self.used()
        self.repaid_sum += amount
        self.settle(amount)
        self.keep_temporary_spent(used)

    def overpayment_returned(self, *, amount: int) -> None:
        own = min(amount, -self.balances[C.OVERPAYMENT])
        self.post({C.BANK_CLEARING: -amount, C.OVERPAYMENT: own, C.PRINCIPAL_UNBILLED: amount - own})
        self.cycle.owed["purchases"] += amount - own

    def bill_installed(self, *, amount: int, periods: int, fee: int, payer: int, plan_id: int) -> None:
        moved = 0
        for bill in reversed(self.bills):
            part = min(amount - moved, bill.owed["purchases"])
            before = share(bill.shared, self.terms.minimum_share_ppm)
            bill.owed["purchases"] -= part
            bill.shared = min(bill.shared, bill.owed["purchases"])
            bill.bearing = min(bill.bearing, bill.principal())
            saved = before - share(bill.shared, self.terms.minimum_share_ppm)
            bill.minimum = min(max(0, bill.minimum - saved), bill.unpaid())
            moved += part
        self.bills = [bill for bill in self.bills if bill.unpaid() > 0]
        if moved:
            self.post({C.PRINCIPAL_BILLED: -moved, C.PRINCIPAL_INSTALMENT: moved})
            self.plan(plan_id, PLAN_BILL, payer, periods, moved, half_up(Fraction(fee * moved, amount)))

    def settlement_fee(self, plan_id: int) -> int:
        """Remaining fees, nothing, or the running period's fee by days used, as the terms say."""
        plan = self.plans[plan_id]
        if self.terms.settlement_fee == SETTLEMENT_ALL_FEES:
            return sum(plan.fees)
        if self.terms.settlement_fee == SETTLEMENT_FREE:
            return 0
        began = max(plan.created_on, plan.billed_on)
        return half_up(Fraction(plan.fees[0] * (self.on - began).days, (self.next_cut_on - began).days))

    def plan_settled(self, *, amount: int, plan_id: int) -> None:
        used = self.used()
        self.repaid_sum += amount
        self.post({C.BANK_CLEARING: amount, TRANSIT: -amount})
        plan = self.plans.get(plan_id)
        if plan is not None:
            left = sum(plan.parts)
            part = min(amount, left)
            fee = min(self.settlement_fee(plan_id), amount - part) if part == left else 0
            deferred = sum(plan.deferred) if part == left else 0
            self.fees_charged[plan_id] += fee
            self.post({C.PRINCIPAL_INSTALMENT: -part, C.FEE_INCOME: -fee, TRANSIT: part + fee})
            self.post({C.DEFERRED_SUBSIDY: deferred, C.FEE_INCOME: -deferred})
            if part == left:
                del self.plans[plan_id]
            else:
                plan.fees = in_parts(sum(plan.fees) - half_up(Fraction(sum(plan.fees) * part, left)), len(plan.fees))
                plan.parts = in_parts(left - part, len(plan.parts))
            amount -= part + fee
        self.settle(amount)
        self.keep_temporary_spent(used)

    def written_off(self) -> None:
        claim = 0
        for component in (*ASSET.values(), C.PRINCIPAL_UNBILLED, C.PRINCIPAL_INSTALMENT):
            amount = self.balances[component]
            self.post({component: -amount, C.CREDIT_LOSS: amount})
            claim += amount
        own = min(-self.balances[C.OVERPAYMENT], claim)
        self.post({C.OVERPAYMENT: own, C.CREDIT_LOSS: -own})
        self.post({C.CHARGE_OFF_MEMO: claim - own, C.CHARGE_OFF_CONTRA: own - claim})
        deferred = -self.balances[C.DEFERRED_SUBSIDY]
        self.post({C.DEFERRED_SUBSIDY: deferred, C.FEE_INCOME: -deferred})
        self.bills, self.cycle, self.plans = [], Pot(), {}
        self.limit = self.temporary = 0
        self.status = "written off"

    def recovered(self, *, amount: int) -> None:
        self.repaid(amount=amount)

    def hardship_agreed(self, *, periods: int, waive: bool, plan_id: int) -> None:
        principal = self.cycle.owed["purchases"] + sum(bill.principal() for bill in self.bills)
        self.post(
            {
                C.PRINCIPAL_UNBILLED: -self.balances[C.PRINCIPAL_UNBILLED],
                C.PRINCIPAL_BILLED: -self.balances[C.PRINCIPAL_BILLED],
                C.PRINCIPAL_INSTALMENT: principal,
            }
        )
        charges = Counter(
            {name: sum(pot.owed[name] for pot in (self.cycle, *self.bills)) for name in ("fee", "penalty", "interest")}
        )
        if waive:
            self.post(
                {C.WAIVER_EXPENSE: sum(charges.values())} | {ASSET[name]: -amount for name, amount in charges.items()}
            )
            charges.clear()
        self.cycle, self.bills = Pot(owed=charges), []
        self.restructured_on = self.on
        if principal:
            self.plan(plan_id, PLAN_HARDSHIP, PAYER_CONSUMER, periods, principal, 0)


class Told:
    """One account's events in the order they became known, the life they make, and the bills given to the customer."""

    def __init__(self, terms: ProductTerms) -> None:
        self.terms = terms
        self.events: dict[float, tuple[dt.date, str, dict[str, Any]]] = {}
        self.undone: set[float] = set()
        self.minimums: dict[int, int] = {}
        self.statements: dict[int, dict[str, Any]] = {}
        self.life = Account(terms, self.minimums)
        self.retold = False

    def pass_days(self, to: dt.date) -> None:
        """Let days pass; bills that are cut are told."""
        while self.life.status != "none" and self.life.on < to:
            self.life.wake()
            for number, statement in self.life.statements.items():
                if statement["cut_on"] == self.life.on:
                    self.statements[number] = statement
                    self.minimums[number] = statement["own_minimum"]

    def happen(self, day: dt.date, event_id: float, name: str, **said: Any) -> None:
        """An event becomes known; one that belongs to an earlier day is told in its place."""
        self.events[event_id] = (day, name, said)
        if name == "opened":
            self.life.on = day
        if day == self.life.on:
            getattr(self.life, name)(**said)
            self.life.judge()
        else:
            self.retell()

    def undo(self, event_id: float) -> None:
        self.undone.add(event_id)
        self.retell()

    def retell(self) -> None:
        """From the first day, with all that stands, in the order of days and then of becoming known."""
        today, self.retold = self.life.on, True
        self.life = Account(self.terms, self.minimums)
        for event_id, (day, name, said) in sorted(self.events.items(), key=lambda item: (item[1][0], item[0])):
            if event_id in self.undone:
                continue
            if name == "opened":
                self.life.on = day
            while self.life.on < day:
                self.life.wake()
            getattr(self.life, name)(**said)
            self.life.judge()
        while self.life.on < today:
            self.life.wake()


__all__ = ["NEVER", "Account", "Told"]
