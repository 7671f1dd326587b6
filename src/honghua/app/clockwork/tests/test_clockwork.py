"""Jobs at work on a real book: debits by the local clock, merchants followed, settled and paid."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from honghua.app.clockwork.jobs import Ports, make_jobs, run_jobs
from honghua.base.clock import FixedClock
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.core.debiting import Source, SourceKind
from honghua.credit.eod import close_until
from honghua.credit.jobs import FakeBank, set_sources
from honghua.merchants.api import FakePayoutBank, catch_up_wholly

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = dt.date(2026, 1, 5)


@pytest.fixture
def registry(conn):
    credit.start_book(conn, day=FIRST)
    registry = credit.open_registry(conn)
    now = dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)
    credit.execute(conn, registry, [c.OpenAccount(key="o", customer="李雷", limit_minor=1_000_000)], now=now)
    buy = c.BuyNow(key="b", customer="李雷", amount_minor=50_000, merchant="M", order="1", category="books")
    credit.execute(conn, registry, [buy], now=now)
    assert set_sources(conn, registry, "李雷", [Source(SourceKind.DEBIT_CARD, "card-1")])["outcome"] == "done"
    return registry


def told(conn, ports, at):
    ran = run_jobs(conn, make_jobs(ports), clock=FixedClock(at))
    assert [one for one in ran if one.error is not None] == []
    return {one.name: one.told for one in ran}


def test_debits_wait_for_their_hour_and_ask_once_a_run(conn, database, registry):
    bank = FakeBank(seed=1)
    ports = Ports(bank=bank, zone=ZONE)
    due = view_of(conn, registry).next_statement_due_on
    close_until(database, due)
    morning = dt.datetime.combine(due, dt.time(9), tzinfo=ZONE)
    assert "due at 11:30" in told(conn, ports, morning)["debits"]
    assert "1 paid" in told(conn, ports, morning.replace(hour=12))["debits"]
    assert "0 asked" in told(conn, ports, morning.replace(hour=13))["debits"]
    assert bank.taken_minor == 50_000
    assert view_of(conn, registry).owed_minor == 0


def view_of(conn, registry):
    view = credit.find_account_view(conn, registry, "李雷")
    assert view is not None
    return view


def test_merchants_are_followed_settled_and_paid(conn, database, registry):
    bank = FakePayoutBank(1)
    at = dt.datetime(2026, 1, 5, 5, tzinfo=dt.UTC)
    assert "movements" in told(conn, Ports(payouts=bank), at)["merchants"]
    catch_up_wholly(conn, now=at)  # transactions of other tests' databases may have held the follower back
    close_until(database, FIRST + dt.timedelta(days=1))
    later = told(conn, Ports(payouts=bank), at + dt.timedelta(hours=1))
    assert later["settlement"].startswith("1 merchants settled")
    assert told(conn, Ports(payouts=bank), at + dt.timedelta(hours=1, seconds=2))["payouts"].startswith("1 paid")
    assert bank.paid_minor == {"M": 50_000}


def test_without_ports_jobs_say_what_waits(conn, registry):
    found = told(conn, Ports(), dt.datetime(2026, 1, 5, 5, tzinfo=dt.UTC))
    assert "no bank" in found["debits"]
    assert "no payout bank" in found["payouts"]
