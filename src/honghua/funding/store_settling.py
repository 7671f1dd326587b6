"""SQL of money between lenders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import class_row

from honghua.funding.core.settling import GIVES, TAKES, Direction, Ended, LenderLine, LenderOrder, SettlementState

ORDER: Final = "s.key, s.lender, s.direction, s.amount_minor, s.currency"
# The day of what was earned is that of its movements: parts and revenue of one key are one event.
ACCRUED: Final = """
SELECT (SELECT coalesce(sum(CASE WHEN kind = ANY(%(gives)s) THEN amount_minor ELSE -amount_minor END), 0)
    FROM funding_movement WHERE lender = %(lender)s AND day <= %(day)s AND kind = ANY(%(gives)s || %(takes)s))::bigint
  + (SELECT coalesce(sum(r.sign * r.amount_minor), 0) FROM funding_revenue AS r WHERE r.party = %(lender)s
    AND (SELECT min(m.day) FROM funding_movement AS m WHERE m.key = r.key) <= %(day)s)::bigint
"""
SETTLED: Final = """
SELECT coalesce(sum((CASE s.direction WHEN 'pay' THEN 1 ELSE -1 END)
  * (CASE t.state WHEN 'moved' THEN t.moved_minor WHEN 'refused' THEN 0 ELSE s.amount_minor END)), 0)::bigint
FROM funding_settlement AS s JOIN funding_settlement_state AS t USING (key) WHERE s.lender = %s
"""


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """One order as it stands. amount_minor: ordered, moved_minor: by the statements."""

    key: str
    lender: str
    day: dt.date
    direction: str
    amount_minor: int
    currency: str
    state: str
    moved_minor: int
    tries: int
    made_at: dt.datetime


def lock_lender(conn: psycopg.Connection, lender: str) -> None:
    """Nobody else orders for this lender until the transaction ends."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('funding_settlement:' || %s, 0))", [lender])


def sum_accrued(conn: psycopg.Connection, lender: str, day: dt.date) -> int:
    """All that is due to a lender up to a day (inside), since the beginning; below zero: from it."""
    row = conn.execute(ACCRUED, {"lender": lender, "day": day, "gives": list(GIVES), "takes": list(TAKES)}).fetchone()
    assert row is not None
    return int(row[0])


def sum_settled(conn: psycopg.Connection, lender: str) -> int:
    """What was ordered for a lender and may move, or moved: what the statements say where they spoke."""
    row = conn.execute(SETTLED, [lender]).fetchone()
    assert row is not None
    return int(row[0])


def has_settlement(conn: psycopg.Connection, lender: str, day: dt.date) -> bool:
    """Whether a lender's day was ordered."""
    query = "SELECT FROM funding_settlement WHERE lender = %s AND day = %s"
    return conn.execute(query, [lender, day]).fetchone() is not None


def list_lenders(conn: psycopg.Connection) -> list[str]:
    """Everybody else who ever had a part of a loan."""
    return [
        str(one)
        for (one,) in conn.execute("SELECT DISTINCT lender FROM funding_position WHERE lender <> 'own' ORDER BY 1")
    ]


def insert_settlement(
    conn: psycopg.Connection, order: LenderOrder, *, day: dt.date, sums: tuple[int, int], now: dt.datetime
) -> None:
    """Order it; sums: (accrued, settled before), minor units."""
    conn.execute(
        "INSERT INTO funding_settlement (key, lender, day, direction, amount_minor, accrued_minor, settled_minor, currency, made_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [order.key, order.lender, day, order.direction.value, order.amount_minor, *sums, order.currency, now],
    )
    conn.execute(
        "INSERT INTO funding_settlement_state (key, state, due_at) VALUES (%s, 'waiting', %s)", [order.key, now]
    )


