"""The journal by day: what each component gained on each day on which something was booked, and its balance at the end of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.errors import BadInput
from honghua.ledger import store
from honghua.ledger.core.chart import Component

DAYS_MAX: Final = 800
# The journal is written in the order of its booking days: a BRIN index skips what lies before.
SUMS: Final = """
SELECT entry.booked_on, (line.account & 255)::smallint, sum(line.amount)::bigint
FROM ledger_entry AS entry CROSS JOIN LATERAL unnest(entry.accounts, entry.amounts_minor) AS line (account, amount)
WHERE entry.booked_on >= %s AND entry.currency = %s GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class DayOfBooks:
    """One day: what components gained on it (debit +, credit −) and their balances at its end, minor units."""

    day: dt.date
    gained_minor: dict[Component, int]
    balance_minor: dict[Component, int]


def list_days_of_books(conn: psycopg.Connection, *, since: dt.date, until: dt.date, currency: str) -> list[DayOfBooks]:
    """Every day from one to another, both shown, also those on which nothing was booked. BadInput for too many.

    Balances are reckoned back from those of now, so the cost is that of the entries since the first day.
    """
    if not since <= until or (until - since).days > DAYS_MAX:
        raise BadInput(f"at most {DAYS_MAX} days, and the last is not before the first", code="SPAN_INVALID")
    now = store.read_trial_rows(conn).get(currency)
    balance = dict.fromkeys(Component, 0) if now is None else dict(zip(Component, now, strict=True))
    gained: dict[dt.date, dict[Component, int]] = {}
    for day, component, amount in conn.execute(SUMS, [since, currency]):
        gained.setdefault(day, {})[Component(component)] = int(amount)
    for day in [day for day in gained if day > until]:
        for component, amount in gained.pop(day).items():
            balance[component] -= amount
    found = []
    for back in range((until - since).days + 1):
        day = until - dt.timedelta(days=back)
        mine = gained.get(day, {})
        found.append(DayOfBooks(day, mine, dict(balance)))
        for component, amount in mine.items():
            balance[component] -= amount
    return found[::-1]


__all__ = ["DAYS_MAX", "DayOfBooks", "list_days_of_books"]
