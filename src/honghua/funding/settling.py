"""Lenders are paid: each closed business day everything due and not ordered yet becomes one order, sent under a key that moves money once.

What a bank answers is kept and believed of nobody: an order ends by a statement, and until then it is asked about and, where the bank
does not know it, sent again under its key. What was refused, or moved in another amount, is in the next day's order by itself: the next
order is what is due since the beginning less what moved or still may. A late movement of an earlier day comes in the same way.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.clock import CHINA
from honghua.base.errors import BadInput, WorldFailed
from honghua.decision.api import Told, raise_alert
from honghua.funding import store_settling as rows
from honghua.funding.bank_port import LenderBank, LenderStatement
from honghua.funding.core.settling import LenderOrder, end_order, plan_order, sign_of
from honghua.funding.store_settling import SettlementRow
from honghua.store.database import run_unit

AT_ONCE: Final = 200
LIST_MAX: Final = 1_000
TRY_AGAIN: Final = dt.timedelta(minutes=10)
STATEMENTS_AT_ONCE: Final = 62  # days of a bank that are read in one run


@dataclass(frozen=True, slots=True)
class SettlementDay:
    """A statement held against the orders. differences: by kind; all of them were told to people."""

    day: dt.date
    lines: int
    differences: dict[str, int]


def order_settlements(
    conn: psycopg.Connection, *, until: dt.date, currency: str, now: dt.datetime
) -> list[LenderOrder]:
    """Order what is due up to a closed business day (inside), one order a lender; in the caller's transaction. Again: nothing new."""
    made = []
    for lender in rows.list_lenders(conn):
        rows.lock_lender(conn, lender)
        if rows.has_settlement(conn, lender, until):
            continue
        accrued, settled = rows.sum_accrued(conn, lender, until), rows.sum_settled(conn, lender)
        order = plan_order(lender, accrued, settled, key=f"lender:{lender}:{until}", currency=currency)
        if order is not None:
            rows.insert_settlement(conn, order, day=until, sums=(accrued, settled), now=now)
            made.append(order)
    return made


def send_settlements(conn: psycopg.Connection, bank: LenderBank, *, now: dt.datetime) -> dict[str, int]:
    """Send what is due, or ask about what was sent before; how many by what the bank said. conn must be idle."""
    counts = Counter[str]()
    taken = run_unit(conn, lambda c: rows.take_due(c, limit=AT_ONCE, again_at=now + TRY_AGAIN, now=now))
    for order, tries in taken:
        try:
            answer = bank.find(order.key) if tries else None
            if answer is None:
                answer = bank.transfer(order)
        except WorldFailed:  # however a bank fails, what it did is unknown
            counts["unknown"] += 1
            continue
        said = (answer.said, answer.amount_minor)
        run_unit(conn, lambda c, key=order.key, said=said: rows.insert_word(c, key, bank.name, said, now=now))  # type: ignore[misc]
        counts[answer.said] += 1
    return dict(counts)


def read_statements(conn: psycopg.Connection, bank: LenderBank, *, now: dt.datetime) -> list[SettlementDay]:
    """Hold the bank's days that are over against the orders, one after another; conn must be idle. An unread day stops: it comes later."""
    found: list[SettlementDay] = []
    today = now.astimezone(CHINA).date()
    for _ in range(STATEMENTS_AT_ONCE):
        day = run_unit(conn, lambda c: _find_next_day(c, bank.name))
        if day is None or day >= today:
            break
        try:
            statement = bank.read_statement(day)
        except (WorldFailed, BadInput):
            break
        found.append(run_unit(conn, lambda c, told=statement: take_statement(c, bank.name, told, now=now)))  # type: ignore[misc]
    return found


def _find_next_day(conn: psycopg.Connection, bank: str) -> dt.date | None:
    """The bank's first day that was not read; None before any order."""
    last = rows.find_last_day(conn, bank)
    if last is not None:
        return last + dt.timedelta(days=1)
    first = rows.find_first_order(conn)
    return None if first is None else first.astimezone(CHINA).date()


def take_statement(
    conn: psycopg.Connection, bank: str, statement: LenderStatement, *, now: dt.datetime
) -> SettlementDay:
    """End the orders that a statement names; in the caller's transaction. The same statement again changes nothing.

    BadInput for one whose total is not that of its lines: it is torn, and nothing of it is believed.
    """
    total = sum(sign_of(one.direction) * one.amount_minor for one in statement.lines if one.is_moved)
    if total != statement.total_minor:
        raise BadInput(f"{bank}: the total of {statement.day} is not that of its lines", code="STATEMENT_TORN")
    day = statement.day
    if not rows.insert_bank_day(conn, bank, day, lines=len(statement.lines), total_minor=total, now=now):
        return SettlementDay(day, len(statement.lines), {})
    counts = Counter[str]()
    for number, line in enumerate(statement.lines, start=1):
        known = rows.lock_order(conn, line.key)
        difference = "unknown"
        if known is not None:
            ended = end_order(*known, line)
            difference = ended.difference
            rows.save_end(conn, line.key, ended)
        rows.insert_line(conn, (bank, day, number), line, difference=difference)
        if difference:
            counts[difference] += 1
            told = f"{difference}: {line.direction.value} {line.amount_minor} ({line.key})"
            alert = Told("funding", f"funding_bank:{bank}:{day}:{number}", line.lender, told, now)
            raise_alert(conn, alert, now=now)
    return SettlementDay(day, len(statement.lines), dict(counts))


def find_due(conn: psycopg.Connection, lender: str, *, on: dt.date) -> int:
    """What is due to a lender up to a day and not ordered yet, minor units; below zero: from it."""
    return rows.sum_accrued(conn, lender, on) - rows.sum_settled(conn, lender)


def list_settlements(conn: psycopg.Connection, *, lender: str | None = None, limit: int = 50) -> list[SettlementRow]:
    """The newest orders between lenders, of one lender or of all."""
    if not 1 <= limit <= LIST_MAX:
        raise BadInput(f"1 … {LIST_MAX} orders at a time")
    return rows.list_settlements(conn, lender=lender, limit=limit)


__all__ = [
    "SettlementDay", "SettlementRow", "find_due", "list_settlements", "order_settlements", "read_statements", "send_settlements",
    "take_statement",
]  # fmt: skip
