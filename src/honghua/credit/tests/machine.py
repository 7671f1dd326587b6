"""The rules of both state machines: commands of every kind, on the day or late, drawn so that most of them are to the point."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from honghua.credit.core import commands as c
from honghua.credit.core.layout import SETTLEMENT_ALL_FEES, SETTLEMENT_FREE
from honghua.credit.core.terms import ProductTerms
from honghua.credit.core.tests.model_events import Account as Life
from honghua.credit.core.tests.oracle import Oracle
from honghua.ledger.core.chart import Component as C

FIRST_DAY = dt.date(2023, 11, 28)
QUICK = {"class_substandard_dpd": 12, "class_doubtful_dpd": 25, "class_loss_dpd": 40, "principal_first_dpd": 14, "cure_months": 2,
         "restructure_months": 2, "pair_change_months": 2, "write_off_bands": ((50_000, 10, 1), (10**15, 20, 3))}  # fmt: skip
VARIANTS = (
    ProductTerms(),
    ProductTerms(version=2, **QUICK),  # type: ignore[arg-type]
    ProductTerms(version=3, settlement_fee=SETTLEMENT_ALL_FEES, refund_fee=0, refund_overdue_first=0, **QUICK),  # type: ignore[arg-type]
    ProductTerms(version=4, settlement_fee=SETTLEMENT_FREE, penalty_days_max=7, interest_ppm_day=1234, principal_first_dpd=0,
                 minimum_share_ppm=333_333, pairs=((20, 5), (1, 10), (28, 27), (5, 15))),
)  # fmt: skip
LIMITS = st.sampled_from([1, 99_999, 1_000_000, 20_000_000])
AMOUNTS = st.one_of(st.integers(1, 120), st.integers(1_000, 400_000), st.sampled_from([1, 3, 100, 90_000, 100_000, 20_000_001]))
CUSTOMERS = st.sampled_from(["Ada", "Bo", "Chen"])
LATE = st.one_of(st.just(0), st.just(0), st.integers(0, 120))
PICK = st.integers(0, 10**6)
PERIODS = st.sampled_from([3, 6, 9, 12, 24, 3, 5])
JUMPS = st.sampled_from([1, 1, 2, 3, 5, 8, 9, 10, 11, 13, 28, 30, 31, 31, 62, 93, 200, 370])


class CreditRules(RuleBasedStateMachine):
    """Draws commands; `submit` of a subclass executes them on a book and asks the oracle about the answers."""

    variants: tuple[ProductTerms, ...] = VARIANTS

    @initialize(variant=st.integers(0, len(VARIANTS) - 1))
    def begin(self, variant: int) -> None:
        self.terms = self.variants[variant % len(self.variants)]
        self.oracle = Oracle(self.terms, FIRST_DAY)
        self.purchases: list[tuple[str, int]] = []
        self.facts: list[tuple[str, int]] = []
        self.keys = 0
        self.start()
        self.submit(c.OpenAccount(key=self.key(), customer="Ada", limit_minor=1_000_000))

    # ---- what a subclass adds
    def start(self) -> None:
        raise NotImplementedError

    def submit(self, command: c.Command) -> None:
        raise NotImplementedError

    def move_days(self, days: int) -> None:
        raise NotImplementedError

    # ---- drawing
    def key(self) -> str:
        self.keys += 1
        return f"k{self.keys}"

    def heed(self, command: c.Command, answer: dict[str, Any]) -> None:
        """Hold an answer to the oracle's and remember the ids in it."""
        self.oracle.expect(command, answer)
        if answer["outcome"] != "refused":
            if "purchase_id" in answer:
                self.purchases.append((command.customer, answer["purchase_id"]))
            if not isinstance(command, c.ReverseFact):
                self.facts.append((command.customer, answer["fact_id"]))

    def life(self, customer: str) -> Life | None:
        told = self.oracle.told.get(customer)
        return told.life if told and told.life.status != "none" else None

    def on(self, late: int) -> dt.date | None:
        return self.oracle.today - dt.timedelta(days=late) if late else None

    @rule(customer=CUSTOMERS, limit=LIMITS, pick=PICK)
    def open(self, customer: str, limit: int, pick: int) -> None:
        pairs = [None, *self.terms.pairs, (2, 3)]
        self.submit(c.OpenAccount(key=self.key(), customer=customer, limit_minor=limit, pair=pairs[pick % len(pairs)]))

    @rule(days=JUMPS)
    def pass_days(self, days: int) -> None:
        self.move_days(days)

    @rule(customer=CUSTOMERS, amount=AMOUNTS, late=LATE, periods=st.one_of(st.none(), PERIODS), payer=st.integers(1, 3),
          category=st.sampled_from(["food"] * 9 + ["cash", "transfer"]))  # fmt: skip
    def buy(self, customer: str, amount: int, late: int, periods: int | None, payer: int, category: str) -> None:
        choice = c.Instalments(periods=periods, payer=payer) if periods else None
        self.submit(c.BuyNow(key=self.key(), customer=customer, amount_minor=amount, merchant="M", order="o", category=category,
                             instalments=choice, on=self.on(late)))  # fmt: skip

    @rule(customer=CUSTOMERS, amount=AMOUNTS, late=LATE)
    def authorise(self, customer: str, amount: int, late: int) -> None:
        self.submit(c.AuthorisePurchase(key=self.key(), customer=customer, amount_minor=amount, merchant="M", order="o",
                                        category="food", on=self.on(late)))  # fmt: skip

    @rule(pick=PICK, amount=AMOUNTS, whole=st.booleans(), late=LATE, final=st.booleans(), periods=st.one_of(st.none(), PERIODS))
    def capture(self, pick: int, amount: int, whole: bool, late: int, final: bool, periods: int | None) -> None:
        customer, purchase_id = self.purchase(pick)
        order = self.oracle.orders.get(purchase_id)
        held = order.total("held", self.oracle.told[customer].undone) if order else 0
        choice = c.Instalments(periods=periods, payer=1 + pick % 3) if periods else None
        self.submit(c.CapturePurchase(key=self.key(), customer=customer, purchase_id=purchase_id, final=final, instalments=choice,
                                      amount_minor=max(held, 1) if whole else amount, on=self.on(late)))  # fmt: skip

    @rule(pick=PICK, late=LATE)
    def void(self, pick: int, late: int) -> None:
        customer, purchase_id = self.purchase(pick)
        self.submit(c.VoidAuthorisation(key=self.key(), customer=customer, purchase_id=purchase_id, on=self.on(late)))

    @rule(pick=PICK, amount=AMOUNTS, whole=st.booleans(), late=LATE)
    def refund(self, pick: int, amount: int, whole: bool, late: int) -> None:
        customer, purchase_id = self.purchase(pick)
        order = self.oracle.orders.get(purchase_id)
        if whole and order:
            held, bought, back = (order.total(k, self.oracle.told[customer].undone) for k in ("held", "captured", "refunded"))
            amount = max(1, held + bought - back)
        self.submit(c.RefundPurchase(key=self.key(), customer=customer, purchase_id=purchase_id, amount_minor=amount, on=self.on(late)))

    def purchase(self, pick: int) -> tuple[str, int]:
        return self.purchases[pick % len(self.purchases)] if self.purchases else ("Ada", 1)

    @rule(customer=CUSTOMERS, amount=AMOUNTS, late=LATE, how=st.sampled_from(["some", "minimum", "late", "bill", "all", "more"]))
    def repay(self, customer: str, amount: int, late: int, how: str) -> None:
        life = self.life(customer)
        sums: dict[str, Callable[[Life], int]] = {
            "minimum": lambda x: sum(bill.minimum for bill in x.bills),
            "late": lambda x: sum(bill.unpaid() for bill in x.late_bills()),
            "bill": lambda x: sum(bill.unpaid() for bill in x.bills),
            "all": lambda x: sum(x.vector()[:6]),
            "more": lambda x: sum(x.vector()[:6]) + amount,
        }  # fmt: skip
        if life is not None and how in sums:
            amount = max(1, sums[how](life))
        self.submit(c.Repay(key=self.key(), customer=customer, amount_minor=amount, on=self.on(late)))

    @rule(customer=CUSTOMERS, amount=AMOUNTS, whole=st.booleans())
    def return_overpayment(self, customer: str, amount: int, whole: bool) -> None:
        life = self.life(customer)
        own = -life.balances[C.OVERPAYMENT] if life else 0
        self.submit(c.ReturnOverpayment(key=self.key(), customer=customer, amount_minor=max(1, own) if whole else amount))

    @rule(customer=CUSTOMERS, amount=AMOUNTS, whole=st.booleans(), periods=PERIODS, payer=st.sampled_from([1, 1, 3, 2]))
    def instal_bill(self, customer: str, amount: int, whole: bool, periods: int, payer: int) -> None:
        life = self.life(customer)
        if whole and life and life.bills:
            amount = max(1, life.bills[-1].shared)
        self.submit(c.InstalBill(key=self.key(), customer=customer, amount_minor=amount,
                                 instalments=c.Instalments(periods=periods, payer=payer)))  # fmt: skip

    @rule(customer=CUSTOMERS, pick=PICK, wrong=st.sampled_from([0, 0, 0, 1]))
    def settle_plan(self, customer: str, pick: int, wrong: int) -> None:
        life = self.life(customer)
        if life is None or not life.plans:
            return
        plan_id = sorted(life.plans)[pick % len(life.plans)]
        amount = sum(life.plans[plan_id].parts) + life.settlement_fee(plan_id) + wrong
        self.submit(c.SettlePlan(key=self.key(), customer=customer, plan_id=plan_id, amount_minor=amount))

    @rule(customer=CUSTOMERS, pick=PICK)
    def change_pair(self, customer: str, pick: int) -> None:
        cut_day, due_day = self.terms.pairs[pick % len(self.terms.pairs)]
        self.submit(c.ChangePair(key=self.key(), customer=customer, cut_day=cut_day, due_day=due_day))

    @rule(customer=CUSTOMERS, limit=st.sampled_from([0, 50_000, 2_000_000, 20_000_001]))
    def change_limit(self, customer: str, limit: int) -> None:
        self.submit(c.ChangeLimit(key=self.key(), customer=customer, limit_minor=limit))

    @rule(customer=CUSTOMERS, amount=st.integers(1, 500_000), days=st.one_of(st.none(), st.integers(-1, 60)))
    def grant_temporary(self, customer: str, amount: int, days: int | None) -> None:
        until = None if days is None else self.oracle.today + dt.timedelta(days=days)
        self.submit(c.GrantTemporaryLimit(key=self.key(), customer=customer, amount_minor=amount, until=until))

    @rule(customer=CUSTOMERS, status=st.sampled_from([1, 2, 1, 4]))
    def set_status(self, customer: str, status: int) -> None:
        self.submit(c.SetStatus(key=self.key(), customer=customer, status=status))

    @rule(customer=CUSTOMERS, attempts=st.sampled_from([1, 6]), days=st.sampled_from([0, 12, 370]))
    def write_off(self, customer: str, attempts: int, days: int) -> None:
        if days:
            self.move_days(days)
        self.submit(c.WriteOff(key=self.key(), customer=customer, evidence=("file",), attempts=attempts, approved_by="boss"))

    @rule(customer=CUSTOMERS, amount=AMOUNTS, whole=st.booleans(), late=LATE)
    def recover(self, customer: str, amount: int, whole: bool, late: int) -> None:
        life = self.life(customer)
        claim = life.balances[C.CHARGE_OFF_MEMO] if life else 0
        self.submit(c.RecordRecovery(key=self.key(), customer=customer, amount_minor=max(1, claim) if whole else amount, on=self.on(late)))

    @rule(customer=CUSTOMERS, periods=st.sampled_from([1, 3, 12, 60]), waive=st.booleans())
    def hardship(self, customer: str, periods: int, waive: bool) -> None:
        self.submit(c.AgreeHardship(key=self.key(), customer=customer, periods=periods, waive=waive))

    @rule(pick=PICK)
    def reverse(self, pick: int) -> None:
        if self.facts:
            customer, fact_id = self.facts[pick % len(self.facts)]
            self.submit(c.ReverseFact(key=self.key(), customer=customer, fact_id=fact_id, reason="test"))

    @rule(back=st.integers(1, 4))
    def reverse_recent(self, back: int) -> None:
        if len(self.facts) >= back:
            customer, fact_id = self.facts[-back]
            self.submit(c.ReverseFact(key=self.key(), customer=customer, fact_id=fact_id, reason="test"))
