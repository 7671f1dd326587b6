"""What staff did at the desk, where the rooms keep no record of their own: one row an act, in the transaction that did it.

What another transaction does, as the books do, is written down before it is asked for, and how it ended after it. Whoever dies between
leaves an act without an end: `end_left` asks the books how it went.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg

from honghua.base.errors import BadInput
from honghua.store.commands import find_commands

WHY_CHARS_MAX = 500
LEFT_AFTER = dt.timedelta(minutes=5)  # nobody waits for an answer of the books for so long
LEFT_AT_ONCE = 200
NO_COMMAND = ""


@dataclass(frozen=True, slots=True)
class DeskAct:
    """One act of one person. outcome: done, refused, not_booked (its command never reached the books), or "" while nobody knows."""

    act_id: int
    action: str
    subject: str
    person: str
    why: str
    happened_at: dt.datetime
    outcome: str = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What somebody does: which act, on what, why."""

    action: str
    subject: str
    person: str
    why: str


def record_act(conn: psycopg.Connection, *, action: str, subject: str, person: str, why: str, now: dt.datetime) -> None:
    """Note an act, in the caller's transaction, which does it; BadInput for one without a person or a reason."""
    _insert(conn, Doing(action=action, subject=subject, person=person, why=why), key=None, now=now)


def begin_act(conn: psycopg.Connection, doing: Doing, *, key: str = NO_COMMAND, now: dt.datetime) -> int:
    """Note what somebody is about to do, before it is asked for; its number. key: of the command; BadInput without person or reason."""
    return _insert(conn, doing, key=key, now=now)


def _insert(conn: psycopg.Connection, doing: Doing, *, key: str | None, now: dt.datetime) -> int:
    if not doing.person.strip() or not doing.why.strip():
        raise BadInput("every change at the desk carries a name and a reason", code="PERSON_OR_REASON_MISSING")
    row = conn.execute(
        "INSERT INTO web_desk_act (action, subject, person, why, happened_at, key) VALUES (%s, %s, %s, %s, %s, %s)"
        " RETURNING act_id",
        [doing.action, doing.subject, doing.person, doing.why[:WHY_CHARS_MAX], now, key],
    ).fetchone()
    assert row is not None, "INSERT … RETURNING"
    return int(row[0])


def end_act(conn: psycopg.Connection, act_id: int, outcome: str, *, now: dt.datetime) -> None:
    """How it ended: done, refused or not_booked. The first word stands."""
    conn.execute(
        "INSERT INTO web_desk_act_end (act_id, outcome, at) VALUES (%s, %s, %s) ON CONFLICT (act_id) DO NOTHING",
        [act_id, outcome, now],
    )


def end_left(conn: psycopg.Connection, *, now: dt.datetime) -> int:
    """End the acts whose process died between note and answer, as the books remember them; how many. Without a command: left open."""
    rows = conn.execute(
        "SELECT act_id, key FROM web_desk_act AS a WHERE key <> '' AND happened_at < %s"
        " AND NOT EXISTS (SELECT 1 FROM web_desk_act_end AS e WHERE e.act_id = a.act_id) ORDER BY act_id LIMIT %s",
        [now - LEFT_AFTER, LEFT_AT_ONCE],
    ).fetchall()
    known = find_commands(conn, [key for _, key in rows])
    for act_id, key in rows:
        found = known.get(key)
        outcome = "not_booked" if found is None else "done" if found.answer["outcome"] == "done" else "refused"
        end_act(conn, act_id, outcome, now=now)
    return len(rows)


def list_acts(conn: psycopg.Connection, *, subject: str | None = None, limit: int = 50) -> list[DeskAct]:
    """The newest acts, of one subject or of all."""
    rows = conn.execute(
        "SELECT act_id, action, subject, person, why, happened_at,"
        " CASE WHEN key IS NULL THEN 'done' ELSE coalesce(outcome, '') END"
        " FROM web_desk_act LEFT JOIN web_desk_act_end USING (act_id)"
        " WHERE %(subject)s::text IS NULL OR subject = %(subject)s ORDER BY act_id DESC LIMIT %(limit)s",
        {"subject": subject, "limit": limit},
    )
    return [DeskAct(*row) for row in rows]


__all__ = ["WHY_CHARS_MAX", "DeskAct", "Doing", "begin_act", "end_act", "end_left", "list_acts", "record_act"]
