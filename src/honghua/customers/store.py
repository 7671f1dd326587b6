"""All SQL about persons, their fields and keys, and who looked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row

from honghua.customers.core.personal import Field, Part

LINKED_BY_CONTACT: Final = ("card", "device", "address")
PERSON: Final = "person_id, customer, state, retain_until, registered_at"


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person without anything personal. state: active, restricted (only the law may read) or erased."""

    person_id: int
    customer: str
    state: str
    retain_until: dt.date | None
    registered_at: dt.datetime


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One version of a field, sealed."""

    field: Field
    version: int
    sealed: bytes
    said_by: str
    why: str
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class AccessRow:
    """Somebody read fields in the clear."""

    fields: list[str]
    viewer: str
    purpose: str
    at: dt.datetime


def insert_person(conn: psycopg.Connection, customer: str, *, now: dt.datetime) -> int | None:
    """A new person; None when the reference is taken."""
    row = conn.execute(
        "INSERT INTO customers_person (customer, registered_at, changed_at) VALUES (%s, %s, %s)"
        " ON CONFLICT (customer) DO NOTHING RETURNING person_id",
        [customer, now, now],
    ).fetchone()
    return None if row is None else int(row[0])


def find_person(conn: psycopg.Connection, customer: str, *, lock: bool = False) -> PersonRow | None:
    """The person of a reference, held until the transaction ends if so wished."""
    query = f"SELECT {PERSON} FROM customers_person WHERE customer = %s" + (" FOR UPDATE" if lock else "")  # noqa: S608
    with conn.cursor(row_factory=class_row(PersonRow)) as cursor:
        return cursor.execute(query, [customer]).fetchone()


def find_states(conn: psycopg.Connection, customers: Sequence[str]) -> dict[str, str]:
    """Customer → state, of those who are registered."""
    query = "SELECT customer, state FROM customers_person WHERE customer = ANY(%s::text[])"
    return {str(customer): str(state) for customer, state in conn.execute(query, [list(customers)])}


def list_left(conn: psycopg.Connection) -> list[str]:
    """References of everybody who has left, in order."""
    return [
        str(row[0]) for row in conn.execute("SELECT customer FROM customers_person WHERE state <> 'active' ORDER BY 1")
    ]


def find_indexed(conn: psycopg.Connection, kind: str, digests: Sequence[bytes]) -> str | None:
    """The reference of whoever has this phone or identity number; digests: its index in every generation, of which one lies here."""
    row = conn.execute(
        "SELECT p.customer FROM customers_index i JOIN customers_person p USING (person_id)"
        " WHERE i.kind = %s AND i.digest = ANY(%s)",
        [kind, list(digests)],
    ).fetchone()
    return None if row is None else str(row[0])


def claim_index(conn: psycopg.Connection, person_id: int, kind: str, digest: bytes) -> bool:
    """Point an index at a person instead of at what they had before; False when somebody else has it."""
    conn.execute("DELETE FROM customers_index WHERE person_id = %s AND kind = %s", [person_id, kind])
    made = conn.execute(
        "INSERT INTO customers_index (kind, digest, person_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [kind, digest, person_id],
    )
    return made.rowcount == 1


def drop_indexes(conn: psycopg.Connection, person_id: int, kinds: Sequence[str]) -> None:
    """Nobody is found by these any more, nor linked to others by them; who is not found by phone is not by card, device and address."""
    conn.execute("DELETE FROM customers_index WHERE person_id = %s AND kind = ANY(%s)", [person_id, list(kinds)])
    links = [*kinds, *(LINKED_BY_CONTACT if Field.PHONE in kinds else ())]
    conn.execute("DELETE FROM customers_link WHERE person_id = %s AND kind = ANY(%s)", [person_id, links])


def insert_key(conn: psycopg.Connection, person_id: int, part: Part, master: int, wrapped: bytes) -> None:
    """Keep a person's wrapped key."""
    conn.execute(
        "INSERT INTO customers_key (person_id, part, master, wrapped) VALUES (%s, %s, %s, %s)",
        [person_id, part, master, wrapped],
    )


