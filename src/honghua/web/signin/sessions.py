"""Server-side sessions: begun at sign-in with a fresh token, over after idle or in the end, ended by hand one by one or all.

The browser holds a token of 256 bits; the table holds its SHA-256. Nothing that a browser sends chooses a session's token, so nobody
can be signed in to a session that somebody else prepared.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row

from honghua.web.roles import CUSTOMERS, SIGNING, Role

TOKEN_BYTES: Final = 32
TOKEN_LENGTH_MAX: Final = 128
LIVE_MAX: Final = 10  # sessions of one person at once; the one unseen for longest gives way
TOUCH_EVERY: Final = dt.timedelta(seconds=60)  # how exact `seen_at` is: a page view need not cost a write
FRESH: Final = dt.timedelta(minutes=10)  # how long a proof of who one is holds for what is delicate
LISTED_MAX: Final = 50
NAME_LENGTH_MAX: Final = 100

COLUMNS: Final = (
    "session_id, subject, roles, display_name, merchant, device, network, began_at, seen_at, proved_at, ends_at, factor_at,"
    " bound_device"
)
LIVE: Final = "ended_at IS NULL AND ends_at > %(now)s AND seen_at + make_interval(secs => idle_seconds) > %(now)s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom a session belongs to. subject: a customer's reference or a user's name; merchant: the shop they act for, "" for others."""

    subject: str
    roles: frozenset[Role]
    display_name: str = ""
    merchant: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """Where a session was begun, in words for the device list."""

    label: str = "?"
    network: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is alive. bound_device: digest of the key of its owner's bound device, if it is on it; "" = any other."""

    session_id: int
    subject: str
    roles: list[str]
    display_name: str
    merchant: str
    device: str
    network: str
    began_at: dt.datetime
    seen_at: dt.datetime
    proved_at: dt.datetime
    ends_at: dt.datetime
    factor_at: dt.datetime | None = None
    bound_device: str = ""

    def is_fresh(self, now: dt.datetime) -> bool:
        """Whether the person proved who they are a moment ago: asked before what is delicate."""
        return now - self.proved_at <= FRESH

    def has_shown_factor(self, now: dt.datetime) -> bool:
        """Whether the second factor was shown a moment ago."""
        return self.factor_at is not None and now - self.factor_at <= FRESH


@dataclass(frozen=True, slots=True)
class Begun:
    """A session just begun; the token is said once, to the browser."""

    session_id: int
    token: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Times:
    """How long a session lives: unseen, and at the very most."""

    idle: dt.timedelta
    whole: dt.timedelta


CUSTOMER_TIMES: Final = Times(dt.timedelta(minutes=30), dt.timedelta(hours=12))
USER_TIMES: Final = Times(dt.timedelta(minutes=20), dt.timedelta(hours=10))


def digest_token(token: str) -> bytes:
    """How a token is kept. It is random to 256 bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


def begin_session(conn: psycopg.Connection, person: Person, device: Device, *, now: dt.datetime) -> Begun:
    """Sign somebody in, in the caller's transaction, under a token that nobody has seen before."""
    assert person.roles, "a person has a role"
    assert not person.roles & ({Role.ANYONE} | SIGNING), "these are no roles of a person"
    times = CUSTOMER_TIMES if person.roles & CUSTOMERS else USER_TIMES
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = conn.execute(
        "INSERT INTO web_session (token_digest, subject, roles, display_name, merchant, device, network, idle_seconds,"
        " began_at, seen_at, proved_at, ends_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " RETURNING session_id",
        [
            digest_token(token), person.subject, sorted(person.roles), person.display_name[:NAME_LENGTH_MAX],
            person.merchant, device.label[:NAME_LENGTH_MAX], device.network[:NAME_LENGTH_MAX],
            int(times.idle.total_seconds()), now, now, now, now + times.whole,
        ],
    ).fetchone()  # fmt: skip
    assert row is not None, "INSERT … RETURNING"
    _end_oldest(conn, person.subject, now)
    return Begun(int(row[0]), token, person.roles)


