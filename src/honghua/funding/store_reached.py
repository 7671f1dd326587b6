"""SQL of marks: accounts that are shared otherwise, from some day on, than was last filed of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import psycopg


def mark(conn: psycopg.Connection, reached: Sequence[tuple[int, dt.date]]) -> None:
    """(account, day): parts of it changed from that day on. In the transaction that changed them; locked in one order."""
    if not reached:
        return
    conn.execute(
        "INSERT INTO funding_reached (account_id, from_day) SELECT account_id, min(day) FROM unnest(%s::bigint[], %s::date[])"
        " AS r (account_id, day) GROUP BY account_id ORDER BY account_id"
        " ON CONFLICT (account_id) DO UPDATE SET from_day = least(funding_reached.from_day, EXCLUDED.from_day)",
        [[account for account, _ in reached], [day for _, day in reached]],
    )


def lock_marks(conn: psycopg.Connection, account_ids: Sequence[int]) -> dict[int, dt.date]:
    """account -> from which day; nobody adds to these marks until the transaction ends."""
    rows = conn.execute(
        "SELECT account_id, from_day FROM funding_reached WHERE account_id = ANY(%s::bigint[]) ORDER BY account_id FOR UPDATE",
        [list(account_ids)],
    )
    return {int(account): day for account, day in rows}


def list_marked(conn: psycopg.Connection, *, before: dt.date, after_id: int, limit: int) -> list[int]:
    """Accounts with a mark of before a day, by rising id above one."""
    rows = conn.execute(
        "SELECT account_id FROM funding_reached WHERE from_day < %s AND account_id > %s ORDER BY account_id LIMIT %s",
        [before, after_id, limit],
    )
    return [int(account) for (account,) in rows]


def forget_marks(conn: psycopg.Connection, account_ids: Sequence[int]) -> None:
    """What is on file of these accounts says what is so. In the caller's transaction, which locked the marks before it looked."""
    conn.execute("DELETE FROM funding_reached WHERE account_id = ANY(%s::bigint[])", [list(account_ids)])


__all__ = ["forget_marks", "list_marked", "lock_marks", "mark"]
