"""SQL of evidence and of what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row

COLUMNS: Final = (
    "SELECT material.material_id, person.customer, material.person_id, material.kind, material.way, material.purposes,"
    " material.text_version, material.provider, material.is_fake, material.key, material.given_at, material.sealed, material.issued_on,"
    " material.valid_until, material.ended_at, last.state, coalesce(last.reasons, '{}') AS reasons, last.said_by, last.why"
    " FROM customers_material AS material JOIN customers_person AS person USING (person_id)"
    " LEFT JOIN LATERAL (SELECT state, reasons, said_by, why FROM customers_material_word AS word"
    " WHERE word.material_id = material.material_id ORDER BY number DESC LIMIT 1) AS last ON true"
)


@dataclass(frozen=True, slots=True)
class MaterialRow:
    """One piece of evidence with the newest word on it; state None: its source has not answered. sealed None: erased, or never came."""

    material_id: int
    customer: str
    person_id: int
    kind: str
    way: str
    purposes: list[str]
    text_version: int
    provider: str
    is_fake: bool
    key: str
    given_at: dt.datetime
    sealed: bytes | None
    issued_on: dt.date | None
    valid_until: dt.date | None
    ended_at: dt.datetime | None
    state: str | None
    reasons: list[str]
    said_by: str | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A consent to one piece of evidence, as it is written down."""

    kind: str
    way: str
    purposes: tuple[str, ...]
    text_version: int
    text_digest: bytes
    provider: str
    is_fake: bool
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What became of a piece of evidence, by whose word and why."""

    state: str
    reasons: tuple[str, ...] = ()
    said_by: str = "system"
    why: str = ""


def insert_material(conn: psycopg.Connection, person_id: int, given: Given, *, now: dt.datetime) -> None:
    """Write a consent down; one that stands under the key stays."""
    conn.execute(
        "INSERT INTO customers_material (person_id, kind, way, purposes, text_version, text_digest, provider, is_fake, key, given_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING",
        [
            person_id, given.kind, given.way, list(given.purposes), given.text_version, given.text_digest, given.provider,
            given.is_fake, given.key, now,
        ],
    )  # fmt: skip


def find_material(
    conn: psycopg.Connection, *, key: str | None = None, material_id: int | None = None
) -> MaterialRow | None:
    """One piece, by its key or its number."""
    where = " WHERE material.key = %(key)s" if key is not None else " WHERE material.material_id = %(number)s"
    with conn.cursor(row_factory=class_row(MaterialRow)) as cursor:
        return cursor.execute(COLUMNS + where, {"key": key, "number": material_id}).fetchone()


def list_materials(conn: psycopg.Connection, person_id: int, *, limit: int) -> list[MaterialRow]:
    """Somebody's, the newest first."""
    with conn.cursor(row_factory=class_row(MaterialRow)) as cursor:
        query = COLUMNS + " WHERE material.person_id = %s ORDER BY material.material_id DESC LIMIT %s"
        return cursor.execute(query, [person_id, limit]).fetchall()


def list_in_state(conn: psycopg.Connection, state: str, *, limit: int) -> list[MaterialRow]:
    """Everybody's in one state, the oldest first."""
    with conn.cursor(row_factory=class_row(MaterialRow)) as cursor:
        query = COLUMNS + " WHERE last.state = %s ORDER BY material.material_id LIMIT %s"
        return cursor.execute(query, [state, limit]).fetchall()


def list_accepted(conn: psycopg.Connection, *, since: dt.datetime, after: int, limit: int) -> list[MaterialRow]:
    """Everybody's that have been in force from a moment on or later, behind a number, in rising order."""
    with conn.cursor(row_factory=class_row(MaterialRow)) as cursor:
        where = (
            " WHERE last.state = 'in_force' AND material.ended_at IS NULL AND material.material_id > %s AND EXISTS (SELECT FROM"
            " customers_material_word AS said WHERE said.material_id = material.material_id AND said.state = 'in_force' AND said.at >= %s)"
        )
        return cursor.execute(
            COLUMNS + where + " ORDER BY material.material_id LIMIT %s", [after, since, limit]
        ).fetchall()


