"""How closing days goes: each day with its shards, when it began and ended, and what it did."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import psycopg

DAYS: Final = """
SELECT d.day, d.state, d.started_at, d.finished_at, d.shards, count(s.shard) FILTER (WHERE s.state = 'done'),
  coalesce(sum(s.accounts), 0)::bigint, coalesce(sum(s.statements), 0)::bigint, coalesce(sum(s.entries), 0)::bigint,
  coalesce(sum(s.lines), 0)::bigint, coalesce(sum(s.quarantined), 0)::bigint
FROM credit_day AS d LEFT JOIN credit_day_shard AS s USING (day)
WHERE %(day)s::date IS NULL OR d.day = %(day)s GROUP BY d.day ORDER BY d.day DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class DayView:
    """One business date that is closed or being closed, summed over its shards."""

    day: dt.date
    state: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    shards: int
    shards_done: int
    accounts: int
    statements: int
    entries: int
    lines: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class ShardView:
    """One shard of a day: the accounts low_id … high_id. worker: who closed it."""

    shard: int
    low_id: int
    high_id: int
    state: str
    worker: str
    accounts: int
    statements: int
    entries: int
    quarantined: int
    finished_at: dt.datetime | None


def list_day_views(conn: psycopg.Connection, *, limit: int) -> list[DayView]:
    """The newest days, the newest first."""
    return [DayView(*row) for row in conn.execute(DAYS, {"day": None, "limit": limit})]


def find_day(conn: psycopg.Connection, day: dt.date) -> DayView | None:
    """One day; None where its closing has not begun."""
    row = conn.execute(DAYS, {"day": day, "limit": 1}).fetchone()
    return None if row is None else DayView(*row)


def list_shards(conn: psycopg.Connection, day: dt.date, *, limit: int = 200) -> list[ShardView]:
    """Shards of a day, those that wait first."""
    rows = conn.execute(
        "SELECT shard, low_id, high_id, state, coalesce(worker, ''), accounts, statements, entries, quarantined, finished_at"
        " FROM credit_day_shard WHERE day = %s ORDER BY state DESC, shard LIMIT %s",
        [day, limit],
    )
    return [ShardView(*row) for row in rows]


__all__ = ["DayView", "ShardView", "find_day", "list_day_views", "list_shards"]
