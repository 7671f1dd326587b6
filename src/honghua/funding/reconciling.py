"""Each day's movements told to each partner, and its books held against ours until they say the same; differences are kept by kind."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.errors import WorldFailed
from honghua.decision.api import Told, raise_alert
from honghua.funding import store
from honghua.funding.core.comparing import FundingDifference, compare_books
from honghua.funding.port import PartnerRow, PartnerSystem
from honghua.store.database import run_unit

TRIES_MAX: Final = 4  # of one call: told again after each difference
DAYS_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class FundingReconciliation:
    """A partner's day. differences: by kind, after the last try; was_reached: the partner answered at all."""

    lender: str
    day: dt.date
    rows: int
    tries: int
    differences: dict[str, int]
    was_reached: bool = True


def reconcile_all(
    conn: psycopg.Connection, systems: Mapping[str, PartnerSystem], *, until: dt.date, now: dt.datetime
) -> list[FundingReconciliation]:
    """Every partner's days until one (inside) that do not agree yet; conn must be idle. One partner's trouble is not another's."""
    waiting = store.list_days_to_reconcile(conn, until=until, limit=DAYS_AT_ONCE)
    return [reconcile(conn, systems[lender], lender, day, now=now) for lender, day in waiting if lender in systems]


def reconcile(
    conn: psycopg.Connection, system: PartnerSystem, lender: str, day: dt.date, *, now: dt.datetime
) -> FundingReconciliation:
    """Tell a partner its day and compare; told again (bounded) while anything differs. What still differs then is told to people."""
    ours = [
        PartnerRow(one.key, f"{one.loan} {one.kind}", one.amount_minor)
        for one in store.list_of_lender(conn, lender, days=(day, day))
    ]
    found: list[FundingDifference] = []
    was_reached = False
    tries = 0
    for _ in range(TRIES_MAX):
        tries += 1
        try:
            system.deliver(day, ours)
            theirs = system.read_statement(day)
        except WorldFailed:
            continue
        was_reached = True
        found = compare_books(
            {row.key: (row.what, row.amount_minor) for row in ours},
            [(row.key, (row.what, row.amount_minor)) for row in theirs.rows],
        )
        counts = (len(ours), len(theirs.rows))
        run_unit(conn, lambda c, found=found, counts=counts: _keep(c, lender, day, counts, found, now))  # type: ignore[misc]
        if not found:
            break
    if found or not was_reached:
        run_unit(conn, lambda c: _tell(c, lender, day, found, now))
    return FundingReconciliation(lender, day, len(ours), tries, dict(Counter(one.kind for one in found)), was_reached)


def _keep(
    conn: psycopg.Connection,
    lender: str,
    day: dt.date,
    counts: tuple[int, int],
    found: list[FundingDifference],
    now: dt.datetime,
) -> None:
    tried = store.count_tries(conn, lender, day) + 1
    store.insert_reconciliation(conn, lender, day, (tried, *counts), found, now=now)


def _tell(
    conn: psycopg.Connection, lender: str, day: dt.date, found: list[FundingDifference], now: dt.datetime
) -> None:
    sentence = f"{len(found)} differences on {day}" if found else f"no answer about {day}"
    raise_alert(conn, Told("funding", f"funding:{lender}:{day}:{now.isoformat()}", lender, sentence, now), now=now)
