"""Register a person, read and correct what is known about them. Every value is sealed under that person's own key."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.customers import store
from honghua.customers.core.personal import INDEXED, PARTS, Field, Part, mask, normalise
from honghua.customers.indexing import make_index
from honghua.customers.store import AccessRow, FieldRow, PersonRow
from honghua.customers.vault import OWN, Vault, open_sealed, seal

REFERENCE_BYTES: Final = 10
ACCESS_SHOWN: Final = 200


class Purpose(StrEnum):
    """Why somebody reads personal fields in the clear. The law's own duties reach what is restricted, nothing else does."""

    OWN_REQUEST = "own_request"
    SIGN_IN = "sign_in"
    MESSAGE = "message"
    IDENTITY_CHECK = "identity_check"
    CARE = "care"
    COLLECTION = "collection"
    DISPUTE = "dispute"
    FRAUD_REVIEW = "fraud_review"
    LEGAL_DUTY = "legal_duty"


@dataclass(frozen=True, slots=True)
class Access:
    """Who reads or changes something about a person, and for what."""

    viewer: str
    purpose: Purpose

    def __post_init__(self) -> None:
        if not self.viewer.strip():
            raise BadInput("whoever reads personal data has a name", code="VIEWER_MISSING")


@dataclass(frozen=True, slots=True)
class Origin:
    """Who says that something about a person is so, and why it is written down now."""

    said_by: str
    why: str


@dataclass(frozen=True, slots=True)
class Version:
    """One value that a field had, masked."""

    field: Field
    version: int
    masked: str
    said_by: str
    why: str
    recorded_at: dt.datetime


def make_reference() -> str:
    """A customer reference that says nothing about its owner."""
    return "C" + base64.b32encode(secrets.token_bytes(REFERENCE_BYTES)).decode()


def register(
    conn: psycopg.Connection, vault: Vault, phone: str, *, now: dt.datetime, customer: str | None = None
) -> str:
    """The customer of a phone number, made where there is none; `customer` names one that the books know already.

    Whoever calls has seen proof that the number is theirs. Raises BadInput for what is no number, Conflict when the number or the
    reference belongs to somebody else.
    """
    number = normalise(Field.PHONE, phone)
    known = store.find_indexed(conn, Field.PHONE, vault.list_indexes(Field.PHONE, number))
    if known is not None:
        if customer not in (None, known):
            raise Conflict("this phone number belongs to another customer", code="PHONE_TAKEN")
        return known
    reference = customer or make_reference()
    person_id = store.insert_person(conn, reference, now=now)
    if person_id is None:
        raise Conflict(f"{reference} is registered with another phone number", code="CUSTOMER_TAKEN")
    for part in Part:
        _, wrapped = vault.new_person_key(key_place(person_id, part))
        store.insert_key(conn, person_id, part, vault.newest, wrapped)
    write_fields(conn, vault, reference, {Field.PHONE: number}, Origin(reference, "registered"), now=now)
    return reference


def find_by_phone(conn: psycopg.Connection, vault: Vault, phone: str) -> str | None:
    """The customer of a phone number; BadInput for what is none."""
    return store.find_indexed(conn, Field.PHONE, vault.list_indexes(Field.PHONE, normalise(Field.PHONE, phone)))


def find_by_national_id(conn: psycopg.Connection, vault: Vault, number: str) -> str | None:
    """The customer of an identity number; BadInput for what is none."""
    digests = vault.list_indexes(Field.NATIONAL_ID, normalise(Field.NATIONAL_ID, number))
    return store.find_indexed(conn, Field.NATIONAL_ID, digests)


def write_fields(
    conn: psycopg.Connection,
    vault: Vault,
    customer: str,
    values: Mapping[Field, str],
    origin: Origin,
    *,
    now: dt.datetime,
) -> int:
    """Write new values of fields, which are kept beside the old ones; how many differ from what was known.

    NotFound for nobody, BadInput for a value that cannot be, Conflict for somebody else's phone or identity number, or where the
    person has been erased.
    """
    person = get_person(conn, customer, lock=True)
    if person.state != "active":
        raise Conflict(f"{customer} has left: nothing is written any more", code="PERSON_GONE")
    keys = open_keys(conn, vault, person, lock=True)
    rows = store.list_fields(conn, person.person_id)
    current = {row.field: row for row in rows}
    changed = 0
    for field, value in values.items():
        text = normalise(field, value)
        before = current.get(field)
        if before is not None and open_field(keys, person.person_id, before) == text:
            continue
        if field in INDEXED and not store.claim_index(
            conn, person.person_id, field, make_index(conn, vault, field, text)
        ):
            raise Conflict(f"this {field} belongs to another customer", code="INDEX_TAKEN")
        version = 1 if before is None else before.version + 1
        sealed = seal(keys[PARTS[field]], OWN, text.encode(), field_place(person.person_id, field))
        store.insert_field(conn, person.person_id, FieldRow(field, version, sealed, origin.said_by, origin.why, now))
        changed += 1
    return changed


