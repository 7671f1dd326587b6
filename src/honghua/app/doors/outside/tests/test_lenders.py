"""The lenders' bank over HTTP: money moves once a key, silence is unknown, another's answer is not believed; the clock settles by it."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.app.clockwork.books import NOT_BEGUN
from honghua.app.clockwork.funding import make_settler
from honghua.app.doors.outside.lenders import HttpLenderBank
from honghua.app.doors.outside.tests.test_outside import DAY, SECRET, make_fake, speak
from honghua.app.doors.outside.wiring import make_lender_bank
from honghua.app.settings import load_settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, TimedOut, WorldFailed
from honghua.credit import api as credit
from honghua.funding import api as funding
from honghua.funding.core import Direction, FundingBase, LenderOrder
from honghua.store.database import run_unit

ORDER = LenderOrder(key="k:1", lender="p01", direction=Direction.COLLECT, amount_minor=700, currency="CNY")
NOON = dt.datetime(2026, 3, 1, 4, tzinfo=dt.UTC)


def test_it_is_spoken_to_as_its_port_says():
    fake = make_fake()
    bank = HttpLenderBank(speak(fake))
    assert bank.find("k:1") is None
    assert bank.transfer(ORDER) == bank.transfer(ORDER) == bank.find("k:1") == funding.LenderAnswer("k:1", "moved", 700)
    assert fake.lenders.moved_minor("p01") == -700
    with pytest.raises(BadInput) as reused:
        bank.transfer(LenderOrder(key="k:1", lender="p02", direction=Direction.PAY, amount_minor=1, currency="CNY"))
    assert reused.value.code == "BANK_KEY_REUSED"
    with pytest.raises(BadInput):
        bank.read_statement(DAY)
    fake.today = lambda: DAY + dt.timedelta(days=1)
    statement = bank.read_statement(DAY)
    assert [(one.key, one.lender, one.amount_minor, one.is_moved) for one in statement.lines] == [
        ("k:1", "p01", 700, True)
    ]
    assert statement.total_minor == -700


def test_silence_and_strange_answers_are_unknown():
    fake = make_fake()
    fake.lenders.faults = {"timeout_after": 1.0}
    bank = HttpLenderBank(speak(fake))
    for _ in range(2):
        with pytest.raises(TimedOut):
            bank.transfer(ORDER)
    assert fake.lenders.moved_minor("p01") == -700, "once, though nobody said so"
    strange = HttpLenderBank(speak(make_fake()))
    with pytest.raises(WorldFailed):
        strange._of_key(funding.LenderAnswer("k:2", "moved", 700), "k:1")
    with pytest.raises(WorldFailed):
        strange._of_key(funding.LenderAnswer("k:1", "perhaps", 700), "k:1")


def test_it_comes_from_the_settings():
    assert make_lender_bank(load_settings(environment={}), SystemClock()) is None
    told = {
        "HONGHUA_LENDERS_URL": "https://bank.example",
        "HONGHUA_LENDERS_SECRET": SECRET,
        "HONGHUA_LENDERS_NAME": "清算行",
    }
    bank = make_lender_bank(load_settings(environment=told), SystemClock())
    assert bank is not None
    assert bank.name == "清算行"


def test_the_clock_orders_sends_and_reads(conn):
    fake = make_fake()
    assert "no bank is attached" in make_settler(None)(conn, NOON)
    settle = make_settler(HttpLenderBank(speak(fake)))
    assert settle(conn, NOON) == NOT_BEGUN
    credit.start_book(conn, day=DAY + dt.timedelta(days=1))

    def lend(c):
        funding.report_base(c, FundingBase(on=DAY, tier1_minor=10**13, loans_minor=10**14), source="test", now=NOON)
        funding.allocate(c, loan="L", channel="joint-p01", principal_minor=100_000, on=DAY, now=NOON)

    run_unit(conn, lend)
    assert "1 lenders' days ordered, 1 moved; 0 statements" in settle(conn, NOON)
    fake.today = lambda: DAY + dt.timedelta(days=1)
    later = NOON + dt.timedelta(days=1)
    assert "0 lenders' days ordered, 1 moved; 1 statements by bank, 0 differences" in settle(conn, later)
    assert fake.lenders.moved_minor("p01") == -65_000
    assert run_unit(conn, lambda c: funding.find_due(c, "p01", on=DAY)) == 0
