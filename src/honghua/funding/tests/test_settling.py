"""Money between lenders: what is due to the cent, exactly once whatever the bank says, and every day of it held against statements."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from honghua.base.errors import BadInput, Refusal
from honghua.base.rng import derive_rng
from honghua.decision.api import deliver_alerts, list_alerts
from honghua.funding import api as funding
from honghua.funding.bank_port import FAULTS
from honghua.funding.core import Direction, FundingBase, LenderLine, LenderOrder, MovementKind, SettlementState
from honghua.funding.core.settling import Ended, end_order, plan_order
from honghua.funding.invariants import check_funding
from honghua.funding.store_settling import sum_settled
from honghua.store.database import run_unit

NOW = dt.datetime(2026, 3, 1, 4, tzinfo=dt.UTC)  # noon in China
DAY = dt.date(2026, 3, 1)
ORDER = LenderOrder(key="k", lender="p01", direction=Direction.PAY, amount_minor=700, currency="CNY")
LINE = LenderLine(key="k", lender="p01", direction=Direction.PAY, amount_minor=700, is_moved=True)


class Town:
    """Loans with partners, a bank, and days that pass at both."""

    def __init__(self, conn, bank):
        self.conn, self.bank, self.now = conn, bank, NOW

    def lend(self, loan, minor, channel="joint-p01", on=DAY):
        run_unit(
            self.conn,
            lambda c: funding.allocate(c, loan=loan, channel=channel, principal_minor=minor, on=on, now=self.now),
        )

    def record(self, loan, kind, minor, on=DAY, key=""):
        event = funding.LoanEvent(key=key or f"{loan}:{kind}:{minor}", loan=loan, kind=kind, amount_minor=minor, on=on)
        run_unit(self.conn, lambda c: funding.record(c, event, now=self.now))

    def order(self, until):
        return run_unit(self.conn, lambda c: funding.order_settlements(c, until=until, currency="CNY", now=self.now))

    def send(self):
        return funding.send_settlements(self.conn, self.bank, now=self.now)

    def night(self):
        """The bank's day is over, and the clock stands at noon of the next."""
        self.bank.close_day()
        self.now += dt.timedelta(days=1)
        return funding.read_statements(self.conn, self.bank, now=self.now)

    def due(self, lender, on=DAY):
        return run_unit(self.conn, lambda c: funding.find_due(c, lender, on=on))

    def settled(self, lender):
        return run_unit(self.conn, lambda c: sum_settled(c, lender))

    def assert_sound(self):
        assert [check for check in check_funding(self.conn) if not check.ok] == []


@pytest.fixture
def town(conn):
    base = FundingBase(on=DAY, tier1_minor=10**13, loans_minor=10**14)
    run_unit(conn, lambda c: funding.report_base(c, base, source="test", now=NOW))
    return Town(conn, funding.FakeLenderBank(1, DAY))


def test_a_partner_pays_its_part_in_and_gets_its_part_out(town):
    town.lend("L", 100_000)  # own 35 %, p01 65 %; of what is earned p01 has 61.75 %, the platform 5 %
    assert town.due("p01") == -65_000
    (order,) = town.order(DAY)
    assert (order.direction, order.amount_minor) == (Direction.COLLECT, 65_000)
    assert town.order(DAY) == [], "a day is ordered once"
    assert town.send() == {"moved": 1}
    (read,) = town.night()
    assert (read.lines, read.differences) == (1, {})
    later = DAY + dt.timedelta(days=1)
    town.record("L", MovementKind.PRINCIPAL, 40_000, later)
    town.record("L", MovementKind.INTEREST, 1_000, later)
    town.record("L", MovementKind.WRITE_OFF, 10_000, later)  # its loss: nothing moves
    town.record("L", MovementKind.INTEREST_BACK, 200, later)
    assert town.due("p01", later) == 26_000 + 618 - 124  # 617.5 and 123.5, shared by largest remainder
    (order,) = town.order(later)
    assert (order.direction, order.amount_minor) == (Direction.PAY, 26_494)
    town.send()
    town.night()
    assert town.bank.moved_minor("p01") == -65_000 + 26_494
    assert town.due("p01", later) == 0
    town.record("L", MovementKind.RECOVERY, 1_000, DAY)  # heard of late, of a day that was settled before
    assert town.due("p01", later) == 650
    found = run_unit(town.conn, lambda c: funding.list_settlements(c, lender="p01"))
    assert [(one.state, one.moved_minor) for one in found] == [("moved", 26_494), ("moved", 65_000)]
    town.assert_sound()


def test_what_was_refused_is_in_the_next_order(town):
    town.bank.faults = {"refused": 1.0}
    town.lend("L", 100_000)
    town.order(DAY)
    assert town.send() == {"refused": 1}
    assert town.due("p01") == 0, "what a bank says ends nothing: it may still move"
    town.night()
    assert town.due("p01") == -65_000
    town.bank.faults = {}
    (order,) = town.order(DAY + dt.timedelta(days=1))
    assert order.amount_minor == 65_000
    town.send()
    town.night()
    assert town.bank.moved_minor("p01") == -65_000
    town.assert_sound()


