"""The portfolio: how late accounts are, how they move between buckets of lateness from bill to bill, and how cohorts grow old.

Lateness in the past is read off the snapshots that closed statements keep, so it is known once a cycle, on the day of the bill: exact on
that day, silent between two. Bounded by a span of days.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg

from honghua.base.dates import to_day
from honghua.base.errors import BadInput
from honghua.credit.store import get_business_day
from honghua.credit.viewing import store_portfolio as store
from honghua.credit.viewing.store_portfolio import BUCKETS, WRITTEN_OFF, Segment
from honghua.ledger import api as ledger
from honghua.ledger.core import CLAIM

SPAN_DAYS_MAX: Final = 800
ACCOUNTS_MAX: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class BucketNow:
    """Accounts of one bucket of days past due today, and what they owe in all, minor units."""

    low: int
    high: int
    accounts: int
    owed_minor: int


@dataclass(frozen=True, slots=True)
class Migration:
    """From one bill to the next: moved[from][to] accounts; the last row and column are those written off."""

    month: dt.date
    moved: tuple[tuple[int, ...], ...]

    @property
    def accounts(self) -> int:
        """How many had a bill in this month and one after it."""
        return sum(map(sum, self.moved))


@dataclass(frozen=True, slots=True)
class Vintage:
    """Accounts opened in one month. late[k]: of those with at least k + 1 bills, how many (ever late, in all) by their bill k + 1."""

    month: dt.date
    opened: int
    late: tuple[tuple[int, int], ...]


ALL: Final = Segment()


def count_buckets(conn: psycopg.Connection, *, segment: Segment = ALL) -> list[BucketNow]:
    """How late accounts are on the business date, and what they owe. Written-off accounts owe nothing on the balance sheet."""
    today = get_business_day(conn)
    rows = store.list_lateness(conn, segment, today=today, limit=ACCOUNTS_MAX + 1)
    require_few(len(rows), ACCOUNTS_MAX, "accounts")
    found = np.array(rows, np.int64).reshape(-1, 2)
    places = np.searchsorted([high for _, high in BUCKETS], found[:, 1]).astype(np.int64)
    owed = ledger.sum_balances(conn, found[:, 0].copy(), places, size=len(BUCKETS))[:, CLAIM].sum(axis=1)
    accounts = np.bincount(places, minlength=len(BUCKETS))
    return [
        BucketNow(low, high, int(n), int(minor)) for (low, high), n, minor in zip(BUCKETS, accounts, owed, strict=True)
    ]


def list_migrations(
    conn: psycopg.Connection, *, since: dt.date, until: dt.date, segment: Segment = ALL
) -> list[Migration]:
    """For every month of the span: from the bucket on the day of its bill to that on the day of the next, or out by a write-off."""
    months: dict[dt.date, Counter[tuple[int, int]]] = {}
    for month, one, other, accounts in store.count_moves(conn, segment, since=check(since, until), until=until):
        months.setdefault(month, Counter())[one, other] += accounts
    size = range(WRITTEN_OFF + 1)
    return [
        Migration(month, tuple(tuple(moved[a, b] for b in size) for a in size))
        for month, moved in sorted(months.items())
    ]


def list_vintages(
    conn: psycopg.Connection, *, since: dt.date, until: dt.date, late_days: int, segment: Segment = ALL
) -> list[Vintage]:
    """Accounts opened in each month of the span, and how many were ever `late_days` or more past due by each of their bills."""
    if late_days < 1:
        raise BadInput("late is at least one day past due")
    ages: dict[dt.date, list[tuple[int, int]]] = {}
    first = check(since, until)
    for month, _, late, accounts in store.count_ages(conn, segment, since=first, until=until, late_days=late_days):
        ages.setdefault(month, []).append((late, accounts))
    opened = store.count_opened(conn, segment, since=first, until=until)
    return [Vintage(month, accounts, tuple(ages.get(month, ()))) for month, accounts in opened]


def require_few(found: int, most: int, what: str) -> None:
    """BadInput for a look that would have to leave something out: half a portfolio is a wrong figure."""
    if found > most:
        raise BadInput(f"more than {most:,} {what}: take fewer days, or a segment", code="LOOK_TOO_LARGE")


def check(since: dt.date, until: dt.date) -> dt.date:
    """The first day of a span; BadInput for one that is too long or ends before it begins."""
    if not since <= until or to_day(until) - to_day(since) > SPAN_DAYS_MAX:
        raise BadInput(f"at most {SPAN_DAYS_MAX} days, and the last is not before the first", code="SPAN_INVALID")
    return since


__all__ = [
    "BUCKETS", "WRITTEN_OFF", "BucketNow", "Migration", "Segment", "Vintage", "count_buckets", "list_migrations", "list_vintages",
]  # fmt: skip
