"""SQL of decisions that evidence led to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceDecision:
    """One decision. Amounts minor units; materials: the pieces in force; named: what they changed of what was known."""

    customer: str
    key: str
    outcome: str
    code: str
    materials: list[int]
    named: list[str]
    base_minor: int
    ceiling_from_minor: int
    ceiling_to_minor: int
    limit_minor: int
    offered_minor: int
    rulebook: bytes
    on_day: dt.date
    decided_at: dt.datetime


COLUMNS: Final = ", ".join(one.name for one in fields(EvidenceDecision))
FIND: Final = f"SELECT {COLUMNS} FROM credit_evidence_decision "  # noqa: S608 — our own names


def insert_decision(conn: psycopg.Connection, row: EvidenceDecision) -> None:
    """Keep it, once under its key."""
    values = [getattr(row, one.name) for one in fields(EvidenceDecision)]
    marks = ", ".join("%s" for _ in values)
    conn.execute(
        f"INSERT INTO credit_evidence_decision ({COLUMNS}) VALUES ({marks}) ON CONFLICT (key) DO NOTHING",  # noqa: S608
        values,
    )


def find_decision(conn: psycopg.Connection, key: str) -> EvidenceDecision | None:
    """The decision of a key."""
    with conn.cursor(row_factory=class_row(EvidenceDecision)) as cursor:
        return cursor.execute(FIND + "WHERE key = %s", [key]).fetchone()


def find_made(conn: psycopg.Connection, keys: Sequence[str]) -> set[str]:
    """Which of these keys have a decision."""
    return {
        str(key)
        for (key,) in conn.execute("SELECT key FROM credit_evidence_decision WHERE key = ANY(%s::text[])", [list(keys)])
    }


def list_decisions(conn: psycopg.Connection, customer: str, *, limit: int) -> list[EvidenceDecision]:
    """Somebody's, the newest first."""
    with conn.cursor(row_factory=class_row(EvidenceDecision)) as cursor:
        return cursor.execute(
            FIND + "WHERE customer = %s ORDER BY decision_id DESC LIMIT %s", [customer, limit]
        ).fetchall()


def list_waiting(conn: psycopg.Connection, *, limit: int) -> list[tuple[int, EvidenceDecision]]:
    """(number, decision) of those that nobody has carried out, the oldest first."""
    query = (
        f"SELECT decision_id, {COLUMNS} FROM credit_evidence_decision AS made WHERE NOT EXISTS ("  # noqa: S608
        "SELECT FROM credit_evidence_carried AS done WHERE done.decision_id = made.decision_id) ORDER BY decision_id LIMIT %s"
    )
    names = [one.name for one in fields(EvidenceDecision)]
    rows = conn.execute(query, [limit]).fetchall()
    return [(int(row[0]), EvidenceDecision(**dict(zip(names, row[1:], strict=True)))) for row in rows]


def note_carried(conn: psycopg.Connection, decision_id: int, *, now: dt.datetime) -> None:
    """What followed from a decision is booked."""
    conn.execute(
        "INSERT INTO credit_evidence_carried (decision_id, at) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        [decision_id, now],
    )


def find_first_base(conn: psycopg.Connection, customer: str) -> int | None:
    """The ceiling before the first evidence that somebody brought."""
    query = "SELECT base_minor FROM credit_evidence_decision WHERE customer = %s ORDER BY decision_id LIMIT 1"
    row = conn.execute(query, [customer]).fetchone()
    return None if row is None else int(row[0])


__all__ = [
    "EvidenceDecision", "find_decision", "find_first_base", "find_made", "insert_decision", "list_decisions", "list_waiting",
    "note_carried",
]  # fmt: skip
