"""What each command should answer, by the model: the second opinion on the handlers. Acceptance moves the model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from honghua.credit.core import commands as c
from honghua.credit.core.layout import PAYER_CONSUMER
from honghua.credit.core.lines.purposes import PURPOSES
from honghua.credit.core.terms import ProductTerms
from honghua.credit.core.tests.model import NEVER, half_up, months_later, share
from honghua.credit.core.tests.model_events import Told
from honghua.ledger.core.chart import Component

C = Component

STATUS_NAMES = {1: "active", 2: "frozen", 3: "written off", 4: "closed"}
FINAL = {"opened", "authorised", "released", "status_set"}


@dataclass
class Purchase:
    """One order: its events in the order of becoming known, each (event id, kind, figures)."""

    customer: str
    events: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)

    def total(self, name: str, undone: set[float]) -> int:
        return sum(figures.get(name, 0) for event_id, _, figures in self.events if event_id not in undone)

    def begun_on(self, undone: set[float]) -> dt.date:
        day: dt.date = next(figures["value"] for event_id, _, figures in self.events if event_id not in undone)
        return day

    def stands(self, kind: str, undone: set[float]) -> list[dict[str, Any]]:
        return [figures for event_id, known, figures in self.events if known == kind and event_id not in undone]


class Oracle:
    """The model of a whole book: customers' accounts and their orders. `expect` judges the answer to one command."""

    def __init__(self, terms: ProductTerms, today: dt.date) -> None:
        self.terms, self.today = terms, today
        self.told: dict[str, Told] = {}
        self.orders: dict[int, Purchase] = {}
        self.purchase_of: dict[float, int] = {}

    def pass_days(self, days: int) -> None:
        self.today += dt.timedelta(days=days)
        for told in self.told.values():
            told.pass_days(self.today)

    def expect(self, command: c.Command, answer: dict[str, Any]) -> None:
        """Judge an answer and follow it; AssertionError when it is not the right one."""
        told = self.told.setdefault(command.customer, Told(self.terms))
        if isinstance(command, c.OpenAccount):
            code = self.open(command, told, answer)
        elif told.life.status == "none":
            code = "ACCOUNT_UNKNOWN"
        else:
            code = HANDLERS[type(command)](self, command, told, answer)
        refused = answer.get("code") if answer["outcome"] == "refused" else None
        assert refused == code, f"{command}: answered {answer}, expected {code or 'consent'}"

    # ---- shared checks
    def day_of(self, command: c.Command, told: Told) -> dt.date | None:
        day = command.on or self.today
        return day if command.on is None or told.life.opened_on <= day <= self.today else None

    @staticmethod
    def debit_day(day: dt.date, told: Told) -> dt.date:
        return max(day, told.life.last_cut_on)

    def judge(self, command: c.BuyNow | c.AuthorisePurchase, told: Told) -> str | None:
        life = told.life
        rules = (
            ("PURPOSE_REFUSED", command.category.strip().lower() in PURPOSES.never | PURPOSES.business),
            ("ACCOUNT_NOT_ACTIVE", life.status != "active"),
            ("OVERDUE", life.days_past_due() > 0),
            ("AMOUNT_INVALID", command.amount_minor > self.terms.purchase_minor_max),
            ("LIMIT_SHORT", command.amount_minor > max(0, life.room())),
        )
        return next((code for code, applies in rules if applies), None)

    def plan(self, choice: c.Instalments | None, amount: int) -> tuple[str | None, dict[str, int]]:
        """The plan that a choice leads to, with its fee by the published table."""
        if choice is None:
            return None, {}
        if choice.periods not in self.terms.purchase_fee_ppm:
            return "PERIODS_NOT_OFFERED", {}
        fee = share(amount, self.terms.purchase_fee_ppm[choice.periods])
        if choice.fee_minor not in (None, fee):
            return "QUOTE_CHANGED", {}
        return None, {"periods": choice.periods, "fee": fee, "payer": choice.payer}

    def order(self, purchase_id: int, customer: str) -> Purchase | None:
        found = self.orders.get(purchase_id)
        told = self.told[customer]
        known = (
            found is not None and found.customer == customer and any(e not in told.undone for e, _, _ in found.events)
        )
        return found if known else None

    def note(self, purchase_id: int, customer: str, event_id: float, kind: str, **figures: Any) -> None:
        self.orders.setdefault(purchase_id, Purchase(customer)).events.append((event_id, kind, figures))
        self.purchase_of[event_id] = purchase_id

    # ---- commands: each returns the refusal's code, or None after following an acceptance
    def open(self, command: c.OpenAccount, told: Told, answer: dict[str, Any]) -> str | None:
        if told.life.status != "none":
            return "ACCOUNT_EXISTS"
        if not 0 < command.limit_minor <= self.terms.limit_minor_max:
            return "LIMIT_TOO_HIGH"
        pair = command.pair or self.terms.pairs[0]
        if pair not in self.terms.pairs:
            return "PAIR_NOT_OFFERED"
        told.happen(self.today, answer["fact_id"], "opened", limit=command.limit_minor, pair=pair)
        return None

    def buy(self, command: c.BuyNow, told: Told, answer: dict[str, Any]) -> str | None:
        day = self.day_of(command, told)
        if day is None:
            return "DATE_INVALID"
        code, plan = self.plan(command.instalments, command.amount_minor)
        code = code or self.judge(command, told)
        if code is None:
            purchase_id = answer["purchase_id"]
            assert answer["fee_minor"] == plan.get("fee", 0)
            plan |= {"plan_id": purchase_id} if plan else {}
            self.bought(command, purchase_id, day, answer["fact_id"], plan | {"amount": command.amount_minor})
        return code

    def bought(
        self, command: c.Command, purchase_id: int, value: dt.date, event_id: int, figures: dict[str, int]
    ) -> None:
        told = self.told[command.customer]
        day = self.debit_day(value, told)
        told.happen(day, event_id, "bought", **figures)
        self.note(
            purchase_id,
            command.customer,
            event_id,
            "bought",
            captured=figures["amount"],
            value=value,
            day=day,
            held=-figures.get("released", 0),
            **{k: v for k, v in figures.items() if k not in ("amount", "released")},
        )

    def authorise(self, command: c.AuthorisePurchase, told: Told, answer: dict[str, Any]) -> str | None:
        day = self.day_of(command, told)
        if day is None:
            return "DATE_INVALID"
        code = self.judge(command, told)
        if code is None:
            value, day = day, self.debit_day(day, told)
            self.note(
                answer["purchase_id"],
                command.customer,
                answer["fact_id"],
                "authorised",
                held=command.amount_minor,
                value=value,
            )
            told.happen(day, answer["fact_id"], "authorised", amount=command.amount_minor)
        return code

    def capture(self, command: c.CapturePurchase, told: Told, answer: dict[str, Any]) -> str | None:
        if not told.life.live():
            return "ACCOUNT_NOT_ACTIVE"
        order = self.order(command.purchase_id, command.customer)
        if order is None:
            return "PURCHASE_UNKNOWN"
        held = order.total("held", told.undone)
        if held <= 0:
            return "HOLD_GONE"
        if command.amount_minor > held:
            return "CAPTURE_EXCEEDS_HOLD"
        day = self.day_of(command, told)
        if day is None or day < order.begun_on(told.undone):
            return "DATE_INVALID"
        code, plan = self.plan(command.instalments, command.amount_minor)
        if code is None:
            released = held if command.final else command.amount_minor
            assert (answer["held_minor"], answer["fee_minor"]) == (held - released, plan.get("fee", 0))
            plan |= {"plan_id": answer["plan_id"]} if plan else {}
            figures = plan | {"amount": command.amount_minor, "released": released}
            self.bought(command, command.purchase_id, day, answer["fact_id"], figures)
        return code

    def release(self, order: Purchase, told: Told, day: dt.date, answer: dict[str, Any], amount: int) -> None:
        day = self.debit_day(day, told)
        purchase_id = answer["purchase_id"]
        self.note(purchase_id, order.customer, answer["fact_id"], "released", held=-amount)
        told.happen(day, answer["fact_id"], "released", amount=amount)

    def void(self, command: c.VoidAuthorisation, told: Told, answer: dict[str, Any]) -> str | None:
        order = self.order(command.purchase_id, command.customer)
        if order is None:
            return "PURCHASE_UNKNOWN"
        held = order.total("held", told.undone)
        if held <= 0:
            return "HOLD_GONE"
        day = self.day_of(command, told)
        if day is None or day < order.begun_on(told.undone):
            return "DATE_INVALID"
        assert answer["released_minor"] == held
        self.release(order, told, day, answer, held)
        return None

    def refund(self, command: c.RefundPurchase, told: Told, answer: dict[str, Any]) -> str | None:
        order = self.order(command.purchase_id, command.customer)
        if order is None:
            return "PURCHASE_UNKNOWN"
        held, bought, back = (order.total(name, told.undone) for name in ("held", "captured", "refunded"))
        if command.amount_minor > held + bought - back:
            return "REFUND_EXCEEDS_PURCHASE"
        captures = order.stands("bought", told.undone)
        day = self.day_of(command, told)
        from_hold = min(held, command.amount_minor)
        if day is None or day < order.begun_on(told.undone) or (captures and day < captures[-1]["day"]):
            return "DATE_INVALID"
        part = command.amount_minor - from_hold
        fee_back, plan_id = self.fee_back(order, told, part)
        if told.retold:  # a fee given back is decided once, with what was known: later knowledge may see another one
            assert 0 <= answer["fee_returned_minor"] <= max((f.get("fee", 0) for f in captures), default=0)
            fee_back = answer["fee_returned_minor"]
        assert (answer["released_minor"], answer["refunded_minor"], answer["fee_returned_minor"]) == (
            from_hold,
            part,
            fee_back,
        )
        event_id = answer["fact_id"]
        if from_hold:
            self.release(order, told, day, answer, from_hold)
            event_id += 0.5  # the refund's own fact follows the release
        if part:
            figures = {"amount": part, "bought_on": captures[-1]["day"], "plan_id": plan_id, "fee_back": fee_back}
            self.note(command.purchase_id, command.customer, event_id, "refunded", refunded=part, fee_back=fee_back)
            told.happen(day, event_id, "refunded", **figures)
        return None

    def fee_back(self, order: Purchase, told: Told, part: int) -> tuple[int, int]:
        """Of the fee charged and not yet given back, the share of the goods that come back; and the plan."""
        plans = [figures for figures in order.stands("bought", told.undone) if figures.get("periods")]
        if not plans or not part:
            return 0, plans[-1]["plan_id"] if plans else 0
        plan_id = plans[-1]["plan_id"]
        if not self.terms.refund_fee or plans[-1]["payer"] != PAYER_CONSUMER or not told.life.live():
            return 0, plan_id
        charged = told.life.fees_charged[plan_id] - order.total("fee_back", told.undone)
        left = order.total("captured", told.undone) - order.total("refunded", told.undone)
        return half_up(Fraction(max(charged, 0) * part, left)), plan_id

    def repay(self, command: c.Repay, told: Told, answer: dict[str, Any]) -> str | None:
        day = self.day_of(command, told)
        if day is None:
            return "DATE_INVALID"
        told.happen(day, answer["fact_id"], "repaid", amount=command.amount_minor)
        return None

    def return_overpayment(self, command: c.ReturnOverpayment, told: Told, answer: dict[str, Any]) -> str | None:
        if command.amount_minor > -told.life.balances[C.OVERPAYMENT]:
            return "OVERPAYMENT_SHORT"
        told.happen(self.today, answer["fact_id"], "overpayment_returned", amount=command.amount_minor)
        return None

    def recover(self, command: c.RecordRecovery, told: Told, answer: dict[str, Any]) -> str | None:
        claim = told.life.balances[C.CHARGE_OFF_MEMO]
        if claim == 0:
            return "NOT_WRITTEN_OFF"
        if command.amount_minor > claim:
            return "CLAIM_EXCEEDED"
        day = self.day_of(command, told)
        if day is None:
            return "DATE_INVALID"
        told.happen(day, answer["fact_id"], "recovered", amount=command.amount_minor)
        return None

    def reverse(self, command: c.ReverseFact, told: Told, answer: dict[str, Any]) -> str | None:
        event = told.events.get(command.fact_id)
        if event is None:
            return "FACT_UNKNOWN"
        day, name, _ = event
        taken_effect = name == "pair_changed" and day < told.life.last_cut_on
        if name in FINAL or command.fact_id in told.undone or taken_effect:
            return "NOT_REVERSIBLE"
        if name == "bought" and self.orders[self.purchase_of[command.fact_id]].stands("refunded", told.undone):
            return "NOT_REVERSIBLE"
        told.undo(command.fact_id)
        return None

    def instal(self, command: c.InstalBill, told: Told, answer: dict[str, Any]) -> str | None:
        life = told.life
        if not life.live():
            return "ACCOUNT_NOT_ACTIVE"
        if life.late_bills():
            return "OVERDUE"
        last = life.bills[-1] if life.bills and life.bills[-1].due_on >= self.today else None
        possible = min(last.owed["purchases"], last.shared) if last else 0
        if possible == 0:
            return "BILL_WINDOW_CLOSED"
        if command.amount_minor > possible:
            return "BILL_AMOUNT_EXCEEDED"
        if command.instalments.payer not in (1, 3):
            return "PAYER_INVALID"
        if command.instalments.periods not in self.terms.bill_fee_ppm:
            return "PERIODS_NOT_OFFERED"
        fee = share(command.amount_minor, self.terms.bill_fee_ppm[command.instalments.periods])
        assert answer["fee_minor"] == fee
        told.happen(
            self.today,
            answer["fact_id"],
            "bill_installed",
            amount=command.amount_minor,
            fee=fee,
            periods=command.instalments.periods,
            payer=command.instalments.payer,
            plan_id=answer["plan_id"],
        )
        return None

    def settle(self, command: c.SettlePlan, told: Told, answer: dict[str, Any]) -> str | None:
        if not told.life.live():
            return "ACCOUNT_NOT_ACTIVE"
        if command.plan_id not in told.life.plans:
            return "PLAN_UNKNOWN"
        left, fee = sum(told.life.plans[command.plan_id].parts), told.life.settlement_fee(command.plan_id)
        if command.amount_minor != left + fee:
            assert (answer["principal_minor"], answer["fee_minor"]) == (left, fee)
            return "SETTLEMENT_AMOUNT_WRONG"
        told.happen(self.today, answer["fact_id"], "plan_settled", amount=command.amount_minor, plan_id=command.plan_id)
        return None

    def hardship(self, command: c.AgreeHardship, told: Told, answer: dict[str, Any]) -> str | None:
        if not told.life.live():
            return "ACCOUNT_NOT_ACTIVE"
        if not told.life.late_bills():
            return "NOT_OVERDUE"
        told.happen(
            self.today,
            answer["fact_id"],
            "hardship_agreed",
            periods=command.periods,
            waive=command.waive,
            plan_id=answer["plan_id"],
        )
        return None

    def change_pair(self, command: c.ChangePair, told: Told, answer: dict[str, Any]) -> str | None:
        life = told.life
        soon = life.pair_changed_on != NEVER and self.today < months_later(
            life.pair_changed_on, self.terms.pair_change_months
        )
        rules = (
            ("ACCOUNT_NOT_ACTIVE", not life.live()),
            ("OVERDUE", bool(life.late_bills())),
            (
                "PAIR_NOT_OFFERED",
                (command.cut_day, command.due_day) not in {*self.terms.pairs} - {*self.terms.opening_pairs},
            ),
            ("PAIR_CHANGE_PENDING", life.next_pair != (0, 0)),
            ("PAIR_CHANGED_RECENTLY", soon),
        )
        code = next((code for code, applies in rules if applies), None)
        if code is None:
            told.happen(self.today, answer["fact_id"], "pair_changed", pair=(command.cut_day, command.due_day))
        return code

    def change_limit(self, command: c.ChangeLimit, told: Told, answer: dict[str, Any]) -> str | None:
        rules = (
            ("ACCOUNT_NOT_ACTIVE", not told.life.live()),
            ("LIMIT_FIXED_WHILE_TEMPORARY", told.life.temporary > 0),
            ("LIMIT_TOO_HIGH", not 0 <= command.limit_minor <= self.terms.limit_minor_max),
        )
        code = next((code for code, applies in rules if applies), None)
        if code is None:
            told.happen(self.today, answer["fact_id"], "limit_changed", limit=command.limit_minor)
        return code

    def grant_temporary(self, command: c.GrantTemporaryLimit, told: Told, answer: dict[str, Any]) -> str | None:
        until = command.until or self.today + dt.timedelta(days=self.terms.temporary_days)
        rules = (
            ("ACCOUNT_NOT_ACTIVE", not told.life.live()),
            ("LIMIT_FIXED_WHILE_TEMPORARY", told.life.temporary > 0),
            ("LIMIT_TOO_HIGH", told.life.limit + command.amount_minor > self.terms.limit_minor_max),
            ("DATE_INVALID", until < self.today),
        )
        code = next((code for code, applies in rules if applies), None)
        if code is None:
            told.happen(self.today, answer["fact_id"], "temporary_granted", amount=command.amount_minor, until=until)
        return code

    def set_status(self, command: c.SetStatus, told: Told, answer: dict[str, Any]) -> str | None:
        life = told.life
        if not life.live():
            return "ACCOUNT_NOT_ACTIVE"
        name = STATUS_NAMES[command.status]
        if name == "written off":
            return "ACCOUNT_NOT_ACTIVE"
        if name == "closed" and (life.held or any(life.vector()[:8])):
            return "OPEN_BALANCE"
        told.happen(self.today, answer["fact_id"], "status_set", status=name)
        return None

    def write_off(self, command: c.WriteOff, told: Told, answer: dict[str, Any]) -> str | None:
        life = told.life
        claim = sum(life.vector()[:6])
        days, attempts = next((d, a) for up_to, d, a in self.terms.write_off_bands if claim <= up_to)
        rules = (
            ("ACCOUNT_NOT_ACTIVE", not life.live()),
            ("OPEN_BALANCE", life.held > 0),
            ("NOTHING_OWED", claim == 0),
            ("EVIDENCE_INCOMPLETE", life.days_past_due() < days or command.attempts < attempts or not command.evidence),
        )
        code = next((code for code, applies in rules if applies), None)
        if code is None:
            assert answer["written_off_minor"] == claim
            told.happen(self.today, answer["fact_id"], "written_off")
        return code


HANDLERS: dict[type[c.Command], Callable[..., str | None]] = {
    c.BuyNow: Oracle.buy,
    c.AuthorisePurchase: Oracle.authorise,
    c.CapturePurchase: Oracle.capture,
    c.VoidAuthorisation: Oracle.void,
    c.RefundPurchase: Oracle.refund,
    c.Repay: Oracle.repay,
    c.ReturnOverpayment: Oracle.return_overpayment,
    c.RecordRecovery: Oracle.recover,
    c.ReverseFact: Oracle.reverse,
    c.InstalBill: Oracle.instal,
    c.SettlePlan: Oracle.settle,
    c.AgreeHardship: Oracle.hardship,
    c.ChangePair: Oracle.change_pair,
    c.ChangeLimit: Oracle.change_limit,
    c.GrantTemporaryLimit: Oracle.grant_temporary,
    c.SetStatus: Oracle.set_status,
    c.WriteOff: Oracle.write_off,
}
