"""A small book in which every command was used, over nine months with late and reversed facts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import psycopg

from honghua.credit.api import Registry, execute, open_registry, start_book
from honghua.credit.core import commands as c
from honghua.credit.core.layout import (
    PAYER_MERCHANT,
    PAYER_PLATFORM,
    PLAN_PURCHASE,
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_FROZEN,
)
from honghua.credit.eod import close_until
from honghua.ledger import api as ledger
from honghua.store.database import Database, connect, run_unit
from tests.verify.bounded import bind_some
from tests.verify.contracts import sign_business, sign_contract
from tests.verify.doors import VAULT, meet_people, offer_instalments, settle_merchants
from tests.verify.evidencing import bring_evidence
from tests.verify.filing import tell_bureau
from tests.verify.laboratory import let_agents_work
from tests.verify.learning import learn_of_people
from tests.verify.payments import repay_by_gateway
from tests.verify.prudence import be_prudent
from tests.verify.registering import keep_models
from tests.verify.risk import judge_some
from tests.verify.screening import make_scorer, seat_scorer
from tests.verify.sharing import file_return, lend_together

FIRST_DAY = dt.date(2026, 1, 5)
NOW = dt.datetime(2026, 1, 5, 8, 0, tzinfo=dt.UTC)
CUSTOMERS = ("anna", "bo", "chen", "dai", "eve", "fang", "gao", "hui", "idle", "jun")


@dataclass
class Book:
    """Hands for a test: `do` must succeed, `refuse` must be refused, `until` lets days pass by end of day."""

    database: Database
    conn: psycopg.Connection
    registry: Registry
    keys: int = 0
    answers: dict[str, Any] = field(default_factory=dict)

    def ask(self, command: type[c.Command], customer: str, **values: Any) -> dict[str, Any]:
        self.keys += 1
        return execute(
            self.conn, self.registry, [command(key=f"k{self.keys:04}", customer=customer, **values)], now=NOW
        )[0]

    def do(self, command: type[c.Command], customer: str, **values: Any) -> dict[str, Any]:
        answer = self.ask(command, customer, **values)
        assert answer["outcome"] in ("done", "approved"), (command.__name__, customer, answer)
        return answer

    def refuse(self, code: str, command: type[c.Command], customer: str, **values: Any) -> None:
        answer = self.ask(command, customer, **values)
        assert answer.get("code") == code, (command.__name__, customer, answer)

    def buy(self, customer: str, amount_minor: int, **values: Any) -> dict[str, Any]:
        order = {"merchant": "shop", "order": f"order {self.keys}", "category": "general", **values}
        return self.do(c.BuyNow, customer, amount_minor=amount_minor, **order)

    def hold(self, customer: str, amount_minor: int) -> int:
        order = {"merchant": "shop", "order": f"order {self.keys}", "category": "general"}
        return int(self.do(c.AuthorisePurchase, customer, amount_minor=amount_minor, **order)["purchase_id"])

    def until(self, month: int, day: int) -> None:
        close_until(self.database, dt.date(2026, month, day))
        with self.conn.transaction():
            ledger.seal(self.conn)


def open_book(database: Database, conn: psycopg.Connection) -> Book:
    """A started book with the accounts of `CUSTOMERS`."""
    start_book(conn, day=FIRST_DAY)
    book = Book(database, conn, open_registry(conn))
    for customer in CUSTOMERS:
        book.do(c.OpenAccount, customer, limit_minor=1_000_000, pair=(5, 15) if customer == "hui" else None)
    return book


def build(database: Database) -> None:
    """Live through it."""
    with connect(database) as conn:
        book = open_book(database, conn)
        january(book)
        bind_some(conn, book.registry, on=FIRST_DAY, now=NOW)
        buy_interest_free(book)
        meet_people(conn, now=NOW)
        run_unit(conn, lambda k: seat_scorer(k, make_scorer(), now=NOW))
        site, _ = sign_contract(conn, book.registry, VAULT, now=NOW)
        bring_evidence(conn, book.registry, VAULT, now=NOW)
        sign_business(conn, book.registry, site, now=NOW)
        book.until(2, 3)
        settle_merchants(conn, now=NOW)
        february(book)
        book.until(3, 6)
        lend_together(conn, now=NOW)
        spring(book)
        book.until(7, 1)
        summer(book)
        book.until(9, 2)
        be_prudent(conn, book.registry, now=NOW)
        settle_merchants(conn, now=NOW)
        file_return(conn, now=NOW)
        tell_bureau(conn, book.registry, CUSTOMERS)
        judge_some(conn)
        repay_by_gateway(conn, book.registry, now=NOW)
        let_agents_work(conn, now=NOW)
        keep_models(conn, now=NOW)
        learn_of_people(conn, now=NOW)


def buy_interest_free(book: Book) -> None:
    """What a campaign of the shop pays the fee of."""
    terms = book.registry.newest_terms
    fee = terms.fee_minor(PLAN_PURCHASE, 3, 60_000)
    assert fee is not None
    offer_instalments(book.conn, key=f"k{book.keys + 1:04}", fee_minor=fee, now=NOW)
    book.buy("jun", 60_000, instalments=c.Instalments(periods=3, payer=PAYER_MERCHANT, fee_minor=fee))


def january(book: Book) -> None:
    """Purchases in all ways, holds in all ways, what is refused."""
    book.answers["plan"] = book.buy("anna", 90_001, instalments=c.Instalments(periods=3))
    book.buy("anna", 12_345)
    hold = book.hold("bo", 50_000)
    book.do(c.CapturePurchase, "bo", purchase_id=hold, amount_minor=20_000, final=False)
    book.do(c.RefundPurchase, "bo", purchase_id=hold, amount_minor=35_000)
    book.answers["void"] = book.do(c.VoidAuthorisation, "bo", purchase_id=book.hold("bo", 7_000))
    book.answers["hold"] = book.hold("bo", 33_300)
    book.answers["kept"] = book.buy("bo", 44_400)["purchase_id"]
    for customer in ("chen", "dai", "eve"):
        book.buy(customer, 160_000 if customer == "eve" else 200_001)
    book.buy("dai", 60_000, instalments=c.Instalments(periods=6, payer=PAYER_PLATFORM))
    book.do(c.Repay, "fang", amount_minor=70_000, source=2, reference="transfer 1")
    book.do(c.ReturnOverpayment, "fang", amount_minor=20_000)
    book.do(c.ChangeLimit, "fang", limit_minor=1_500_000)
    book.do(c.GrantTemporaryLimit, "fang", amount_minor=300_000, until=dt.date(2026, 1, 25))
    book.buy("fang", 1_700_000)
    book.answers["wrong"] = book.buy("gao", 99_999)
    book.refuse("LIMIT_SHORT", c.BuyNow, "gao", amount_minor=5_000_000, merchant="shop", order="x", category="general")
    book.refuse(
        "PURPOSE_REFUSED", c.AuthorisePurchase, "gao", amount_minor=50, merchant="shop", order="y", category="cash"
    )
    book.refuse("AMOUNT_INVALID", c.Repay, "gao", amount_minor=-1)
    book.answers["subsidised"] = book.buy("hui", 120_000, instalments=c.Instalments(periods=12, payer=PAYER_MERCHANT))
    book.do(c.SetStatus, "idle", status=STATUS_FROZEN)


def february(book: Book) -> None:
    """After the first bill: refunds of what was billed, plans on the bill, settlement, late and reversed facts."""
    book.do(c.RefundPurchase, "bo", purchase_id=book.answers["kept"], amount_minor=14_400)
    book.do(
        c.CapturePurchase,
        "bo",
        purchase_id=book.answers["hold"],
        amount_minor=30_000,
        instalments=c.Instalments(periods=3),
    )
    book.do(c.InstalBill, "chen", amount_minor=100_000, instalments=c.Instalments(periods=6))
    book.do(c.Repay, "chen", amount_minor=10_001)
    plan = book.answers["plan"]["purchase_id"]
    quote = book.ask(c.SettlePlan, "anna", plan_id=plan, amount_minor=1)["amount_minor"]
    book.do(c.SettlePlan, "anna", plan_id=plan, amount_minor=quote)
    book.do(c.Repay, "anna", amount_minor=60_000)
    book.do(c.ReverseFact, "gao", fact_id=book.answers["wrong"]["fact_id"], reason="booked on the wrong account")
    late = book.do(c.Repay, "gao", amount_minor=5_000, on=dt.date(2026, 1, 20))
    book.do(c.ReverseFact, "gao", fact_id=late["fact_id"], reason="came back")
    book.do(c.Repay, "bo", amount_minor=1_000, on=dt.date(2026, 1, 8))
    book.buy("gao", 3_000, on=dt.date(2026, 1, 30))
    book.do(c.ChangePair, "anna", cut_day=10, due_day=20)
    book.do(c.SetStatus, "idle", status=STATUS_ACTIVE)


def spring(book: Book) -> None:
    """Overdue by now: hardship for one, a late payment that undoes penalty for another."""
    book.do(c.Repay, "chen", amount_minor=20_000, on=dt.date(2026, 2, 9))
    book.do(c.AgreeHardship, "dai", periods=12, evidence=("hospital",))
    book.do(c.RefundPurchase, "hui", purchase_id=book.answers["subsidised"]["purchase_id"], amount_minor=40_000)
    book.buy("anna", 5_555)
    book.hold("hui", 2_500)
    book.do(c.SetStatus, "idle", status=STATUS_CLOSED)


def summer(book: Book) -> None:
    """The write-off and what comes in after it; purchases that go on."""
    book.until(8, 20)
    book.do(c.WriteOff, "eve", evidence=("contract", "letters"), attempts=6, approved_by="two people")
    book.do(c.RecordRecovery, "eve", amount_minor=40_000)
    book.do(c.Repay, "eve", amount_minor=1_000)
    book.do(c.Repay, "bo", amount_minor=9_000)
    book.buy("anna", 8_888)