def reveal(
    conn: psycopg.Connection, vault: Vault, customer: str, fields: Iterable[Field], access: Access, *, now: dt.datetime
) -> dict[Field, str]:
    """Fields in the clear, and a row in the log in the same transaction: who, what, for what. Unknown fields are absent."""
    wanted = list(dict.fromkeys(fields))
    if not wanted:
        raise BadInput("name the fields to read", code="FIELDS_MISSING")
    person = get_person(conn, customer)
    _check_readable(person, access.purpose)
    found = read_current(conn, vault, person, wanted)
    names = [str(field) for field in wanted]
    store.insert_access(conn, person.person_id, AccessRow(names, access.viewer, access.purpose, now))
    return found


def show_masked(conn: psycopg.Connection, vault: Vault, customer: str) -> dict[Field, str]:
    """What lists and pages may show about a person: masked, and therefore not written down. Empty for nobody and for the erased."""
    person = store.find_person(conn, customer)
    if person is None or person.state != "active":
        return {}
    return {field: mask(field, text) for field, text in read_current(conn, vault, person, list(Field)).items()}


def list_versions(conn: psycopg.Connection, vault: Vault, customer: str) -> list[Version]:
    """Every value that the fields of a person had, masked, with who said so and why."""
    person = get_person(conn, customer)
    keys = open_keys(conn, vault, person)
    return [
        Version(
            row.field, row.version, mask(row.field, open_field(keys, person.person_id, row)), row.said_by, row.why,
            row.recorded_at,
        )
        for row in store.list_fields(conn, person.person_id)
        if PARTS[row.field] in keys
    ]  # fmt: skip


def list_access(conn: psycopg.Connection, customer: str) -> list[AccessRow]:
    """Who read a person's fields in the clear, the newest first."""
    return store.list_access(conn, get_person(conn, customer).person_id, limit=ACCESS_SHOWN)


def note_access(
    conn: psycopg.Connection, customer: str, names: Iterable[str], access: Access, *, now: dt.datetime
) -> None:
    """Write down that somebody reads what is known of a person under these names, beside the fields: in the reader's transaction.

    NotFound for nobody, Conflict where the purpose does not reach somebody who has left.
    """
    person = get_person(conn, customer)
    _check_readable(person, access.purpose)
    store.insert_access(conn, person.person_id, AccessRow(list(names), access.viewer, access.purpose, now))


def find_states(conn: psycopg.Connection, customers: Iterable[str]) -> dict[str, str]:
    """Customer → active, restricted or erased; whoever was never registered is absent."""
    return store.find_states(conn, list(customers))


def list_left(conn: psycopg.Connection) -> list[str]:
    """References of everybody who has left, restricted or erased."""
    return store.list_left(conn)


def get_person(conn: psycopg.Connection, customer: str, *, lock: bool = False) -> PersonRow:
    """The person of a reference; raises NotFound."""
    person = store.find_person(conn, customer, lock=lock)
    if person is None:
        raise NotFound(f"nobody is registered as {customer}", code="PERSON_UNKNOWN")
    return person


def read_current(
    conn: psycopg.Connection, vault: Vault, person: PersonRow, wanted: Iterable[Field]
) -> dict[Field, str]:
    """The newest values of fields, as far as their keys are there."""
    keys = open_keys(conn, vault, person)
    newest = {row.field: row for row in store.list_fields(conn, person.person_id)}
    return {
        field: open_field(keys, person.person_id, newest[field])
        for field in wanted
        if field in newest and PARTS[field] in keys
    }


def open_keys(conn: psycopg.Connection, vault: Vault, person: PersonRow, *, lock: bool = False) -> dict[Part, bytes]:
    """A person's own keys that have not been erased."""
    wrapped = store.find_keys(conn, person.person_id, lock=lock)
    return {part: vault.open_bytes(key, key_place(person.person_id, part)) for part, key in wrapped.items()}


def open_field(keys: Mapping[Part, bytes], person_id: int, row: FieldRow) -> str:
    """One version of one field in the clear."""
    return open_sealed(keys[PARTS[row.field]], row.sealed, field_place(person_id, row.field)).decode()


def key_place(person_id: int, part: Part) -> str:
    """What a person's wrapped key is bound to."""
    return f"customers_key/{part}/{person_id}"


def field_place(person_id: int, field: Field) -> str:
    """What a sealed field is bound to."""
    return f"customers_field/{field}/{person_id}"


def _check_readable(person: PersonRow, purpose: Purpose) -> None:
    if person.state == "erased" or (person.state == "restricted" and purpose is not Purpose.LEGAL_DUTY):
        raise Conflict(f"{person.customer} has left: only what the law asks for may be read", code="PERSON_RESTRICTED")