def test_another_amount_is_told_and_made_good_by_the_next_order(town):
    town.bank.faults = {"moves_other": 1.0}
    town.lend("L", 100_000)
    town.order(DAY)
    town.send()
    (read,) = town.night()
    assert read.differences == {"amount": 1}
    assert deliver_alerts(town.conn, now=town.now) == 1, "people are told"
    assert "amount" in run_unit(town.conn, list_alerts)[0].sentence
    town.bank.faults = {}
    (order,) = town.order(DAY + dt.timedelta(days=1))
    assert order.amount_minor == 7
    town.send()
    town.night()
    assert town.bank.moved_minor("p01") == -65_000
    town.assert_sound()


def test_parts_that_are_sold_are_paid_for(town):
    """What the buyer owes and what the seller gets go through us, in the same orders as all else."""
    town.lend("L", 100_000)

    def sell(c):
        wish = funding.Proposal(seller="p01", buyer="own", price_ppm=900_000, agreement="A-1")
        made = funding.propose_transfer(c, wish, person="ann", why="it leaves", now=NOW)
        assert not isinstance(made, Refusal)
        funding.decide_transfer(c, made.transfer_id, approve=True, person="bob", why="agreed", now=NOW)
        return funding.transfer_page(c, made.transfer_id, on=DAY, now=NOW)

    assert run_unit(town.conn, sell).sold == 1
    assert town.due("p01") == -65_000 + 58_500
    town.order(DAY)
    town.send()
    town.night()
    assert town.bank.moved_minor("p01") == -6_500
    town.assert_sound()


def test_a_torn_statement_is_not_believed(town):
    statement = funding.LenderStatement(DAY, (LINE,), 701)
    with pytest.raises(BadInput, match="total"):
        run_unit(town.conn, lambda c: funding.take_statement(c, "bank", statement, now=NOW))
    stranger = replace(statement, total_minor=700)
    assert run_unit(town.conn, lambda c: funding.take_statement(c, "bank", stranger, now=NOW)).differences == {
        "unknown": 1
    }
    assert run_unit(town.conn, lambda c: funding.take_statement(c, "bank", stranger, now=NOW)).differences == {}
    town.assert_sound()


@pytest.mark.parametrize(
    ("state", "moved", "line", "wanted"),
    [
        (SettlementState.WAITING, 0, LINE, Ended(SettlementState.MOVED, 700, "")),
        (SettlementState.WAITING, 0, replace(LINE, amount_minor=693), Ended(SettlementState.MOVED, 693, "amount")),
        (SettlementState.WAITING, 0, replace(LINE, is_moved=False), Ended(SettlementState.REFUSED, 0, "")),
        (SettlementState.WAITING, 0, replace(LINE, lender="p02"), Ended(SettlementState.WAITING, 0, "payee")),
        (
            SettlementState.WAITING,
            0,
            replace(LINE, direction=Direction.COLLECT),
            Ended(SettlementState.WAITING, 0, "payee"),
        ),
        (SettlementState.MOVED, 700, LINE, Ended(SettlementState.MOVED, 1_400, "again")),
        (SettlementState.REFUSED, 0, LINE, Ended(SettlementState.MOVED, 700, "again")),
        (SettlementState.MOVED, 700, replace(LINE, is_moved=False), Ended(SettlementState.MOVED, 700, "again")),
    ],
)
def test_what_a_line_does_to_its_order(state, moved, line, wanted):
    assert end_order(ORDER, state, moved, line) == wanted


def test_nothing_due_is_no_order():
    assert plan_order("p01", 5, 5, key="k", currency="CNY") is None
    assert plan_order("p01", 4, 5, key="k", currency="CNY") == replace(
        ORDER, direction=Direction.COLLECT, amount_minor=1
    )


def play(town, seed):
    """Some days of lending with a bank of many faults; in the end everything due has moved, once, and the books agree."""
    rng = derive_rng(seed, "lenders")
    chances = {name: float(rng.choice([0.0, 0.2, 0.5])) for name in FAULTS}
    town.bank.seed, town.bank.faults = seed, chances
    start = town.now.date()
    for day in range(2):
        on = start + dt.timedelta(days=day)
        for channel in ("joint-p01", "joint-p02"):
            loan = f"{seed}:{day}:{channel}"
            town.lend(loan, int(rng.integers(1, 10**6)) * 10, channel, on)
            if rng.random() < 0.7:
                town.record(loan, MovementKind.PRINCIPAL, int(rng.integers(1, 10)), on)
                town.record(loan, MovementKind.FEE, int(rng.integers(1, 999)), on)
        town.order(on)
        for _ in range(int(rng.integers(1, 4))):
            town.send()
            town.now += dt.timedelta(minutes=11)
        town.night()
    for calm in range(5):  # faults end some day, and with them everything that is open
        town.bank.faults = chances if calm < 1 else {}
        town.order(town.now.date())
        town.send()
        town.night()
    for lender in ("p01", "p02"):
        assert town.due(lender, town.now.date()) == 0, f"seed {seed}: {lender}"
        moved = town.settled(lender)
        assert moved == town.bank.moved_minor(lender), f"seed {seed}: {lender}"
    found = run_unit(town.conn, lambda c: funding.list_settlements(c, limit=14))
    assert {one.state for one in found} <= {"moved", "refused"}, f"seed {seed}"


def test_exactly_once_whatever_the_bank_does(town):
    for seed in range(3):
        play(town, seed)
    town.assert_sound()


@pytest.mark.slow
def test_exactly_once_over_a_thousand_seeds(town):
    for seed in range(1_000, 2_000):
        play(town, seed)
    town.assert_sound()
