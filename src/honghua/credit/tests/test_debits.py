"""Auto-debit against a fake bank that fails in all its ways: no debit doubled, none lost, sources in order."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from honghua.base.errors import BadInput
from honghua.credit.api import execute, open_registry, start_book
from honghua.credit.banking.bank import Declined, DeclineReason, Paid
from honghua.credit.banking.debits import (
    ASK_AGAIN_AFTER,
    LEASE,
    WISH_KIND,
    accept_answers,
    list_sources,
    plan_debits,
    run_debits,
    serve_wishes,
    set_sources,
)  # fmt: skip
from honghua.credit.banking.fake_bank import FakeBank
from honghua.credit.core.commands import BuyNow, OpenAccount, Repay
from honghua.credit.core.debiting import Pays, Source, SourceKind, compute_wanted, default_sources
from honghua.credit.core.layout import D_DUE, H_AS_OF, H_DUES, H_OVERPAID
from honghua.credit.core.terms import ProductTerms
from honghua.credit.eod import close_until
from honghua.credit.registry import Registry
from honghua.credit.viewing.reading import find_current
from honghua.store.database import Database, run_unit
from honghua.store.wishes import take_wishes

NOW = dt.datetime(2026, 2, 10, 4, 0, tzinfo=dt.UTC)
DUE = dt.date(2026, 2, 10)  # the pair 1/10: January is cut on 1 February
BOUGHT = 100_00
PURSE = Source(SourceKind.BALANCE, "purse")
CARD = Source(SourceKind.DEBIT_CARD, "card")
FUND = Source(SourceKind.MONEY_FUND, "fund")


@dataclass
class Town:
    """Some customers, each of whom bought for BOUGHT in January; it is their due day."""

    database: Database
    conn: psycopg.Connection
    registry: Registry
    customers: list[str]

    def open_minor(self, customer: str) -> int:
        account = find_current(self.conn, self.registry, customer)
        assert account is not None
        return int(account.balance[:6].sum())

    def overpaid_minor(self, customer: str) -> int:
        account = find_current(self.conn, self.registry, customer)
        assert account is not None
        return int(account.head[H_OVERPAID])

    def repaid_minor(self) -> int:
        row = self.conn.execute(
            "SELECT coalesce(sum(amount_minor), 0)::bigint FROM store_fact WHERE kind = 8"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def run(self, bank: FakeBank, *, slot: int = 1, later: dt.timedelta = dt.timedelta(0)):
        return run_debits(self.conn, self.registry, bank, slot=slot, now=NOW + later)

    def close_until(self, day: dt.date) -> None:
        close_until(self.database, day)


def settle_town(database: Database, conn: psycopg.Connection, customers: int, sources: list[Source]) -> Town:
    start_book(conn, day=dt.date(2026, 1, 1))
    registry = open_registry(conn)
    names = [f"C{k}" for k in range(customers)]
    now = NOW
    execute(conn, registry, [OpenAccount(key=f"o{n}", customer=n, limit_minor=1_000_00) for n in names], now=now)
    close_until(database, dt.date(2026, 1, 15))
    execute(
        conn,
        registry,
        [BuyNow(key=f"b{n}", customer=n, amount_minor=BOUGHT, merchant="M", order=n, category="books") for n in names],
        now=now,
    )
    close_until(database, DUE)
    for name in names:
        mine = [Source(s.kind, f"{s.reference}-{name}", s.pays) for s in sources]
        assert set_sources(conn, registry, name, mine)["outcome"] == "done"
    return Town(database, conn, registry, names)


@pytest.fixture
def one(database, conn) -> Town:
    return settle_town(database, conn, 1, [PURSE, CARD, FUND])


def test_the_due_amount_is_taken_once_however_often_we_run(one):
    bank = FakeBank(1)
    report = one.run(bank)
    assert (report.asked, report.paid, report.paid_minor) == (1, 1, BOUGHT)
    assert one.open_minor("C0") == 0
    again = one.run(bank)
    assert (again.asked, again.paid) == (0, 0)
    assert one.run(bank, slot=2).asked == 0
    assert bank.taken_minor == one.repaid_minor() == BOUGHT


def test_nothing_is_asked_before_the_due_day_nor_without_sources(database, conn):
    town = settle_town(database, conn, 1, [])
    assert town.run(FakeBank(1)).asked == 0
    set_sources(conn, town.registry, "C0", [Source(SourceKind.CREDIT_CARD, "visa")])
    assert town.run(FakeBank(1)).asked == 0, "a credit card is listed but never asked"


def test_sources_are_asked_in_order_each_for_what_is_still_unpaid(one):
    bank = FakeBank(1, funds_minor={"purse-C0": 30_00, "card-C0": 0, "fund-C0": 500_00})
    report = one.run(bank)
    assert (report.asked, report.paid, report.declined, report.paid_minor) == (3, 2, 1, BOUGHT)
    assert bank.funds_minor == {"purse-C0": 0, "card-C0": 0, "fund-C0": 430_00}


def test_all_or_nothing_when_the_terms_allow_no_part(database, conn):
    start_book(conn, day=dt.date(2026, 1, 1))
    open_registry(conn, terms=ProductTerms(debit_partial=0))
    town = settle_town(database, conn, 1, [PURSE, CARD])
    bank = FakeBank(1, funds_minor={"purse-C0": 30_00})
    report = town.run(bank)
    assert (report.paid, report.declined) == (1, 1)
    assert bank.funds_minor["purse-C0"] == 30_00


def test_a_source_set_to_the_minimum_pays_the_minimum(database, conn):
    town = settle_town(database, conn, 1, [Source(SourceKind.BALANCE, "purse", Pays.MINIMUM)])
    assert town.run(FakeBank(1)).paid_minor == BOUGHT // 10
    assert town.run(FakeBank(1), slot=2).asked == 0


def test_while_overdue_it_is_tried_again_every_day(one):
    bank = FakeBank(1, funds_minor=dict.fromkeys(("purse-C0", "card-C0", "fund-C0"), 0))
    report = one.run(bank)
    assert (report.asked, report.declined, report.paid) == (3, 3, 0)
    assert one.run(bank).asked == 0, "a run asks each source once"
    assert one.run(bank, slot=2).asked == 3, "the evening is another run"
    one.close_until(dt.date(2026, 2, 13))
    bank.funds_minor["card-C0"] = 1_000_00
    owed = one.open_minor("C0")
    assert owed == BOUGHT + 3 * 5, "penalty of 3 days at 0.05 %"
    assert one.run(bank, later=dt.timedelta(days=3)).paid_minor == owed
    assert one.open_minor("C0") == 0


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "timeout_under_way"])
def test_a_timeout_asks_nobody_else_and_is_cleared_up_later(one, fault):
    bank = FakeBank(1, faults={fault: 1.0})
    report = one.run(bank)
    assert (report.asked, report.timed_out, report.paid) == (1, 1, 0)
    assert one.run(bank).asked == 0, "the question is open: no other source, and not the same one again"
    assert one.run(bank, slot=2).asked == 0
    bank.faults = {}
    report = one.run(bank, later=ASK_AGAIN_AFTER)
    assert (report.asked, report.paid, report.paid_minor) == (0, 1, BOUGHT)
    assert bank.taken_minor == one.repaid_minor() == BOUGHT
    assert one.open_minor("C0") == 0


def test_an_answer_days_later_counts_from_the_day_of_asking(one):
    bank = FakeBank(1, faults={"timeout_after": 1.0, "find_timeout": 1.0})
    one.run(bank)
    one.close_until(dt.date(2026, 2, 20))
    assert one.open_minor("C0") > BOUGHT, "penalty runs while nobody knows"
    bank.faults = {}
    report = one.run(bank, later=dt.timedelta(days=10))
    assert (report.paid, report.asked) == (1, 0)
    assert (one.open_minor("C0"), one.overpaid_minor("C0")) == (0, 0), "and is gone: the money was taken in time"


def test_an_answer_given_twice_is_booked_once(one):
    bank = FakeBank(1, faults={"answers_twice": 1.0})
    one.run(bank)
    callbacks = bank.take_callbacks()
    assert len(callbacks) == 1
    for _ in range(2):
        report = accept_answers(one.conn, one.registry, dict(callbacks), now=NOW)
        assert (report.paid, report.unknown) == (0, 0)
    assert one.repaid_minor() == BOUGHT
    key = callbacks[0][0]
    accept_answers(one.conn, one.registry, {key: Declined(DeclineReason.FUNDS_SHORT)}, now=NOW)
    assert one.repaid_minor() == BOUGHT, "what was taken stays taken"
    assert accept_answers(one.conn, one.registry, {"nobody asked": Paid(1)}, now=NOW).unknown == 1


def test_paid_after_declined_is_booked_and_the_rest_is_the_customers_own(one):
    bank = FakeBank(1, funds_minor={"purse-C0": 0})
    one.run(bank)
    key = next(key for key, answer in bank.answers.items() if isinstance(answer, Declined))
    assert accept_answers(one.conn, one.registry, {key: Paid(BOUGHT)}, now=NOW).paid == 1
    assert one.overpaid_minor("C0") == BOUGHT


def test_a_wish_no_longer_needed_is_dropped_before_it_is_sent(one):
    assert plan_debits(one.conn, one.registry, slot=1, now=NOW) == 1
    execute(one.conn, one.registry, [Repay(key="by hand", customer="C0", amount_minor=BOUGHT)], now=NOW)
    bank = FakeBank(1)
    assert serve_wishes(one.conn, one.registry, bank, now=NOW).dropped == 1
    assert bank.taken_minor == 0


class Killed(BaseException):
    """The process ends here."""


@dataclass
class DyingBank(FakeBank):
    """Our process is killed in the middle of a call: `when` the bank has or has not taken the money."""

    when: str = ""

    def debit(self, **question):
        if self.when == "before":
            raise Killed
        answer = super().debit(**question)
        if self.when == "after":
            raise Killed
        return answer


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_during_the_call(one, when):
    bank = DyingBank(1, when=when)
    with pytest.raises(Killed):
        one.run(bank)
    bank.when = ""
    assert one.run(bank).paid == 0, "the lease of the dead run still stands"
    report = one.run(bank, later=LEASE)
    assert (report.paid, report.asked) == (1, 0)
    assert bank.taken_minor == one.repaid_minor() == BOUGHT


def test_killed_between_any_two_steps(one):
    """After planning, after taking the wish, after the answer was booked but before the wish was settled."""
    bank = FakeBank(1)
    assert plan_debits(one.conn, one.registry, slot=1, now=NOW) == 1
    assert plan_debits(one.conn, one.registry, slot=1, now=NOW) == 0
    (wish,) = run_unit(one.conn, lambda c: take_wishes(c, WISH_KIND, 9, now=NOW, lease=LEASE))
    answer = bank.debit(
        key=wish.key,
        source=Source(SourceKind.BALANCE, "purse-C0"),
        amount_minor=wish.body["amount_minor"],
        currency=wish.body["currency"],
        at_least_minor=wish.body["at_least_minor"],
    )
    execute(  # exactly what accept_answers books first; the kill comes before it notes the answer
        one.conn,
        one.registry,
        [Repay(key=f"{wish.key}:paid", customer="C0", on=DUE, amount_minor=BOUGHT, source=1, reference=wish.key)],
        now=NOW,
    )
    assert answer == Paid(BOUGHT)
    report = one.run(bank, later=LEASE)
    assert (report.paid, report.asked) == (1, 0)
    assert bank.taken_minor == one.repaid_minor() == BOUGHT
    assert one.run(bank, later=2 * LEASE).paid == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_crowd_with_every_fault_loses_and_doubles_nothing(database, conn, seed):
    town = settle_town(database, conn, 25, [PURSE, CARD, FUND])
    faults = dict.fromkeys(
        ("timeout_before", "timeout_after", "timeout_under_way", "find_timeout", "answers_twice"), 0.25
    )
    purses = {f"purse-{name}": 10_00 * (k % 12) for k, name in enumerate(town.customers)}
    bank = FakeBank(seed, funds_minor=purses, faults=faults)
    report = town.run(bank)
    for hours in range(1, 30):
        accept_answers(conn, town.registry, dict(bank.take_callbacks()), now=NOW)
        assert town.repaid_minor() <= bank.taken_minor
        report.add(town.run(bank, later=dt.timedelta(hours=hours)))
    assert bank.taken_minor == town.repaid_minor() == 25 * BOUGHT
    assert report.timed_out > 10
    assert all(town.open_minor(name) == 0 and town.overpaid_minor(name) == 0 for name in town.customers)
    row = conn.execute(
        "SELECT count(*) FROM store_fact f JOIN credit_debit d ON d.key = f.reference WHERE f.kind = 8"
    ).fetchone()
    paid = conn.execute("SELECT count(*) FROM credit_debit WHERE state = 'paid'").fetchone()
    assert row == paid


def test_the_wanted_amount_is_the_least_that_settles(one):
    one.close_until(dt.date(2026, 3, 10))
    account = find_current(one.conn, one.registry, "C0")
    assert account is not None
    assert int(account.head[H_DUES]) == 2
    assert all(int(row[D_DUE]) <= int(account.head[H_AS_OF]) for row in account.dues[:2])
    assert compute_wanted(account, Pays.FULL) == one.open_minor("C0")


def test_the_default_order_and_what_a_customer_may_choose(one):
    cards = [Source(SourceKind.DEBIT_CARD, f"card{k}") for k in range(5)]
    order = default_sources([FUND, *cards, PURSE], ProductTerms())
    assert [s.reference for s in order] == ["purse", "card0", "card1", "card2", "fund"]
    many = [Source(SourceKind.DEBIT_CARD, f"card{k}") for k in range(21)]
    assert set_sources(one.conn, one.registry, "C0", many)["code"] == "SOURCES_INVALID"
    assert set_sources(one.conn, one.registry, "C0", [PURSE, PURSE])["code"] == "SOURCES_INVALID"
    assert set_sources(one.conn, one.registry, "C0", [Source(SourceKind.BALANCE, "")])["code"] == "SOURCES_INVALID"
    assert set_sources(one.conn, one.registry, "nobody", [PURSE])["code"] == "ACCOUNT_UNKNOWN"
    assert set_sources(one.conn, one.registry, "C0", many[:20])["sources"] == 20
    assert list_sources(one.conn, "C0") == many[:20]


def test_the_fake_says_what_it_is_remembers_and_survives(tmp_path):
    path = tmp_path / "bank.jsonl"
    bank = FakeBank(1, funds_minor={"purse": 500}, path=path)
    assert "fake" in bank.name
    ask: dict[str, Any] = {"key": "k", "source": PURSE, "amount_minor": 300, "currency": "CNY"}
    assert bank.debit(**ask) == bank.debit(**ask) == Paid(300)
    with pytest.raises(BadInput):
        bank.debit(**{**ask, "amount_minor": 301})
    path.write_bytes(path.read_bytes() + b'{"key": "half')
    again = FakeBank(1, funds_minor={"purse": 500}, path=path)
    assert again.find("k") == Paid(300)
    assert again.find("other") is None
    assert again.debit(**{**ask, "key": "l"}) == Declined(DeclineReason.FUNDS_SHORT)
    with pytest.raises(BadInput):
        FakeBank(1, faults={"typo": 1.0})


def test_a_question_that_the_bank_turns_away_hinders_nobody_elses(database, conn):
    """Its key was used there for something else; and a bank that says it took more than it was asked for is not believed."""
    town, bank = settle_town(database, conn, 3, [PURSE]), FakeBank(seed=1)
    plan_debits(town.conn, town.registry, slot=1, now=NOW)
    keys = [key for (key,) in town.conn.execute("SELECT key FROM credit_debit ORDER BY account_id")]
    bank.debit(key=keys[0], source=PURSE, amount_minor=1, currency="CNY")
    bank.answers[keys[1]] = Paid(BOUGHT + 1)
    found = town.run(bank)
    assert (found.paid, found.timed_out) == (1, 2)
    assert [town.open_minor(one) for one in town.customers] == [BOUGHT, BOUGHT, 0]
