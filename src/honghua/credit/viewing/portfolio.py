"""The portfolio: how late accounts are, how they move between buckets of lateness from bill to bill, and how cohorts grow old.

Lateness in the past is read off the snapshots that closed statements keep, so it is known once a cycle, on the day of the bill: exact on
that day, silent between two. Bounded by a span of days.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import psycopg

from honghua.base.dates import NO_DAY, to_day
from honghua.base.errors import BadInput
from honghua.credit.store import get_business_day
from honghua.credit.viewing import store_portfolio as store
from honghua.credit.viewing.store_portfolio import CutRow, Segment
from honghua.credit.viewing.views import CLAIM
from honghua.ledger import api as ledger

SPAN_DAYS_MAX: Final = 800
BUCKETS: Final = ((0, 0), (1, 30), (31, 60), (61, 90), (91, 10**6))  # days past due, both ends
WRITTEN_OFF: Final = len(BUCKETS)  # the bucket after the last
ACCOUNTS_MAX: Final = 2_000_000
ACCOUNTS_AT_ONCE: Final = 50_000
CUTS_MAX: Final = 400_000  # statements that one look reads


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
    sums = [[0, 0] for _ in BUCKETS]
    for start in range(0, len(rows), ACCOUNTS_AT_ONCE):
        part = rows[start : start + ACCOUNTS_AT_ONCE]
        owed = ledger.read_balances(conn, np.array([account for account, _ in part], np.int64))[:, CLAIM].sum(axis=1)
        for (_, days), minor in zip(part, owed.tolist(), strict=True):
            place = find_bucket(days)
            sums[place][0] += 1
            sums[place][1] += minor
    return [BucketNow(low, high, *found) for (low, high), found in zip(BUCKETS, sums, strict=True)]


def list_migrations(
    conn: psycopg.Connection, *, since: dt.date, until: dt.date, segment: Segment = ALL
) -> list[Migration]:
    """For every month of the span: from the bucket on the day of its bill to that on the day of the next, or out by a write-off."""
    months: dict[dt.date, Counter[tuple[int, int]]] = {}
    rows = store.list_cuts_between(conn, segment, span=(check(since, until), until), limit=CUTS_MAX + 1)
    require_few(len(rows), CUTS_MAX, "bills")
    for _, cuts in _by_account(rows):
        for one, other in pairwise(cuts):
            if other.seq == one.seq + 1:
                months.setdefault(one.cut_on.replace(day=1), Counter())[bucket_of(one), bucket_of(other)] += 1
        if cuts[-1].is_last:
            months.setdefault(cuts[-1].cut_on.replace(day=1), Counter())[bucket_of(cuts[-1]), WRITTEN_OFF] += 1
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
    opened = store.list_opened(conn, segment, since=check(since, until), until=until)
    cohorts: dict[dt.date, dict[int, list[bool]]] = {}
    for account_id, opened_on in opened:
        cohorts.setdefault(opened_on.replace(day=1), {})[account_id] = []
    cohort_of = {account_id: opened_on.replace(day=1) for account_id, opened_on in opened}
    rows = store.list_cuts_of(conn, list(cohort_of), limit=CUTS_MAX + 1)
    require_few(len(rows), CUTS_MAX, "bills")
    for account_id, cuts in _by_account(rows):
        seen = False
        for cut in cuts:
            seen = seen or cut.charged_off_minor > 0 or late_on(cut) >= late_days
            cohorts[cohort_of[account_id]][account_id].append(seen)
    found = []
    for month, accounts in sorted(cohorts.items()):
        longest = max(map(len, accounts.values()))
        ages = [[said[age] for said in accounts.values() if len(said) > age] for age in range(longest)]
        found.append(Vintage(month, len(accounts), tuple((sum(said), len(said)) for said in ages)))
    return found


def require_few(found: int, most: int, what: str) -> None:
    """BadInput for a look that would have to leave something out: half a portfolio is a wrong figure."""
    if found > most:
        raise BadInput(f"more than {most:,} {what}: take fewer days, or a segment", code="LOOK_TOO_LARGE")


def late_on(cut: CutRow) -> int:
    """Days past due just after a bill was made, as `measures.days_past_due` reckons."""
    return 0 if cut.overdue_since == NO_DAY else cut.as_of - cut.overdue_since


def bucket_of(cut: CutRow) -> int:
    """Where an account stood on the day of a bill."""
    return WRITTEN_OFF if cut.charged_off_minor else find_bucket(late_on(cut))


def find_bucket(days: int) -> int:
    """The bucket of so many days past due."""
    return next(place for place, (low, high) in enumerate(BUCKETS) if low <= days <= high)


def check(since: dt.date, until: dt.date) -> dt.date:
    """The first day of a span; BadInput for one that is too long or ends before it begins."""
    if not since <= until or to_day(until) - to_day(since) > SPAN_DAYS_MAX:
        raise BadInput(f"at most {SPAN_DAYS_MAX} days, and the last is not before the first", code="SPAN_INVALID")
    return since


def _by_account(rows: Sequence[CutRow]) -> Iterable[tuple[int, list[CutRow]]]:
    """Rows stand by account and number."""
    found: dict[int, list[CutRow]] = {}
    for row in rows:
        found.setdefault(row.account_id, []).append(row)
    return found.items()


__all__ = [
    "BUCKETS", "WRITTEN_OFF", "BucketNow", "Migration", "Segment", "Vintage", "count_buckets", "list_migrations", "list_vintages",
]  # fmt: skip
