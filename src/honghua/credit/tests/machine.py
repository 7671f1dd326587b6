"""The rules of both state machines: commands of every kind, on the day or late, most of them to the point."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from honghua.credit.core import commands as c
from honghua.credit.core.layout import SETTLEMENT_ALL_FEES, SETTLEMENT_FREE
from honghua.credit.core.terms import ProductTerms
from honghua.credit.core.tests.model_events import Account as Life
from honghua.credit.core.tests.oracle import Oracle
from honghua.ledger.core.chart import Component

C = Component

FIRST_DAY = dt.date(2023, 11, 28)
QUICK = {
    "class_substandard_dpd": 12,
    "class_doubtful_dpd": 25,
    "class_loss_dpd": 40,
    "principal_first_dpd": 14,
    "cure_months": 2,
    "restructure_months": 2,
    "pair_change_months": 2,
    "write_off_bands": ((50_000, 10, 1), (10**15, 20, 3)),
}
VARIANTS = (
    ProductTerms(),
    ProductTerms(version=2, **QUICK),  # type: ignore[arg-type]
    ProductTerms(version=3, settlement_fee=SETTLEMENT_ALL_FEES, refund_fee=0, refund_overdue_first=0, **QUICK),  # type: ignore[arg-type]
    ProductTerms(
        version=4,
        settlement_fee=SETTLEMENT_FREE,
        penalty_days_max=7,
        interest_ppm_day=1234,
        principal_first_dpd=0,
        minimum_share_ppm=333_333,
        pairs=((20, 5), (1, 10), (28, 27), (5, 15)),
    ),
)
NAMES = ("Ada", "Bo")
CUSTOMERS = st.sampled_from(NAMES)
AMOUNTS = st.one_of(
    st.integers(1, 120), st.integers(1_000, 400_000), st.sampled_from([1, 3, 100, 90_000, 100_000, 20_000_001])
)
LATE = st.one_of(st.just(0), st.just(0), st.just(0), st.integers(0, 9), st.integers(0, 120))
PICK = st.integers(0, 999)
PERIODS = st.sampled_from([3, 6, 3, 9, 12, 24, 5])
JUMPS = st.sampled_from(["day", "day", "due", "cut", "cut", "class", 2, 3, 8, 11, 31, 62, 93])


def has_debt(life: Life) -> bool:
    return any(life.vector()[:6])


def has_bill(life: Life) -> bool:
    return bool(life.bills) and life.bills[-1].due_on >= life.on and not life.late_bills() and life.bills[-1].shared > 0


class CreditRules(RuleBasedStateMachine):
    """Draws commands; `submit` of a subclass executes them on a book and asks the oracle about the answers."""

    variants: tuple[ProductTerms, ...] = VARIANTS

    @initialize(variant=st.integers(0, len(VARIANTS) - 1), pick=PICK)
    def begin(self, variant: int, pick: int) -> None:
        self.terms = self.variants[variant % len(self.variants)]
        self.oracle = Oracle(self.terms, FIRST_DAY)
        self.purchases: list[tuple[str, int]] = []
        self.facts: list[tuple[str, int]] = []
        self.repayments: list[tuple[str, int]] = []
        self.keys = 0
        self.start()
        for k, customer in enumerate(NAMES):
            pair = self.terms.pairs[(pick + k) % len(self.terms.pairs)]
            self.submit(c.OpenAccount(key=self.key(), customer=customer, limit_minor=3_000_000, pair=pair))

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
            if isinstance(command, c.Repay):
                self.repayments.append((command.customer, answer["fact_id"]))
            if not isinstance(command, c.ReverseFact):
                self.facts.append((command.customer, answer["fact_id"]))

    def life(self, customer: str) -> Life:
        return self.oracle.told[customer].life

    def those(self, holds: Callable[[Life], Any]) -> list[str]:
        """Customers of whom something holds."""
        told = self.oracle.told
        return [name for name in NAMES if name in told and told[name].life.status != "none" and holds(told[name].life)]

    def orders(self, of: str, least: int = 1) -> list[tuple[str, int]]:
        """Purchases with at least so much of something left: "held" or "left" (to be refunded)."""
        found = []
        for customer, purchase_id in dict.fromkeys(self.purchases):
            order, undone = self.oracle.orders[purchase_id], self.oracle.told[customer].undone
            left = order.total("held", undone)
            left += order.total("captured", undone) - order.total("refunded", undone) if of == "left" else 0
            if left >= least:
                found.append((customer, purchase_id))
        return found

    def on(self, late: int) -> dt.date | None:
        return self.oracle.today - dt.timedelta(days=late) if late else None

    # ---- the customer buys, repays, sends back
    @rule(jump=JUMPS, pick=PICK)
    def pass_days(self, jump: int | str, pick: int) -> None:
        self.move_days(jump if isinstance(jump, int) else self.days_to(jump, self.life(NAMES[pick % len(NAMES)]), pick))

    @rule()
    def pass_a_cycle(self) -> None:
        self.move_days(31)

    @rule(customer=CUSTOMERS, amount=AMOUNTS, refunded=st.booleans())
    def buy_on_the_cut_day(self, customer: str, amount: int, refunded: bool) -> None:
        """The edge of a cycle: what is bought on the cut day is on the next bill, also when it comes back."""
        life = self.life(customer)
        if life.next_cut_on > life.on:
            self.move_days((life.next_cut_on - life.on).days)
        self.buy(customer, amount, 0)
        if refunded:
            self.refund(0, 1, 0)

    def days_to(self, what: str, life: Life, pick: int) -> int:
        """Days until something happens by itself, or the day before or after."""
        days = {"day": 1, "cut": (life.next_cut_on - life.on).days, "due": 9, "class": 13}[what]
        if what == "due" and life.bills:
            days = (life.bills[-1].due_on - life.on).days + 1
        if what == "class" and life.late_bills():
            days = min(
                (t - life.days_past_due() for t in (12, 25, 40, 91, 271, 361) if t > life.days_past_due()), default=1
            )
        return max(1, days + pick % 3 - 1) if what != "day" else 1

    @rule(customer=CUSTOMERS, amount=AMOUNTS, late=LATE)
    def shop(self, customer: str, amount: int, late: int) -> None:
        self.buy(customer, amount, late)

    def buy(self, customer: str, amount: int, late: int) -> None:
        self.submit(
            c.BuyNow(
                key=self.key(),
                customer=customer,
                amount_minor=amount,
                merchant="M",
                order="o",
                category="food",
                on=self.on(late),
            )
        )

    @rule(customer=CUSTOMERS, amount=AMOUNTS, late=LATE, periods=PERIODS, payer=st.sampled_from([1, 1, 2, 3]))
    def buy_in_parts(self, customer: str, amount: int, late: int, periods: int, payer: int) -> None:
        self.submit(
            c.BuyNow(
                key=self.key(),
                customer=customer,
                amount_minor=amount,
                merchant="M",
                order="o",
                category="food",
                instalments=c.Instalments(periods=periods, payer=payer),
                on=self.on(late),
            )
        )

    @rule(customer=CUSTOMERS, amount=AMOUNTS, late=LATE)
    def authorise(self, customer: str, amount: int, late: int) -> None:
        self.submit(
            c.AuthorisePurchase(
                key=self.key(),
                customer=customer,
                amount_minor=amount,
                merchant="M",
                order="o",
                category="food",
                on=self.on(late),
            )
        )

    @precondition(lambda self: self.orders("held"))
    @rule(
        pick=PICK,
        part=st.sampled_from([1, 2, 3, 0]),
        late=LATE,
        final=st.booleans(),
        periods=st.one_of(st.none(), PERIODS),
    )
    def capture(self, pick: int, part: int, late: int, final: bool, periods: int | None) -> None:
        orders = self.orders("held")
        customer, purchase_id = orders[pick % len(orders)]
        held = self.oracle.orders[purchase_id].total("held", self.oracle.told[customer].undone)
        choice = c.Instalments(periods=periods, payer=1 + pick % 3) if periods else None
        self.submit(
            c.CapturePurchase(
                key=self.key(),
                customer=customer,
                purchase_id=purchase_id,
                final=final,
                instalments=choice,
                amount_minor=max(1, held // part) if part else held + 1,
                on=self.on(late),
            )
        )

    @precondition(lambda self: self.orders("held"))
    @rule(pick=PICK, late=LATE, expired=st.booleans())
    def void(self, pick: int, late: int, expired: bool) -> None:
        orders = self.orders("held")
        customer, purchase_id = orders[pick % len(orders)]
        self.submit(
            c.VoidAuthorisation(
                key=self.key(), customer=customer, purchase_id=purchase_id, on=self.on(late), expired=expired
            )
        )

    @precondition(lambda self: self.orders("left"))
    @rule(pick=PICK, part=st.sampled_from([1, 2, 2, 3, 0]), late=LATE)
    def send_back(self, pick: int, part: int, late: int) -> None:
        self.refund(pick, part, late)

    def refund(self, pick: int, part: int, late: int) -> None:
        orders = self.orders("left")
        if not orders:
            return
        customer, purchase_id = orders[-1 - pick % len(orders)]
        order, undone = self.oracle.orders[purchase_id], self.oracle.told[customer].undone
        left = order.total("held", undone) + order.total("captured", undone) - order.total("refunded", undone)
        self.submit(
            c.RefundPurchase(
                key=self.key(),
                customer=customer,
                purchase_id=purchase_id,
                on=self.on(late),
                amount_minor=max(1, left // part) if part else left + 1,
            )
        )

    @precondition(lambda self: self.those(has_debt))
    @rule(pick=PICK, late=LATE, how=st.sampled_from(["minimum", "minimum", "late", "bill", "all", "more", "less"]))
    def repay_what_is_owed(self, pick: int, late: int, how: str) -> None:
        customers = self.those(has_debt)
        life = self.life(customers[pick % len(customers)])
        minimum, owed = sum(bill.minimum for bill in life.bills), sum(life.vector()[:6])
        amount = {
            "minimum": minimum,
            "less": minimum - 1,
            "late": sum(bill.unpaid() for bill in life.late_bills()),
            "bill": sum(bill.unpaid() for bill in life.bills),
            "all": owed,
            "more": owed + pick,
        }[how]
        self.submit(
            c.Repay(
                key=self.key(), customer=customers[pick % len(customers)], amount_minor=max(1, amount), on=self.on(late)
            )
        )

    @rule(customer=CUSTOMERS, amount=AMOUNTS, late=LATE)
    def repay(self, customer: str, amount: int, late: int) -> None:
        self.submit(c.Repay(key=self.key(), customer=customer, amount_minor=amount, on=self.on(late)))

    @precondition(lambda self: self.those(lambda life: life.balances[C.OVERPAYMENT]))
    @rule(pick=PICK, part=st.sampled_from([1, 2, 0]))
    def return_overpayment(self, pick: int, part: int) -> None:
        customers = self.those(lambda life: life.balances[C.OVERPAYMENT])
        own = -self.life(customers[pick % len(customers)]).balances[C.OVERPAYMENT]
        amount = max(1, own // part) if part else own + 1
        self.submit(c.ReturnOverpayment(key=self.key(), customer=customers[pick % len(customers)], amount_minor=amount))

    # ---- arrangements
    @precondition(lambda self: self.those(has_bill))
    @rule(pick=PICK, part=st.sampled_from([1, 2, 3, 0]), periods=PERIODS, payer=st.sampled_from([1, 1, 3, 2]))
    def instal_bill(self, pick: int, part: int, periods: int, payer: int) -> None:
        customers = self.those(has_bill)
        shared = self.life(customers[pick % len(customers)]).bills[-1].shared
        self.submit(
            c.InstalBill(
                key=self.key(),
                customer=customers[pick % len(customers)],
                amount_minor=max(1, shared // part) if part else shared + 1,
                instalments=c.Instalments(periods=periods, payer=payer),
            )
        )

    @precondition(lambda self: self.those(lambda life: life.plans))
    @rule(pick=PICK, wrong=st.sampled_from([0, 0, 0, 1]))
    def settle_plan(self, pick: int, wrong: int) -> None:
        customers = self.those(lambda life: life.plans)
        customer = customers[pick % len(customers)]
        life = self.life(customer)
        plan_id = sorted(life.plans)[pick % len(life.plans)]
        amount = sum(life.plans[plan_id].parts) + life.settlement_fee(plan_id) + wrong
        self.submit(c.SettlePlan(key=self.key(), customer=customer, plan_id=plan_id, amount_minor=amount))

    @precondition(lambda self: self.those(lambda life: life.live() and life.late_bills()))
    @rule(pick=PICK, periods=st.sampled_from([1, 3, 12, 60]), waive=st.booleans())
    def hardship(self, pick: int, periods: int, waive: bool) -> None:
        customers = self.those(lambda life: life.live() and life.late_bills())
        self.submit(
            c.AgreeHardship(key=self.key(), customer=customers[pick % len(customers)], periods=periods, waive=waive)
        )

    @precondition(lambda self: self.those(lambda life: life.live() and life.late_bills()))
    @rule(pick=PICK, days=st.sampled_from([0, 12, 21, 200, 370]), attempts=st.sampled_from([6, 6, 1]))
    def write_off(self, pick: int, days: int, attempts: int) -> None:
        if days:
            self.move_days(days)
        customers = self.those(lambda life: life.live() and life.late_bills()) or list(NAMES)
        self.submit(
            c.WriteOff(
                key=self.key(),
                customer=customers[pick % len(customers)],
                evidence=("file",),
                attempts=attempts,
                approved_by="boss",
            )
        )

    @precondition(lambda self: self.those(lambda life: life.balances[C.CHARGE_OFF_MEMO]))
    @rule(pick=PICK, part=st.sampled_from([1, 2, 3, 0]), late=LATE)
    def recover(self, pick: int, part: int, late: int) -> None:
        customers = self.those(lambda life: life.balances[C.CHARGE_OFF_MEMO])
        claim = self.life(customers[pick % len(customers)]).balances[C.CHARGE_OFF_MEMO]
        self.submit(
            c.RecordRecovery(
                key=self.key(),
                customer=customers[pick % len(customers)],
                on=self.on(late),
                amount_minor=max(1, claim // part) if part else claim + 1,
            )
        )

    # ---- the account itself
    @rule(customer=CUSTOMERS, pick=PICK)
    def change_pair(self, customer: str, pick: int) -> None:
        cut_day, due_day = self.terms.pairs[pick % len(self.terms.pairs)]
        self.submit(c.ChangePair(key=self.key(), customer=customer, cut_day=cut_day, due_day=due_day))

    @rule(customer=CUSTOMERS, limit=st.sampled_from([0, 50_000, 2_000_000, 20_000_000, 20_000_001]))
    def change_limit(self, customer: str, limit: int) -> None:
        self.submit(c.ChangeLimit(key=self.key(), customer=customer, limit_minor=limit))

    @rule(
        customer=CUSTOMERS, amount=st.integers(1, 500_000), days=st.one_of(st.none(), st.just(99), st.integers(-1, 60))
    )
    def grant_temporary(self, customer: str, amount: int, days: int | None) -> None:
        until = None if days is None else self.oracle.today + dt.timedelta(days=days)
        if days == 99:  # an end on a day on which other things happen
            until = max(self.oracle.today, self.life(customer).next_cut_on)
        self.submit(c.GrantTemporaryLimit(key=self.key(), customer=customer, amount_minor=amount, until=until))

    @rule(customer=CUSTOMERS, status=st.sampled_from([1, 1, 2]), pick=PICK)
    def set_status(self, customer: str, status: int, pick: int) -> None:
        self.submit(c.SetStatus(key=self.key(), customer=customer, status=4 if pick % 50 == 49 else status))

    @rule(pick=PICK)
    def reverse(self, pick: int) -> None:
        customer, fact_id = self.facts[pick % len(self.facts)] if self.facts else ("Ada", 1)
        self.submit(c.ReverseFact(key=self.key(), customer=customer, fact_id=fact_id, reason="test"))

    @precondition(lambda self: self.repayments)
    @rule(back=st.integers(1, 3))
    def bounce(self, back: int) -> None:
        """The bank takes a repayment back, weeks later perhaps: what was arranged since stands on other ground."""
        customer, fact_id = self.repayments.pop(-min(back, len(self.repayments)))
        self.submit(c.ReverseFact(key=self.key(), customer=customer, fact_id=fact_id, reason="bounced"))

    @rule(back=st.integers(1, 4))
    def reverse_recent(self, back: int) -> None:
        customer, fact_id = self.facts[-min(back, len(self.facts))] if self.facts else ("Ada", 1)
        self.submit(c.ReverseFact(key=self.key(), customer=customer, fact_id=fact_id, reason="test"))

    @rule(pick=PICK, customer=st.sampled_from([*NAMES, "nobody"]), amount=AMOUNTS)
    def nonsense(self, pick: int, customer: str, amount: int) -> None:
        """Commands that are refused in any state: cash, foreign purchases, ids and figures out of the air."""
        key = self.key()
        foreign = self.purchases[pick % len(self.purchases)][1] if self.purchases else 1
        plan = c.Instalments(periods=3)
        commands: tuple[c.Command, ...] = (
            c.BuyNow(
                key=key,
                customer=customer,
                amount_minor=amount,
                merchant="M",
                order="o",
                category=(" Cash", "transfer")[pick % 2],
            ),
            c.RefundPurchase(
                key=key, customer=customer, purchase_id=foreign if customer == "nobody" else 1, amount_minor=amount
            ),
            c.CapturePurchase(key=key, customer=customer, purchase_id=1, amount_minor=amount),
            c.VoidAuthorisation(key=key, customer=customer, purchase_id=1),
            c.ReverseFact(key=key, customer=customer, fact_id=1, reason="none"),
            c.OpenAccount(key=key, customer=customer, limit_minor=20_000_001),
            c.SettlePlan(key=key, customer=customer, plan_id=1, amount_minor=amount),
            c.InstalBill(key=key, customer=customer, amount_minor=10**12, instalments=plan),
            c.RecordRecovery(key=key, customer=customer, amount_minor=10**12),
            c.ReturnOverpayment(key=key, customer=customer, amount_minor=10**12),
            c.Repay(key=key, customer=customer, amount_minor=amount, on=self.oracle.today + dt.timedelta(days=1)),
            c.Repay(key=key, customer=customer, amount_minor=amount, on=FIRST_DAY - dt.timedelta(days=1)),
            c.ChangePair(key=key, customer=customer, cut_day=2, due_day=3),
        )
        self.submit(commands[pick % len(commands)])