def take_due(
    conn: psycopg.Connection, *, limit: int, again_at: dt.datetime, now: dt.datetime
) -> list[tuple[LenderOrder, int]]:
    """(order, how often it was tried before) of those that wait and are due; nobody else takes them before `again_at`."""
    rows = conn.execute(
        "WITH due AS (SELECT key FROM funding_settlement_state WHERE state = 'waiting' AND due_at <= %s ORDER BY due_at, key LIMIT %s"  # noqa: S608
        " FOR UPDATE SKIP LOCKED),"
        " taken AS (UPDATE funding_settlement_state AS t SET tries = tries + 1, due_at = %s FROM due WHERE t.key = due.key"
        f" RETURNING t.key, t.tries) SELECT {ORDER}, taken.tries - 1 FROM funding_settlement AS s JOIN taken USING (key) ORDER BY s.key",
        [now, limit, again_at],
    )
    return [(_order(row[:5]), int(row[5])) for row in rows]


def insert_word(conn: psycopg.Connection, key: str, bank: str, said: tuple[str, int], *, now: dt.datetime) -> None:
    """What a bank said of an order: (word, minor units)."""
    conn.execute(
        "INSERT INTO funding_settlement_word (key, bank, said, amount_minor, said_at) VALUES (%s, %s, %s, %s, %s)",
        [key, bank, *said, now],
    )


def find_last_day(conn: psycopg.Connection, bank: str) -> dt.date | None:
    """The last day of a bank whose statement was taken in."""
    row = conn.execute("SELECT max(day) FROM funding_bank_day WHERE bank = %s", [bank]).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def find_first_order(conn: psycopg.Connection) -> dt.datetime | None:
    """When the first order was made."""
    row = conn.execute("SELECT min(made_at) FROM funding_settlement").fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def insert_bank_day(
    conn: psycopg.Connection, bank: str, day: dt.date, *, lines: int, total_minor: int, now: dt.datetime
) -> bool:
    """A statement is taken in; False when it was before."""
    query = (
        "INSERT INTO funding_bank_day (bank, day, lines, total_minor, read_at) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
        " RETURNING 1"
    )
    return conn.execute(query, [bank, day, lines, total_minor, now]).fetchone() is not None


def insert_line(
    conn: psycopg.Connection, place: tuple[str, dt.date, int], line: LenderLine, *, difference: str
) -> None:
    """One line; place: (bank, day, number)."""
    conn.execute(
        "INSERT INTO funding_bank_line (bank, day, number, key, lender, direction, amount_minor, is_moved, difference)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [*place, line.key, line.lender, line.direction.value, line.amount_minor, line.is_moved, difference],
    )


def lock_order(conn: psycopg.Connection, key: str) -> tuple[LenderOrder, SettlementState, int] | None:
    """(order, state, moved so far); ours until the transaction ends."""
    row = conn.execute(
        f"SELECT {ORDER}, t.state, t.moved_minor FROM funding_settlement AS s JOIN funding_settlement_state AS t USING (key)"  # noqa: S608
        " WHERE s.key = %s FOR UPDATE OF t",
        [key],
    ).fetchone()
    return None if row is None else (_order(row[:5]), SettlementState(row[5]), int(row[6]))


def save_end(conn: psycopg.Connection, key: str, ended: Ended) -> None:
    """Where a statement brought an order."""
    conn.execute(
        "UPDATE funding_settlement_state SET state = %s, moved_minor = %s WHERE key = %s",
        [ended.state.value, ended.moved_minor, key],
    )


def list_settlements(conn: psycopg.Connection, *, lender: str | None, limit: int) -> list[SettlementRow]:
    """The newest first, of one lender or of all."""
    with conn.cursor(row_factory=class_row(SettlementRow)) as cursor:
        return cursor.execute(
            "SELECT s.key, s.lender, s.day, s.direction, s.amount_minor, s.currency, t.state, t.moved_minor, t.tries, s.made_at"
            " FROM funding_settlement AS s JOIN funding_settlement_state AS t USING (key)"
            " WHERE %(lender)s::text IS NULL OR s.lender = %(lender)s ORDER BY s.day DESC, s.lender LIMIT %(limit)s",
            {"lender": lender, "limit": limit},
        ).fetchall()


def _order(row: Sequence[Any]) -> LenderOrder:
    key, lender, direction, amount, currency = row
    return LenderOrder(key=key, lender=lender, direction=Direction(direction), amount_minor=amount, currency=currency)
