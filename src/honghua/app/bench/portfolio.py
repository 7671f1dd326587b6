"""A synthetic portfolio for benches: accounts with facts, journal entries and state that agree, laid down in bulk.

Every account opened two cycles ago and bought; half of them left the first bill unpaid, three in ten have an instalment plan. So
the measured closing day bills new purchases, plan parts, fees and penalty: two to eight journal lines an account.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.dates import to_day
from honghua.credit import api as credit
from honghua.credit.core import EVENT
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind

Ints = NDArray[np.int64]
BLOCK: Final = 50_000
OPENED: Final = dt.date(2026, 1, 3)
BUSINESS_DAY: Final = dt.date(2026, 2, 28)  # closing it cuts the statements of 1 March
EVENTS: Final = 4


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What was laid down."""

    accounts: int
    facts: int


def lay_down(conn: psycopg.Connection, *, accounts: int, seed: int, progress: Callable[[int], None]) -> Portfolio:
    """Fill an empty book with `accounts` accounts, ready for the closing of BUSINESS_DAY."""
    registry = credit.open_registry(conn)
    credit.start_book(conn, day=BUSINESS_DAY)
    rng = np.random.default_rng(seed)
    with conn.transaction():
        merchants = ledger.open_owners(
            conn, kind=OwnerKind.MERCHANT, refs=[f"M{k:04d}" for k in range(1000)], currency="CNY"
        )
    done = 0
    while done < accounts:
        n = min(BLOCK, accounts - done)
        with conn.transaction():
            credit.import_accounts(
                conn,
                registry,
                refs=[f"B{done + k:08d}" for k in range(n)],
                events=make_events(rng, n),
                merchants=rng.choice(merchants, n),
                rows_max=(3, 2),
            )
        done += n
        progress(done)
    return Portfolio(accounts, accounts * EVENTS)


def make_events(rng: np.random.Generator, n: int) -> Ints:
    """int64[n, EVENTS, EVENT]: opening, a purchase before the first cut, a repayment after it, a purchase or plan after that."""
    events = np.zeros((n, EVENTS, EVENT), np.int64)
    first = to_day(OPENED)
    amounts = rng.integers(1_000, 60_000, size=(n, 2))
    paid = np.where(rng.random(n) < 0.5, amounts[:, 0], 100)
    with_plan = rng.random(n) < 0.3
    events[:, 0, 0] = FactKind.ACCOUNT_OPENED
    events[:, 0, 1:6] = (first, 500_000, 1, 10, 1)
    events[:, 1, 0] = FactKind.PURCHASE_CAPTURED
    events[:, 1, 1] = first + rng.integers(0, 20, n)
    events[:, 1, 2] = amounts[:, 0]
    events[:, 2, 0] = FactKind.REPAYMENT_RECEIVED
    events[:, 2, 1] = to_day(dt.date(2026, 2, 1)) + rng.integers(2, 9, n)
    events[:, 2, 2] = paid
    events[:, 3, 0] = FactKind.PURCHASE_CAPTURED
    events[:, 3, 1] = to_day(dt.date(2026, 2, 11)) + rng.integers(0, 10, n)
    events[:, 3, 2] = amounts[:, 1]
    events[with_plan, 3, 4] = 6
    events[with_plan, 3, 5] = amounts[with_plan, 1] * 45_000 // 1_000_000
    events[with_plan, 3, 6] = 1
    events[with_plan, 3, 7] = 1
    return events


__all__ = ["BUSINESS_DAY", "Portfolio", "lay_down"]