def _end_oldest(conn: psycopg.Connection, subject: str, now: dt.datetime) -> None:
    query = (
        "UPDATE web_session SET ended_at = %(now)s, ended_why = 'too many' WHERE session_id IN (SELECT session_id"  # noqa: S608
        f" FROM web_session WHERE subject = %(subject)s AND {LIVE} ORDER BY seen_at DESC, session_id DESC OFFSET %(kept)s)"
    )
    conn.execute(query, {"now": now, "subject": subject, "kept": LIVE_MAX})


def find_session(conn: psycopg.Connection, token: str, *, now: dt.datetime) -> Session | None:
    """The living session of a token; None when there is none, or its time is over."""
    if not 0 < len(token) <= TOKEN_LENGTH_MAX or not token.isascii():
        return None
    with conn.cursor(row_factory=class_row(Session)) as cursor:
        query = f"SELECT {COLUMNS} FROM web_session WHERE token_digest = %(digest)s AND {LIVE}"  # noqa: S608
        return cursor.execute(query, {"digest": digest_token(token), "now": now}).fetchone()


def list_sessions(conn: psycopg.Connection, subject: str, *, now: dt.datetime) -> list[Session]:
    """Where somebody is signed in, the one seen last first."""
    with conn.cursor(row_factory=class_row(Session)) as cursor:
        query = f"SELECT {COLUMNS} FROM web_session WHERE subject = %(subject)s AND {LIVE}"  # noqa: S608
        query += " ORDER BY seen_at DESC, session_id DESC LIMIT %(limit)s"
        return cursor.execute(query, {"subject": subject, "now": now, "limit": LISTED_MAX}).fetchall()


def is_alive(conn: psycopg.Connection, session_id: int, allowed: Collection[str], *, now: dt.datetime) -> bool:
    """Whether a session goes on, with a role that is among those allowed."""
    query = f"SELECT 1 FROM web_session WHERE session_id = %(session)s AND roles && %(allowed)s::text[] AND {LIVE}"  # noqa: S608
    values = {"session": session_id, "allowed": sorted(allowed), "now": now}
    return conn.execute(query, values).fetchone() is not None


def touch_session(conn: psycopg.Connection, session_id: int, *, now: dt.datetime) -> None:
    """Note that a session is in use."""
    conn.execute("UPDATE web_session SET seen_at = %s WHERE session_id = %s AND seen_at < %s", [now, session_id, now])


def note_proof(conn: psycopg.Connection, session_id: int, *, now: dt.datetime, has_factor: bool) -> None:
    """The person of a session has proved again who they are; has_factor: by the second factor."""
    conn.execute(
        "UPDATE web_session SET proved_at = %(now)s, factor_at = CASE WHEN %(factor)s THEN %(now)s ELSE factor_at END"
        " WHERE session_id = %(session)s",
        {"now": now, "factor": has_factor, "session": session_id},
    )


def note_device(conn: psycopg.Connection, session_id: int, bound_device: str) -> None:
    """A session is on its owner's bound device, by the digest of its key."""
    conn.execute("UPDATE web_session SET bound_device = %s WHERE session_id = %s", [bound_device, session_id])


def forget_device(conn: psycopg.Connection, subject: str) -> None:
    """No session of somebody's is on a bound device any more."""
    conn.execute("UPDATE web_session SET bound_device = '' WHERE subject = %s AND bound_device <> ''", [subject])


def end_session(conn: psycopg.Connection, session_id: int, subject: str, *, now: dt.datetime, why: str) -> bool:
    """End one session of somebody; False when it is not theirs or over already."""
    ended = conn.execute(
        "UPDATE web_session SET ended_at = %s, ended_why = %s WHERE session_id = %s AND subject = %s AND ended_at IS NULL",
        [now, why, session_id, subject],
    )
    return ended.rowcount == 1


def end_sessions(conn: psycopg.Connection, subject: str, *, now: dt.datetime, why: str, but: int = 0) -> int:
    """End all sessions of somebody, or all but one; how many ended."""
    ended = conn.execute(
        "UPDATE web_session SET ended_at = %s, ended_why = %s WHERE subject = %s AND session_id <> %s AND ended_at IS NULL",
        [now, why, subject, but],
    )
    return ended.rowcount