def find_keys(conn: psycopg.Connection, person_id: int, *, lock: bool = False) -> dict[Part, bytes]:
    """The wrapped keys that have not been erased. Who seals holds them, so that rotation waits."""
    query = "SELECT part, wrapped FROM customers_key WHERE person_id = %s ORDER BY part"
    query += " FOR UPDATE" if lock else ""
    return {Part(part): bytes(wrapped) for part, wrapped in conn.execute(query, [person_id])}


def update_key(conn: psycopg.Connection, person_id: int, part: Part, master: int, wrapped: bytes) -> None:
    """A person's key anew."""
    conn.execute(
        "UPDATE customers_key SET master = %s, wrapped = %s WHERE person_id = %s AND part = %s",
        [master, wrapped, person_id, part],
    )


def erase_keys(conn: psycopg.Connection, person_id: int, parts: Sequence[Part]) -> None:
    """Make unreadable what these keys sealed."""
    conn.execute("DELETE FROM customers_key WHERE person_id = %s AND part = ANY(%s)", [person_id, list(parts)])


def list_old_keys(conn: psycopg.Connection, newest: int, *, limit: int) -> list[str]:
    """References of persons with a key under another master key than the newest."""
    rows = conn.execute(
        "SELECT DISTINCT p.customer FROM customers_key k JOIN customers_person p USING (person_id)"
        " WHERE k.master <> %s ORDER BY 1 LIMIT %s",
        [newest, limit],
    )
    return [customer for (customer,) in rows]


def insert_field(conn: psycopg.Connection, person_id: int, row: FieldRow) -> None:
    """One more version of a field."""
    conn.execute(
        "INSERT INTO customers_field (person_id, field, version, sealed, said_by, why, recorded_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [person_id, row.field, row.version, row.sealed, row.said_by, row.why, row.recorded_at],
    )


def list_fields(conn: psycopg.Connection, person_id: int) -> list[FieldRow]:
    """All versions of all fields, oldest first."""
    rows = conn.execute(
        "SELECT field, version, sealed, said_by, why, recorded_at FROM customers_field WHERE person_id = %s"
        " ORDER BY field, version",
        [person_id],
    )
    return [FieldRow(Field(name), version, bytes(sealed), *rest) for name, version, sealed, *rest in rows]


def reseal_field(conn: psycopg.Connection, person_id: int, row: FieldRow, sealed: bytes) -> None:
    """The same value under another key."""
    conn.execute(
        "UPDATE customers_field SET sealed = %s WHERE person_id = %s AND field = %s AND version = %s",
        [sealed, person_id, row.field, row.version],
    )


def set_state(
    conn: psycopg.Connection, person_id: int, state: str, *, retain_until: dt.date | None, now: dt.datetime
) -> None:
    """Restrict or erase a person."""
    conn.execute(
        "UPDATE customers_person SET state = %s, retain_until = %s, changed_at = %s WHERE person_id = %s",
        [state, retain_until, now, person_id],
    )


def list_retained_until(conn: psycopg.Connection, day: dt.date, *, limit: int) -> list[str]:
    """References of persons whose identity the law no longer keeps."""
    rows = conn.execute(
        "SELECT customer FROM customers_person WHERE state = 'restricted' AND retain_until <= %s ORDER BY 1 LIMIT %s",
        [day, limit],
    )
    return [customer for (customer,) in rows]


def insert_access(conn: psycopg.Connection, person_id: int, row: AccessRow) -> None:
    """Write down who read what."""
    conn.execute(
        "INSERT INTO customers_access (person_id, fields, viewer, purpose, at) VALUES (%s, %s, %s, %s, %s)",
        [person_id, row.fields, row.viewer, row.purpose, row.at],
    )


def list_access(conn: psycopg.Connection, person_id: int, *, limit: int) -> list[AccessRow]:
    """Who read what about a person, the newest first."""
    with conn.cursor(row_factory=class_row(AccessRow)) as cursor:
        query = "SELECT fields, viewer, purpose, at FROM customers_access WHERE person_id = %s ORDER BY access_id DESC LIMIT %s"
        return cursor.execute(query, [person_id, limit]).fetchall()
