"""SQL of customers' businesses and of what the register said."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessCheck:
    """What the register said of one version, and what followed. since_on: from when the business stands there, None = not known."""

    version: int
    standing: str
    verdict: str
    reasons: list[str]
    since_on: dt.date | None
    register: str
    is_fake: bool
    at: dt.datetime


def insert_business(conn: psycopg.Connection, person_id: int, sealed: bytes, *, said_by: str, now: dt.datetime) -> int:
    """One more version; its number."""
    row = conn.execute(
        "INSERT INTO customers_business (person_id, version, sealed, said_by, recorded_at)"
        " SELECT %s, coalesce(max(version), 0) + 1, %s, %s, %s FROM customers_business WHERE person_id = %s RETURNING version",
        [person_id, sealed, said_by, now, person_id],
    ).fetchone()
    assert row is not None, "just inserted"
    return int(row[0])


def list_businesses(conn: psycopg.Connection, person_id: int) -> list[tuple[int, bytes]]:
    """All versions, sealed, the oldest first."""
    rows = conn.execute("SELECT version, sealed FROM customers_business WHERE person_id = %s ORDER BY 1", [person_id])
    return [(int(version), bytes(sealed)) for version, sealed in rows]


def reseal_business(conn: psycopg.Connection, person_id: int, version: int, sealed: bytes) -> None:
    """The same under another key."""
    conn.execute(
        "UPDATE customers_business SET sealed = %s WHERE person_id = %s AND version = %s", [sealed, person_id, version]
    )


def insert_check(conn: psycopg.Connection, person_id: int, row: BusinessCheck) -> None:
    """Append what the register said."""
    conn.execute(
        "INSERT INTO customers_business_check (person_id, version, standing, verdict, reasons, since_on, register, is_fake, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            person_id,
            row.version,
            row.standing,
            row.verdict,
            row.reasons,
            row.since_on,
            row.register,
            row.is_fake,
            row.at,
        ],
    )


def list_checks(conn: psycopg.Connection, person_id: int) -> list[BusinessCheck]:
    """Everything that the register said, the newest last."""
    with conn.cursor(row_factory=class_row(BusinessCheck)) as cursor:
        query = (
            "SELECT version, standing, verdict, reasons, since_on, register, is_fake, at FROM customers_business_check"
            " WHERE person_id = %s ORDER BY check_id"
        )
        return cursor.execute(query, [person_id]).fetchall()
