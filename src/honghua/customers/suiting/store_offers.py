"""SQL of profiles and offers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class OfferRow:
    """An offer that was made, or not and why."""

    name: str
    channel: str
    is_made: bool
    reasons: list[str]
    key: str
    at: dt.datetime


def insert_profile(conn: psycopg.Connection, person_id: int, sealed: bytes, *, said_by: str, now: dt.datetime) -> None:
    """One more version."""
    conn.execute(
        "INSERT INTO customers_profile (person_id, version, sealed, said_by, recorded_at)"
        " SELECT %s, coalesce(max(version), 0) + 1, %s, %s, %s FROM customers_profile WHERE person_id = %s",
        [person_id, sealed, said_by, now, person_id],
    )


def find_profile(conn: psycopg.Connection, person_id: int) -> bytes | None:
    """The newest version, sealed."""
    row = conn.execute(
        "SELECT sealed FROM customers_profile WHERE person_id = %s ORDER BY version DESC LIMIT 1", [person_id]
    ).fetchone()
    return None if row is None else bytes(row[0])


def list_profiles(conn: psycopg.Connection, person_id: int) -> list[tuple[int, bytes]]:
    """All versions, sealed."""
    rows = conn.execute("SELECT version, sealed FROM customers_profile WHERE person_id = %s ORDER BY 1", [person_id])
    return [(int(version), bytes(sealed)) for version, sealed in rows]


def reseal_profile(conn: psycopg.Connection, person_id: int, version: int, sealed: bytes) -> None:
    """The same under another key."""
    conn.execute(
        "UPDATE customers_profile SET sealed = %s WHERE person_id = %s AND version = %s", [sealed, person_id, version]
    )


def insert_offer(conn: psycopg.Connection, person_id: int, row: OfferRow) -> None:
    """Write an offer down; the same key again changes nothing."""
    conn.execute(
        "INSERT INTO customers_offer (person_id, name, channel, is_made, reasons, key, at) VALUES (%s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (key) DO NOTHING",
        [person_id, row.name, row.channel, row.is_made, row.reasons, row.key, row.at],
    )


def find_offer(conn: psycopg.Connection, key: str) -> OfferRow | None:
    """The offer of a key."""
    with conn.cursor(row_factory=class_row(OfferRow)) as cursor:
        query = "SELECT name, channel, is_made, reasons, key, at FROM customers_offer WHERE key = %s"
        return cursor.execute(query, [key]).fetchone()


def list_offers(conn: psycopg.Connection, person_id: int) -> list[OfferRow]:
    """Somebody's offers, made or not, the oldest first."""
    with conn.cursor(row_factory=class_row(OfferRow)) as cursor:
        query = "SELECT name, channel, is_made, reasons, key, at FROM customers_offer WHERE person_id = %s ORDER BY offer_id"
        return cursor.execute(query, [person_id]).fetchall()


def list_made(conn: psycopg.Connection, person_id: int) -> list[dt.datetime]:
    """When somebody was sent offers."""
    rows = conn.execute("SELECT at FROM customers_offer WHERE person_id = %s AND is_made ORDER BY at", [person_id])
    return [at for (at,) in rows]
