"""What the demo adds to its purchases: instalments, a refund, holds, auto-debit, an early end, hardship, a reversal.

Every command has a key of its own, so that a demo that was killed goes on where it stopped.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from honghua.app.book import Book
from honghua.base.dates import first_day_of_month_after, from_day, to_day
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit import jobs

CUT_DAY, DUE_DAY, RESTING_DAY = 1, 10, 5
POOR_PURSE_MINOR: Final = 50_00
FAULTS: Final = {"timeout_before": 0.04, "timeout_after": 0.04, "timeout_under_way": 0.02, "answers_twice": 0.10}
Behaviour = Callable[[str], str]  # how a customer repays: full, minimum, late, never


@dataclass(slots=True)
class Scenes:
    """The days after the table: `first` is the business date on which they begin."""

    book: Book
    bank: jobs.FakeBank
    customers: Sequence[str]
    behaviour: Behaviour
    first: dt.date
    debits: list[jobs.DebitReport] = field(default_factory=list)
    released: int = 0

    @property
    def due_on(self) -> dt.date:
        """The due day of the statement that is cut next."""
        cut = from_day(int(first_day_of_month_after(to_day(self.first), CUT_DAY)))
        return cut.replace(day=DUE_DAY)

    @property
    def last(self) -> dt.date:
        """The business date at which the demo rests: the statement after that one is out and not yet due."""
        return from_day(int(first_day_of_month_after(to_day(self.due_on), RESTING_DAY)))

    def pick(self, behaviour: str) -> str:
        """The first customer who repays so, and bought something."""
        there = self.book.registry
        there.learn_accounts(self.book.conn, self.customers)
        found = [name for name in self.customers if self.behaviour(name) == behaviour and name in there.accounts]
        return found[0] if found else next(name for name in self.customers if name in there.accounts)

    def do(self, *commands: c.Command) -> list[dict[str, Any]]:
        """Execute, stamped with noon of the business date."""
        return credit.execute(self.book.conn, self.book.registry, commands, now=self.noon())

    def noon(self) -> dt.datetime:
        """Twelve o'clock of the business date: the demo's clock."""
        return dt.datetime.combine(credit.get_business_day(self.book.conn), dt.time(4), dt.UTC)

    def live(self) -> None:
        """Live through the days up to `last`: each day's business, its close, then the holds that are over."""
        today = credit.get_business_day(self.book.conn)
        while today <= self.last:
            if today == self.first:
                self.shop()
                self.choose_sources()
            if today >= self.due_on:
                self.debit()
            if today == self.due_on + dt.timedelta(days=2):
                self.arrange()
            if today == self.last:
                return
            jobs.close_day(self.book.database)
            today = credit.get_business_day(self.book.conn)
            swept = jobs.release_expired(self.book.conn, self.book.registry, by=today, now=self.noon())
            self.released += swept.released

    def shop(self) -> None:
        """A sofa in twelve parts, a phone whose fee the shop pays, a coat that partly goes back, two holds."""
        star = self.pick("full")

        def order(name: str) -> dict[str, Any]:
            return {"key": f"demo:{name}", "customer": star, "merchant": "好木家居", "order": name, "category": "home"}

        (quote,) = (
            quote
            for quote in credit.list_instalment_quotes(self.book.conn, self.book.registry, star, amount_minor=2_400_00)
            if quote.periods == 12
        )
        sofa = c.Instalments(periods=12, fee_minor=quote.fee_minor)
        phone = c.Instalments(periods=3, payer=2)
        answers = self.do(
            c.BuyNow(**order("sofa"), amount_minor=2_400_00, instalments=sofa),
            c.BuyNow(**order("phone"), amount_minor=999_00, instalments=phone),
            c.BuyNow(**order("coat"), amount_minor=260_00),
            c.AuthorisePurchase(**order("lamps"), amount_minor=150_00),
            c.AuthorisePurchase(**order("desk"), amount_minor=88_88),
        )
        coat, lamps = answers[2].get("purchase_id"), answers[3].get("purchase_id")
        if coat is not None:
            self.do(c.RefundPurchase(key="demo:coat back", customer=star, purchase_id=coat, amount_minor=80_00))
        if lamps is not None:
            one = c.CapturePurchase(
                key="demo:one lamp", customer=star, purchase_id=lamps, amount_minor=75_00, final=False
            )
            self.do(one)

    def choose_sources(self) -> None:
        """Who pays by themselves lets the bank do it from now on: balance, card, money fund."""
        for name in self.customers:
            pays = c.Pays.MINIMUM if self.behaviour(name) == "minimum" else c.Pays.FULL
            if self.behaviour(name) not in ("full", "minimum") or name not in self.book.registry.accounts:
                continue
            kinds = (c.SourceKind.BALANCE, c.SourceKind.DEBIT_CARD, c.SourceKind.MONEY_FUND)
            sources = [c.Source(kind, f"{kind.value}-{name}", pays) for kind in kinds]
            jobs.set_sources(self.book.conn, self.book.registry, name, sources)

    def debit(self) -> None:
        """The runs of noon and evening; what the bank says twice is booked once."""
        for slot, hours in ((1, 0), (2, 7)):
            now = self.noon() + dt.timedelta(hours=hours)
            self.debits.append(jobs.run_debits(self.book.conn, self.book.registry, self.bank, slot=slot, now=now))
            jobs.accept_answers(self.book.conn, self.book.registry, dict(self.bank.take_callbacks()), now=now)

    def arrange(self) -> None:
        """The phone is paid off early, an overdue debt becomes a plan, a repayment booked by mistake is reversed."""
        star, late = self.pick("full"), self.pick("never")
        view = credit.find_account_view(self.book.conn, self.book.registry, star)
        phone = [plan for plan in view.plans if plan.payer[1] == "merchant"] if view else []
        if phone:
            settle = c.SettlePlan(
                key="demo:phone paid off", customer=star, plan_id=phone[0].plan_id, amount_minor=phone[0].settle_minor
            )
            self.do(settle)
        self.do(c.AgreeHardship(key="demo:hardship", customer=late, periods=12, evidence=("income statement",)))
        slip = self.pick("minimum")
        (paid,) = self.do(c.Repay(key="demo:slip", customer=slip, amount_minor=1_000_00, on=self.due_on))
        if "fact_id" in paid:
            self.do(
                c.ReverseFact(
                    key="demo:slip undone",
                    customer=slip,
                    fact_id=paid["fact_id"],
                    reason="booked to the wrong customer",
                )
            )

    def told(self) -> dict[str, Any]:
        """The figures of the debit runs of this process."""
        total = jobs.DebitReport(self.bank.name)
        for report in self.debits:
            total.add(report)
        return {
            "bank": total.bank,
            "asked": total.asked,
            "paid": total.paid,
            "paid_minor": total.paid_minor,
            "declined": total.declined,
            "timed_out": total.timed_out,
            "holds_expired": self.released,
        }


def open_bank(path: Path, *, customers: Sequence[str], seed: int) -> jobs.FakeBank:
    """The demo's bank, which remembers in a file what it took; every fourth customer's balance is small."""
    poor = {f"balance-{name}": POOR_PURSE_MINOR for name in customers[::4]}
    return jobs.FakeBank(seed, funds_minor=poor, faults=FAULTS, path=path)


def scenes_digest(table_digest: bytes) -> bytes:
    """Under which the scenes note that they are over."""
    return hashlib.sha256(b"scenes of " + table_digest).digest()
