"""What happened at the doors, written down: who signed in, who failed, who was locked out.

Subjects are references and names, never phone numbers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import psycopg
from psycopg.rows import class_row

SHOWN_MAX: Final = 500


class EventKind(StrEnum):
    """What happened."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    LOCKED_OUT = "locked_out"
    SIGNED_OUT = "signed_out"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    FROZEN = "frozen"
    PHONE_CHANGED = "phone_changed"
    ENROLLED = "enrolled"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  a name of an event
    RECOVERY_USED = "recovery_used"
    USER_MADE = "user_made"
    USER_LOCKED = "user_locked"
    USER_UNLOCKED = "user_unlocked"
    ROLES_CHANGED = "roles_changed"
    DEVICE_BOUND = "device_bound"
    DEVICE_SEEN = "device_seen"
    DEVICE_OTHER = "device_other"
    DEVICE_LOST = "device_lost"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log."""

    kind: str
    subject: str
    network: str
    detail: str
    at: dt.datetime


def note(
    conn: psycopg.Connection, kind: EventKind, subject: str, *, now: dt.datetime, network: str = "", detail: str = ""
) -> None:
    """Write one line, in the caller's transaction."""
    conn.execute(
        "INSERT INTO web_event (kind, subject, network, detail, at) VALUES (%s, %s, %s, %s, %s)",
        [kind, subject, network, detail, now],
    )


def list_events(conn: psycopg.Connection, *, subject: str | None = None, limit: int = 100) -> list[Event]:
    """The newest first, of one subject or of all."""
    query = "SELECT kind, subject, network, detail, at FROM web_event"
    query += "" if subject is None else " WHERE subject = %(subject)s"
    with conn.cursor(row_factory=class_row(Event)) as cursor:
        values = {"subject": subject, "limit": min(limit, SHOWN_MAX)}
        return cursor.execute(query + " ORDER BY event_id DESC LIMIT %(limit)s", values).fetchall()
