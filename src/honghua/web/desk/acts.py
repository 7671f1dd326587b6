"""What staff did at the desk, where the rooms keep no record of their own: one row an act, in the transaction that did it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg

from honghua.base.errors import BadInput

WHY_CHARS_MAX = 500


@dataclass(frozen=True, slots=True)
class DeskAct:
    """One act of one person."""

    act_id: int
    action: str
    subject: str
    person: str
    why: str
    happened_at: dt.datetime


def record_act(conn: psycopg.Connection, *, action: str, subject: str, person: str, why: str, now: dt.datetime) -> None:
    """Note an act, in the caller's transaction; BadInput for one without a person or a reason."""
    if not person.strip() or not why.strip():
        raise BadInput("every change at the desk carries a name and a reason", code="PERSON_OR_REASON_MISSING")
    conn.execute(
        "INSERT INTO web_desk_act (action, subject, person, why, happened_at) VALUES (%s, %s, %s, %s, %s)",
        [action, subject, person, why[:WHY_CHARS_MAX], now],
    )


def list_acts(conn: psycopg.Connection, *, subject: str | None = None, limit: int = 50) -> list[DeskAct]:
    """The newest acts, of one subject or of all."""
    rows = conn.execute(
        "SELECT act_id, action, subject, person, why, happened_at FROM web_desk_act"
        " WHERE %(subject)s::text IS NULL OR subject = %(subject)s ORDER BY act_id DESC LIMIT %(limit)s",
        {"subject": subject, "limit": limit},
    )
    return [DeskAct(*row) for row in rows]


__all__ = ["WHY_CHARS_MAX", "DeskAct", "list_acts", "record_act"]
