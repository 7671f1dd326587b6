"""Contracts that are read before they are signed: what was shown, from when, for how long; what came of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import class_row

from honghua.credit.core import Purpose, line_of

TEXT_VERSION: Final = "2026-11"
GIVEN_UP_AFTER: Final = dt.timedelta(seconds=30)  # whoever was concluding a contract and died
FRESH: Final = dt.timedelta(minutes=30)  # an offer shown longer ago is shown again


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One contract before one customer's eyes. subject: an order's sealed ticket, else "".

    purpose: of the line that it is of. answer: what the books said, once they did.
    """

    reading_id: uuid.UUID
    customer: str
    kind: str
    subject: str
    periods: int
    amount_minor: int
    fee_minor: int
    payer: int
    text_version: str
    text_digest: bytes
    language: str
    seconds: int
    opened_at: dt.datetime
    purpose: int = Purpose.CONSUMPTION
    confirmed_at: dt.datetime | None = None
    answer: dict[str, Any] | None = None

    @property
    def line(self) -> str:
        """The line that it is of."""
        return line_of(self.customer, self.purpose)

    def seconds_left(self, now: dt.datetime) -> int:
        """How long it must still be read, rounded up; 0 when it may be signed."""
        left = self.seconds - (now - self.opened_at).total_seconds()
        return max(0, int(left) + (left > int(left)))

    def is_stale(self, now: dt.datetime) -> bool:
        """Whether the offer was shown too long ago."""
        return now - self.opened_at > FRESH


COLUMNS: Final = tuple(Reading.__dataclass_fields__)


def digest_shown(*shown: object) -> bytes:
    """What identifies everything that was shown: figures, dates and words."""
    return hashlib.sha256(msgspec.json.encode([TEXT_VERSION, *map(str, shown)])).digest()


def save_reading(conn: psycopg.Connection, reading: Reading) -> None:
    """Remember that it is before the customer's eyes from now on."""
    names = COLUMNS[:-2]
    conn.execute(
        f"INSERT INTO web_reading ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})",  # noqa: S608
        [getattr(reading, name) for name in names],
    )


def find_reading(conn: psycopg.Connection, customer: str, reading_id: uuid.UUID) -> Reading | None:
    """A contract of this customer, or None."""
    with conn.cursor(row_factory=class_row(Reading)) as cursor:
        query = f"SELECT {', '.join(COLUMNS)} FROM web_reading WHERE reading_id = %s AND customer = %s"  # noqa: S608
        return cursor.execute(query, [reading_id, customer]).fetchone()


def find_suspended(conn: psycopg.Connection, customer: str, suspension_id: int) -> Reading | None:
    """The contract whose purchase was set aside under this id, if it was concluded on our pages."""
    return _find_answered(conn, customer, "suspension_id", suspension_id)


def find_refused(conn: psycopg.Connection, customer: str, decision_id: int) -> Reading | None:
    """The contract of an order that the books refused under this id, if it was made on our pages."""
    return _find_answered(conn, customer, "decision_id", decision_id)


def _find_answered(conn: psycopg.Connection, customer: str, name: str, number: int) -> Reading | None:
    """The newest contract of a customer in whose answer a number stands under a name."""
    with conn.cursor(row_factory=class_row(Reading)) as cursor:
        query = (
            f"SELECT {', '.join(COLUMNS)} FROM web_reading WHERE customer = %s"  # noqa: S608
            " AND (answer->>%s)::bigint = %s ORDER BY opened_at DESC LIMIT 1"
        )
        return cursor.execute(query, [customer, name, number]).fetchone()


def take(conn: psycopg.Connection, reading: Reading, *, now: dt.datetime) -> bool:
    """Whether this request may conclude the contract: of several at once only one, until it has answered or given up."""
    row = conn.execute(
        "UPDATE web_reading SET confirmed_at = %s WHERE reading_id = %s AND answer IS NULL"
        " AND (confirmed_at IS NULL OR confirmed_at < %s) RETURNING reading_id",
        [now, reading.reading_id, now - GIVEN_UP_AFTER],
    ).fetchone()
    return row is not None


def give_back(conn: psycopg.Connection, reading: Reading) -> None:
    """Nothing was concluded: it may be tried again at once."""
    conn.execute(
        "UPDATE web_reading SET confirmed_at = NULL WHERE reading_id = %s AND answer IS NULL", [reading.reading_id]
    )


def save_answer(conn: psycopg.Connection, reading: Reading, answer: dict[str, Any], *, now: dt.datetime) -> None:
    """What the books said to the contract, or to its going on."""
    conn.execute(
        "UPDATE web_reading SET confirmed_at = coalesce(confirmed_at, %s), answer = %s WHERE reading_id = %s",
        [now, msgspec.json.encode(answer).decode(), reading.reading_id],
    )
