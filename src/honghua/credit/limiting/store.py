"""SQL of the follower: its places, and the accounts that a day alone may lead to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import psycopg

from honghua.credit.core.layout import STATUS_ACTIVE
from honghua.limits.core import LimitTerms

LATE = f"""
SELECT account_id FROM credit_account WHERE status = {STATUS_ACTIVE} AND limit_minor > 0 AND account_id > %s
  AND ((overdue_since_on > DATE '1970-01-01' AND overdue_since_on <= %s::date - %s::int)
    OR (opened_on <= %s::date - %s::int AND limit_minor > %s AND unbilled_minor = 0 AND dues_count = 0 AND plans_count = 0 AND NOT EXISTS (
      SELECT FROM credit_statement WHERE credit_statement.account_id = credit_account.account_id AND cut_on > %s::date - %s::int)))
ORDER BY account_id LIMIT %s
"""  # noqa: S608 — our own constant


FEED: Final = "limits"  # the follower's place among facts


def read_place(conn: psycopg.Connection, feed: str) -> tuple[int, int]:
    """How far a feed was followed: (transaction, fact)."""
    row = conn.execute("SELECT txid, fact_id FROM credit_limit_cursor WHERE feed = %s", [feed]).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def write_place(conn: psycopg.Connection, feed: str, place: tuple[int, int]) -> None:
    """Go on from here; a place never goes back."""
    conn.execute(
        "INSERT INTO credit_limit_cursor (feed, txid, fact_id) VALUES (%s, %s, %s) ON CONFLICT (feed) DO UPDATE"
        " SET txid = excluded.txid, fact_id = excluded.fact_id"
        " WHERE (credit_limit_cursor.txid, credit_limit_cursor.fact_id) < (excluded.txid, excluded.fact_id)",
        [feed, *place],
    )


def list_late_or_idle(
    conn: psycopg.Connection, books: Sequence[LimitTerms], *, after: int, on: dt.date, limit: int
) -> list[int]:
    """Accounts whose limit a day alone may cut: long overdue, or long unused above the start limit; rising ids behind `after`.

    Days are those of the soonest segment of any product: whether an account is cut, its own record says.
    """
    late_days, idle_days = min(one.first_late_days for one in books), min(one.first_idle_days for one in books)
    start_minor = min(one.start_minor for one in books)
    rows = conn.execute(LATE, [after, on, late_days, on, idle_days, start_minor, on, idle_days, limit])
    return [int(row[0]) for row in rows]
