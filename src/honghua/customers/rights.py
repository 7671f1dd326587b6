"""What people may ask about themselves: a copy, a deletion, an explanation, a human. Each has its clock (PIPL 15, 24, 44 – 47)."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any, Final

import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.customers import store, store_consents
from honghua.customers.conduct.copying import list_kept
from honghua.customers.core.personal import Field, Part
from honghua.customers.facing.taking import erase_recordings
from honghua.customers.materials import store as materials
from honghua.customers.persons import Access, Purpose, get_person, list_versions, reveal
from honghua.customers.proofing.challenging import end_device
from honghua.customers.store_consents import RequestRow
from honghua.customers.vault import Vault

ANSWER_WITHIN: Final = dt.timedelta(days=15)
RETENTION_YEARS: Final = 10  # 反洗钱法 (2024) art. 34: identity and trade records after the end of the relation
REQUESTS_SHOWN: Final = 500
OUTCOME_LENGTH_MAX: Final = 1_000


class RightKind(StrEnum):
    """Which right somebody uses."""

    COPY = "copy"
    CORRECTION = "correction"
    DELETION = "deletion"
    EXPLANATION = "explanation"
    HUMAN_DECISION = "human_decision"


def export_person(conn: psycopg.Connection, vault: Vault, customer: str, *, now: dt.datetime) -> dict[str, Any]:
    """Everything that this room holds about somebody, in plain JSON values, for themselves; it is written down like any reading.

    Amounts, bills and decisions are other rooms' to add.
    """
    person = get_person(conn, customer)
    access = Access(customer, Purpose.OWN_REQUEST)
    clear = reveal(conn, vault, customer, list(Field), access, now=now)
    consents = store_consents.list_consents(conn, person.person_id)
    looks = store.list_access(conn, person.person_id, limit=REQUESTS_SHOWN)
    return {
        "customer": customer,
        "state": person.state,
        "registered_at": person.registered_at.isoformat(),
        **list_kept(conn, vault, customer),
        "personal": {str(field): value for field, value in clear.items()},
        "history": [
            {"field": str(one.field), "version": one.version, "value": one.masked, "said_by": one.said_by, "why": one.why,
             "recorded_at": one.recorded_at.isoformat()}
            for one in list_versions(conn, vault, customer)
        ],
        "consents": [
            {"kind": row.kind, "version": row.version, "given": row.is_given, "read_ms": row.read_ms, "channel": row.channel,
             "at": row.at.isoformat()}
            for row in consents
        ],
        "looked_at": [
            {"fields": row.fields, "viewer": row.viewer, "purpose": row.purpose, "at": row.at.isoformat()} for row in looks
        ],
        "requests": [
            {"kind": row.kind, "made_at": row.made_at.isoformat(), "due_at": row.due_at.isoformat(), "outcome": row.outcome}
            for row in store_consents.list_requests(conn, person_id=person.person_id, limit=REQUESTS_SHOWN)
        ],
    }  # fmt: skip


def erase_person(
    conn: psycopg.Connection, customer: str, *, last_dealt_on: dt.date | None, now: dt.datetime
) -> dt.date | None:
    """Delete somebody at their wish. last_dealt_on: the last day on which the books dealt with them, None = never.

    Contact data goes at once: its key is deleted, and it is found by phone no more. Identity goes too where there never was an account;
    else the law keeps it, restricted, until the day that is returned. Whoever calls has made sure that nothing is owed and that the
    account is closed. Conflict for somebody who has left already.
    """
    person = get_person(conn, customer, lock=True)
    if person.state != "active":
        raise Conflict(f"{customer} has left already", code="PERSON_LEFT")
    materials.erase_all(conn, person.person_id, now=now)
    end_device(conn, customer, now=now)
    erase_recordings(conn, person.person_id)
    if last_dealt_on is None:
        _erase_all(conn, person.person_id, now)
        return None
    retain_until = add_years(last_dealt_on, RETENTION_YEARS)
    store.erase_keys(conn, person.person_id, [Part.CONTACT])
    store.drop_indexes(conn, person.person_id, [Field.PHONE])
    store.set_state(conn, person.person_id, "restricted", retain_until=retain_until, now=now)
    return retain_until


def erase_retained(conn: psycopg.Connection, customer: str, *, on: dt.date, now: dt.datetime) -> bool:
    """Erase the identity that the law kept until a day; False when its time has not come."""
    person = get_person(conn, customer, lock=True)
    if person.state != "restricted" or person.retain_until is None or person.retain_until > on:
        return False
    _erase_all(conn, person.person_id, now)
    return True


def _erase_all(conn: psycopg.Connection, person_id: int, now: dt.datetime) -> None:
    store.erase_keys(conn, person_id, list(Part))
    store.drop_indexes(conn, person_id, [Field.PHONE, Field.NATIONAL_ID])
    store.set_state(conn, person_id, "erased", retain_until=None, now=now)


def add_years(day: dt.date, years: int) -> dt.date:
    """The same day of a later year; 29 February becomes 1 March, so that nothing is deleted too early."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return dt.date(day.year + years, 3, 1)


def make_request(conn: psycopg.Connection, customer: str, kind: RightKind, *, now: dt.datetime) -> int:
    """Start the clock of a right that somebody uses; its number."""
    person = get_person(conn, customer)
    return store_consents.insert_request(conn, person.person_id, kind, now=now, due_at=now + ANSWER_WITHIN)


def close_request(conn: psycopg.Connection, request_id: int, *, by: str, outcome: str, now: dt.datetime) -> None:
    """Answer a request. NotFound when there is none open under that number."""
    if not by.strip() or not 0 < len(outcome.strip()) <= OUTCOME_LENGTH_MAX:
        raise BadInput("an answer has an author and says something", code="ANSWER_EMPTY")
    if not store_consents.close_request(conn, request_id, by=by, outcome=outcome, now=now):
        raise NotFound(f"no open request {request_id}", code="REQUEST_UNKNOWN")


def list_requests(conn: psycopg.Connection, *, customer: str | None = None) -> list[RequestRow]:
    """Somebody's requests, or with nobody named all that are open, the most urgent first."""
    person_id = None if customer is None else get_person(conn, customer).person_id
    return store_consents.list_requests(conn, person_id=person_id, limit=REQUESTS_SHOWN)