def list_waiting(conn: psycopg.Connection, *, since: dt.datetime, limit: int) -> list[MaterialRow]:
    """Everybody's that were given after a moment and whose source has not answered, the oldest first."""
    with conn.cursor(row_factory=class_row(MaterialRow)) as cursor:
        where = " WHERE last.state IS NULL AND material.way = 'source' AND material.ended_at IS NULL AND given_at > %s"
        return cursor.execute(COLUMNS + where + " ORDER BY material.material_id LIMIT %s", [since, limit]).fetchall()


def list_over(conn: psycopg.Connection, *, on: dt.date, limit: int) -> list[int]:
    """Pieces whose last day lies before a day and that are kept still."""
    rows = conn.execute(
        "SELECT material_id FROM customers_material WHERE sealed IS NOT NULL AND valid_until < %s ORDER BY valid_until LIMIT %s",
        [on, limit],
    )
    return [int(row[0]) for row in rows]


def list_kept(conn: psycopg.Connection, person_id: int) -> list[tuple[int, bytes]]:
    """(number, sealed) of all of somebody's pieces that say anything still."""
    rows = conn.execute(
        "SELECT material_id, sealed FROM customers_material WHERE person_id = %s AND sealed IS NOT NULL", [person_id]
    )
    return [(int(number), bytes(sealed)) for number, sealed in rows]


def count_given(conn: psycopg.Connection, person_id: int, *, since: dt.datetime) -> int:
    """How many pieces somebody brought after a moment."""
    row = conn.execute(
        "SELECT count(*) FROM customers_material WHERE person_id = %s AND given_at > %s", [person_id, since]
    ).fetchone()
    assert row is not None, "a count"
    return int(row[0])


def keep(
    conn: psycopg.Connection, material_id: int, sealed: bytes, *, issued_on: dt.date, valid_until: dt.date
) -> None:
    """Keep what it says, sealed."""
    conn.execute(
        "UPDATE customers_material SET sealed = %s, issued_on = %s, valid_until = %s WHERE material_id = %s",
        [sealed, issued_on, valid_until, material_id],
    )


def erase(conn: psycopg.Connection, material_ids: Sequence[int], *, now: dt.datetime) -> None:
    """Delete what pieces say; that they were given, and ended, stays."""
    conn.execute(
        "UPDATE customers_material SET sealed = NULL, issued_on = NULL, ended_at = coalesce(ended_at, %s)"
        " WHERE material_id = ANY(%s::bigint[])",
        [now, list(material_ids)],
    )


def erase_all(conn: psycopg.Connection, person_id: int, *, now: dt.datetime) -> None:
    """Delete what all of somebody's pieces say: they leave."""
    rows = conn.execute(
        "SELECT material_id FROM customers_material WHERE person_id = %s AND ended_at IS NULL", [person_id]
    )
    ids = [int(row[0]) for row in rows]
    erase(conn, ids, now=now)
    for material_id in ids:
        insert_word(conn, material_id, Word(state="withdrawn", why="the person left"), now=now)


def reseal(conn: psycopg.Connection, material_id: int, sealed: bytes) -> None:
    """The same under another key."""
    conn.execute("UPDATE customers_material SET sealed = %s WHERE material_id = %s", [sealed, material_id])


def insert_word(conn: psycopg.Connection, material_id: int, word: Word, *, now: dt.datetime) -> None:
    """What became of it."""
    conn.execute(
        "INSERT INTO customers_material_word (material_id, number, state, reasons, said_by, why, at)"
        " SELECT %s, coalesce(max(number), 0) + 1, %s, %s, %s, %s, %s FROM customers_material_word WHERE material_id = %s",
        [material_id, word.state, list(word.reasons), word.said_by, word.why, now, material_id],
    )


__all__ = [
    "Given", "MaterialRow", "Word", "count_given", "erase", "erase_all", "find_material", "insert_material", "insert_word", "keep",
    "list_accepted", "list_in_state", "list_kept", "list_materials", "list_over", "list_waiting", "reseal",
]  # fmt: skip
