"""Payouts through a bank that times out, repeats itself, lies, delays and moves other amounts: nobody is paid twice, nothing is lost."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

import psycopg
import pytest

from honghua.base.rng import derive_rng
from honghua.ledger import api as ledger
from honghua.ledger.core import Component, OwnerKind
from honghua.merchants.invariants import check_payouts
from honghua.merchants.payouts.fake import FAULTS, FakePayoutBank
from honghua.merchants.payouts.orders import Payable, bank_day, get_payout, pay_out, place_orders, send_payout
from honghua.merchants.payouts.reconciling import list_differences, reconcile_days
from honghua.store.database import connect, run_unit

START = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)
ROUND = dt.timedelta(minutes=11)
DAYS_MAX = 300
ORDERS = 5


@dataclass
class Storm:
    """One seed's bank and orders. Rounds of sending by day, a statement every night, until every order has ended."""

    conn: psycopg.Connection
    seed: int
    bank: FakePayoutBank = field(init=False)
    keys: list[str] = field(default_factory=list)
    differences: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        rng = derive_rng(self.seed, "storm")
        faults = {fault: float(rng.choice([0.0, 0.1, 0.5])) for fault in FAULTS}
        self.bank = FakePayoutBank(self.seed, faults=faults, label=f" {self.seed}", day=bank_day(START))
        names = [f"m{self.seed}:{i}" for i in range(ORDERS)]
        amounts = rng.integers(100, 1_000_000, ORDERS).tolist()

        def order(c: psycopg.Connection) -> None:
            ids = ledger.open_owners(c, kind=OwnerKind.MERCHANT, refs=names, currency="CNY").tolist()
            for i, (name, owner, minor) in enumerate(zip(names, ids, amounts, strict=True)):
                payable = Payable(
                    key=f"p{self.seed}:{i}", merchant_id=owner, merchant=name, amount_minor=minor, purchase_id=self.seed * ORDERS + i + 1
                )  # fmt: skip
                place_orders(c, [payable], business_on=bank_day(START), currency="CNY", now=START)
                self.keys.append(payable.key)

        run_unit(self.conn, order)
        self.owners = ledger.find_owners(self.conn, kind=OwnerKind.MERCHANT, refs=names)

    def live(self) -> None:
        now = START
        for key in self.keys[::2]:  # some are sent by whoever ordered, the others by the clock's job
            send_payout(self.conn, self.bank, key, now=now)
        for _ in range(DAYS_MAX):
            for i in range(4):
                pay_out(self.conn, self.bank, now=now + i * ROUND)
            self.bank.close_day()
            now += dt.timedelta(days=1)
            for done in reconcile_days(self.conn, self.bank, business_on=bank_day(now), now=now):
                self.differences.update(done.differences)
            if all(get_payout(self.conn, key).ended_at for key in self.keys):
                return
        raise AssertionError(f"seed {self.seed}: an order never ended")

    def check(self) -> None:
        for key in self.keys:
            order = get_payout(self.conn, key)
            moved = self.bank.count_moved(key)  # by construction at most once; what matters is that we know it
            assert (order.state == "confirmed") == (moved > 0), (self.seed, key)
            assert order.paid_minor == moved, (self.seed, key)
        books = ledger.list_owners  # what the books say left the bank is what left it
        cleared = 0
        for name in self.owners:
            (owner,) = books(self.conn, ref=name)
            cleared += owner.balances_minor[Component.BANK_CLEARING]
        assert -cleared == self.bank.total_moved(), self.seed


def live_through(database, seeds) -> Counter[str]:
    found: Counter[str] = Counter()
    with connect(database) as conn:
        for seed in seeds:
            storm = Storm(conn, seed)
            storm.live()
            storm.check()
            found += storm.differences
        assert [check for check in check_payouts(conn) if not check.ok] == []
    return found


def test_nothing_is_paid_twice_or_lost_whatever_the_bank_does(database):
    found = live_through(database, range(12))
    assert {"amount_differs", "said_otherwise"} <= set(found), found
    with connect(database) as conn:
        assert {one.kind for one in list_differences(conn, limit=500)} == {"amount_differs"}


@pytest.mark.slow
def test_a_thousand_seeds(database):
    found = live_through(database, range(1_000))
    assert {"amount_differs", "said_otherwise", "not_at_bank"} <= set(found), found
