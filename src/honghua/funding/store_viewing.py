"""SQL of what people look at: what each lender has out, days held against partners' books, and what differs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class LenderOut:
    """What a lender holds: loans, principal out, what was lost and not recovered; minor units."""

    lender: str
    loans: int
    out_minor: int
    lost_minor: int


@dataclass(frozen=True, slots=True)
class ReconciledDay:
    """A partner's day as it was last held against its books. tries: how often. differences: after the last try."""

    lender: str
    day: dt.date
    tries: int
    ours: int
    theirs: int
    differences: int
    reconciled_at: dt.datetime


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One row that differs. kind: missing (at theirs), stranger (to us), twice, amount; minor units, 0 = there is none."""

    lender: str
    day: dt.date
    key: str
    kind: str
    ours_minor: int
    theirs_minor: int


def list_out(conn: psycopg.Connection) -> list[LenderOut]:
    """Every lender that holds a part, ourselves too."""
    with conn.cursor(row_factory=class_row(LenderOut)) as cursor:
        return cursor.execute(
            "SELECT lender, count(*) AS loans, sum(outstanding_minor)::bigint AS out_minor, sum(written_off_minor)::bigint AS lost_minor"
            " FROM funding_position WHERE is_held GROUP BY lender ORDER BY lender"
        ).fetchall()


def list_reconciled(conn: psycopg.Connection, *, since: dt.date, limit: int) -> list[ReconciledDay]:
    """Days from one on as they stand after their last try: those that differ first, then the newest."""
    with conn.cursor(row_factory=class_row(ReconciledDay)) as cursor:
        return cursor.execute(
            "SELECT * FROM (SELECT DISTINCT ON (lender, day) lender, day, try AS tries, ours, theirs, differences, reconciled_at"
            " FROM funding_reconciliation WHERE day >= %s ORDER BY lender, day, try DESC) AS last"
            " ORDER BY differences = 0, day DESC, lender LIMIT %s",
            [since, limit],
        ).fetchall()


def list_differences(conn: psycopg.Connection, *, since: dt.date, limit: int) -> list[DifferenceRow]:
    """What still differs after the last try of each day from one on, the newest day first."""
    with conn.cursor(row_factory=class_row(DifferenceRow)) as cursor:
        return cursor.execute(
            "SELECT d.lender, d.day, d.key, d.kind, d.ours_minor, d.theirs_minor FROM funding_difference AS d"
            " WHERE d.day >= %s AND d.try = (SELECT max(try) FROM funding_reconciliation AS r WHERE r.lender = d.lender AND r.day = d.day)"
            " ORDER BY d.day DESC, d.lender, d.key LIMIT %s",
            [since, limit],
        ).fetchall()
