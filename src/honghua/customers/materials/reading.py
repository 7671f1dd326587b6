"""What evidence in force says: for the purpose that was agreed to, on a day; and what is shown to its owner and to a reviewer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import psycopg

from honghua.base.errors import Conflict
from honghua.customers import store as persons
from honghua.customers.core.materials import Evidenced, MaterialPurpose, MaterialState, combine
from honghua.customers.core.personal import Part
from honghua.customers.core.suitability import Profile
from honghua.customers.materials import store
from honghua.customers.materials.adding import PLACE, get_material
from honghua.customers.materials.store import MaterialRow
from honghua.customers.materials.terms import load_materials
from honghua.customers.persons import Access, get_person, open_keys
from honghua.customers.store import AccessRow
from honghua.customers.vault import Vault, open_sealed, reseal

SHOWN_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialView:
    """One piece as its owner sees it. values: what counts of it now, None where nothing is kept."""

    row: MaterialRow
    state: MaterialState
    values: dict[str, int] | None


def find_evidence(
    conn: psycopg.Connection, vault: Vault, customer: str, purpose: MaterialPurpose, *, on: dt.date, hold: bool = False
) -> list[Evidenced]:
    """Everything in force on a day that may be used for a purpose, the oldest first; NotFound for nobody.

    hold: whoever decides by it holds the person until their transaction ends, so that a withdrawal waits for them, and whoever comes
    after it finds nothing.
    """
    person = get_person(conn, customer, lock=hold)
    rows = [row for row in store.list_materials(conn, person.person_id, limit=SHOWN_MAX) if purpose in row.purposes]
    return [
        Evidenced(
            material_id=row.material_id, kind=row.kind, issued_on=row.issued_on, valid_until=row.valid_until, values=values
        )
        for row, values in _open(conn, vault, customer, rows[::-1])
        if row.issued_on is not None and row.valid_until is not None and find_state(row, on=on) is MaterialState.IN_FORCE
    ]  # fmt: skip


def overlay(told: Profile | None, evidence: Sequence[Evidenced]) -> Profile | None:
    """What is known of somebody's situation: their own word, and over it what their evidence shows. Without any: their word alone.

    Debts that evidence shows do not shrink what they told; an income that it shows takes the place of theirs, up or down.
    """
    shown = combine(load_materials(), evidence)
    if not shown:
        return told
    known, service = told or Profile(), shown.get("debt_service_minor")
    return replace(
        known,
        is_student=bool(shown["is_student"]) if "is_student" in shown else known.is_student,
        income_minor=shown.get("income_minor", known.income_minor),
        debt_service_minor=known.debt_service_minor if service is None else max(service, known.debt_service_minor or 0),
    )


def list_views(conn: psycopg.Connection, vault: Vault, customer: str, *, on: dt.date) -> list[MaterialView]:
    """Somebody's evidence as they see it themselves, the newest first; NotFound for nobody."""
    said = list_said(conn, vault, customer)
    return [MaterialView(row=row, state=find_state(row, on=on), values=values) for row, values in said]


def list_said(conn: psycopg.Connection, vault: Vault, customer: str) -> list[tuple[MaterialRow, dict[str, int] | None]]:
    """Somebody's evidence with what it says, the newest first; None: nothing any more, or nothing yet. NotFound for nobody."""
    rows = store.list_materials(conn, get_person(conn, customer).person_id, limit=SHOWN_MAX)
    kept = {row.material_id: values for row, values in _open(conn, vault, customer, rows)}
    return [(row, kept.get(row.material_id)) for row in rows]


def read_for_review(
    conn: psycopg.Connection, vault: Vault, material_id: int, access: Access, *, now: dt.datetime
) -> dict[str, int]:
    """What a piece says, for a person who looks at it, and a row in the log of who read what. In the caller's transaction.

    Conflict MATERIAL_PURPOSE where its owner did not agree that people read it, MATERIAL_GONE where it says nothing any more.
    """
    row = get_material(conn, material_id)
    if MaterialPurpose.REVIEW not in row.purposes:
        raise Conflict("its owner has not agreed that people read it", code="MATERIAL_PURPOSE")
    found = _open(conn, vault, row.customer, [row])
    if not found:
        raise Conflict("it was taken back, or its days are over", code="MATERIAL_GONE")
    persons.insert_access(conn, row.person_id, AccessRow([f"evidence {row.kind}"], access.viewer, access.purpose, now))
    return found[0][1]


def find_state(row: MaterialRow, *, on: dt.date) -> MaterialState:
    """How a piece stands on a day: its last day counts, the clock's job or not."""
    if row.ended_at is not None or row.state is None:
        return MaterialState(row.state or (MaterialState.WAITING if row.ended_at is None else MaterialState.WITHDRAWN))
    if row.valid_until is not None and row.sealed is not None and row.valid_until < on:
        return MaterialState.EXPIRED
    return MaterialState(row.state)


def reseal_materials(conn: psycopg.Connection, person_id: int, old: dict[Part, bytes], new: dict[Part, bytes]) -> None:
    """A person's evidence under their new key; for rotation."""
    if Part.IDENTITY not in old:
        return
    for material_id, sealed in store.list_kept(conn, person_id):
        again = reseal(old[Part.IDENTITY], new[Part.IDENTITY], sealed, PLACE.format(person_id, material_id))
        store.reseal(conn, material_id, again)


def _open(
    conn: psycopg.Connection, vault: Vault, customer: str, rows: Sequence[MaterialRow]
) -> list[tuple[MaterialRow, dict[str, int]]]:
    """Those pieces that are kept, with what they say."""
    kept = [row for row in rows if row.sealed is not None]
    if not kept:
        return []
    key = open_keys(conn, vault, get_person(conn, customer)).get(Part.IDENTITY)
    if key is None:
        return []
    return [
        (row, msgspec.json.decode(open_sealed(key, row.sealed or b"", PLACE.format(row.person_id, row.material_id)), type=dict[str, int]))
        for row in kept
    ]  # fmt: skip


__all__ = [
    "MaterialView", "find_evidence", "find_state", "list_said", "list_views", "overlay", "read_for_review", "reseal_materials",
]  # fmt: skip
