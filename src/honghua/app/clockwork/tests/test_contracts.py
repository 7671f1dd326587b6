"""A contract whose customer buys by the ordinary doors: its stream follows the books, and it is watched day by day (R-046, R-057)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg
import pytest

from honghua.app.book import Book
from honghua.app.cli import build_parser
from honghua.app.clockwork import merchants
from honghua.app.clockwork.contracts import steps as contracts
from honghua.app.commands.books.contact import contact
from honghua.app.journey.living import Life, become_customer, begin
from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.eod import close_until
from honghua.credit.journey import api as journey
from honghua.credit.journey.invariants import check_journeys
from honghua.decision.api import deliver_alerts, list_alerts
from honghua.merchants.api import FakePayoutBank
from honghua.store.database import Database

DAY = dt.timedelta(days=1)


@pytest.fixture
def life(database: Database, conn: psycopg.Connection) -> Life:
    found = begin(database, conn, seed=3, refuse=None)
    become_customer(found)
    return found


def do(life: Life, *commands: c.Command) -> list[dict[str, Any]]:
    answers = credit.execute(life.conn, life.site.registry, list(commands), now=life.now)
    assert {answer["outcome"] for answer in answers} <= {"done", "approved"}, answers
    return answers


def steps(life: Life) -> list[tuple[str, str, str]]:
    _, rows = journey.read_state(life.conn, life.contract_id)
    return [(row.step.name.lower(), row.subject, row.finding) for row in rows[5:]]


def alerts(life: Life) -> list[str]:
    """What people are told of contracts."""
    deliver_alerts(life.conn, now=life.now)
    return [alert.sentence for alert in list_alerts(life.conn, limit=50) if alert.kind == "contracts"]


def buy(life: Life, key: str, minor: int) -> c.BuyNow:
    return c.BuyNow(key=key, customer=life.customer, amount_minor=minor, merchant="M", order=key, category="books")


def close_to(life: Life, day: dt.date) -> None:
    close_until(life.database, day)
    life.clock.advance(dt.datetime.combine(day, dt.time(10), dt.UTC) - life.now)


def test_what_the_books_did_stands_in_the_stream(life: Life):
    (bought,) = do(life, buy(life, "a", 40_000))
    number = bought["purchase_id"]
    held = c.AuthorisePurchase(
        key="h", customer=life.customer, amount_minor=9_000, merchant="M", order="h", category="books"
    )
    (hold,) = do(life, held)
    assert contracts.follow(life.conn, life.now).endswith(
        "steps written: 2 drawdown, 1 booking; 0 that may not stand there"
    )
    own, kept = f"purchase {number}", f"purchase {hold['purchase_id']}"
    assert steps(life) == [("drawdown", own, ""), ("booking", own, ""), ("drawdown", kept, "")]
    do(life, c.CapturePurchase(key="t", customer=life.customer, purchase_id=hold["purchase_id"], amount_minor=8_000))
    contracts.follow(life.conn, life.now)
    assert steps(life)[3:] == [("booking", kept, "")], "what was drawn once is not drawn again"
    assert "steps written: none" in contracts.follow(life.conn, life.now), "a pass over nothing new writes nothing"
    bank = life.site.bank
    assert isinstance(bank, FakePayoutBank)
    close_to(life, dt.date(2026, 1, 6))
    merchants.follow(life.conn, life.now)
    merchants.settle(life.conn, life.now)
    merchants.make_payer(bank)(life.conn, life.now)
    contracts.follow_payouts(life.conn, life.now)
    assert "payout" not in {step for step, _, _ in steps(life)}, "a bank's word is no statement yet"
    bank.close_day()
    close_to(life, dt.date(2026, 1, 7))
    merchants.make_reconciler(bank)(life.conn, life.now)
    assert contracts.follow_payouts(life.conn, life.now).startswith("2 purchases")
    assert {(step, subject) for step, subject, _ in steps(life)[4:]} == {("payout", own), ("payout", kept)}
    do(life, c.Repay(key="r", customer=life.customer, amount_minor=5_000))
    contracts.follow(life.conn, life.now)
    assert steps(life)[-1][0] == "repayment"
    gone = c.WriteOff(
        key="w", customer=life.customer, evidence=("pack 1",), attempts=0, approved_by="ann + li", ended_by="death"
    )
    do(life, gone)
    assert contracts.follow(life.conn, life.now).endswith("1 that may not stand there")
    assert steps(life)[-1][0] == "repayment", "whom nobody watched or contacted, no step writes off"
    assert ["1 NOT_IN_ARREARS" in one for one in alerts(life)] == [True]
    assert [check for check in check_journeys(life.conn) if not check.ok] == []


def test_slides_are_seen_on_their_day_and_calm_is_not_disturbed(life: Life):
    """Injected: a line nearly used up, then a bill not paid. Each is told on the business day on which it is so, and nothing else is."""
    do(life, buy(life, "a", 40_000))
    contracts.follow(life.conn, life.now)
    told: dict[str, dt.date] = {}
    injected = {dt.date(2026, 1, 20): buy(life, "b", 430_000)}
    day = dt.date(2026, 1, 6)
    while day <= dt.date(2026, 2, 13):
        close_to(life, day)
        if day in injected:
            do(life, injected[day])
        contracts.watch(life.conn, life.now)
        contracts.watch(life.conn, life.now)
        finding = [row for row in steps(life) if row[0] == "monitoring"][-1][2]
        told.setdefault(finding, day)
        day += DAY
    assert told == {"current": dt.date(2026, 1, 6), "watch": dt.date(2026, 1, 20), "arrears": dt.date(2026, 2, 11)}
    rows = [row for row in steps(life) if row[0] == "monitoring"]
    assert [finding for _, _, finding in rows] == ["current", "watch", "watch", "arrears"], (
        "a row a change, not a row a day"
    )
    said = alerts(life)
    assert len(said) == 2
    assert any("1 contracts came to be in arrears" in one for one in said)
    check_contacts(life)


def check_contacts(life: Life) -> None:
    """Who is in arrears may be contacted by day, not by night; and whose end is proved may then be written off, step by step."""
    book = Book(life.database, life.conn, life.site.registry)
    asked = [
        "contact",
        life.customer,
        "--channel",
        "call",
        "--by",
        "bo",
        "--party",
        "us",
        "--clause",
        "3",
        "--evidence",
        "tape 1",
    ]
    args = build_parser().parse_args(asked)
    assert contact(args, book, life.now)["outcome"] == "passed"
    night = contact(args, book, life.now + dt.timedelta(hours=5))
    assert (night["outcome"], night["reasons"]) == ("refused", ["CONTACT_QUIET_HOURS"])
    business = build_parser().parse_args([*asked, "--business"])
    with pytest.raises(NotFound):
        contact(business, book, life.now)
    life.clock.advance(dt.timedelta(hours=6))
    gone = c.WriteOff(
        key="w", customer=life.customer, evidence=("pack 1",), attempts=0, approved_by="ann + li", ended_by="death"
    )
    do(life, gone)
    assert contracts.follow(life.conn, life.now).endswith("1 write_off; 0 that may not stand there")
    assert steps(life)[-1][0] == "write_off"
    assert [check for check in check_journeys(life.conn) if not check.ok] == []
