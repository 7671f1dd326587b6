"""Consents: what was shown, for how long, what was said. Given by an act and withdrawn as easily; nothing is given by default."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.errors import BadInput, NotFound
from honghua.customers import store, store_consents
from honghua.customers.core.agreements import TEXTS, AgreementText, ConsentKind
from honghua.customers.persons import get_person
from honghua.customers.store_consents import ConsentRow

REQUESTS_LOOKED_AT: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Somebody's yes or no to the version of a text that they had before them. read_ms: for how long, as their page measured."""

    kind: ConsentKind
    version: int
    is_given: bool
    read_ms: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands to the newest version of a text. said: their last word on any version; is_given: yes, to this one."""

    text: AgreementText
    is_given: bool
    said: ConsentRow | None


def publish_texts(conn: psycopg.Connection, *, now: dt.datetime, texts: Sequence[AgreementText] = TEXTS) -> None:
    """Put texts in force. A version that is published with other words is a bug: make a new version."""
    for text in texts:
        store_consents.insert_text(conn, text, now=now)
        stored = store_consents.find_text(conn, text.kind, text.version)
        assert stored == text, f"version {text.version} of {text.kind} was published with other words"


def list_texts(conn: psycopg.Connection) -> list[AgreementText]:
    """The texts in force."""
    return store_consents.list_texts(conn)


def say(conn: psycopg.Connection, customer: str, said: Sequence[Said], *, channel: str, now: dt.datetime) -> None:
    """Write down consents and withdrawals, all or none.

    BadInput when a yes is to a version that is not in force, or the text was not before the reader for as long as it must be; a
    withdrawal is always taken.
    """
    person = get_person(
        conn, customer, lock=True
    )  # whoever uses a consent holds it: the use comes before or not at all
    in_force = {text.kind: text for text in list_texts(conn)}
    rows = []
    for one in said:
        text = in_force.get(one.kind)
        if text is None:
            raise NotFound(f"no such text: {one.kind}", code="CONSENT_UNKNOWN")
        if one.is_given and one.version != text.version:
            raise BadInput(f"{one.kind}: version {text.version} is in force, show it first", code="CONSENT_STALE")
        if one.is_given and one.read_ms < text.read_seconds * 1_000:
            raise BadInput(f"{one.kind} must be read for {text.read_seconds} seconds", code="CONSENT_UNREAD")
        rows.append(ConsentRow(one.kind, one.version, one.is_given, one.read_ms, channel, now))
    store_consents.insert_consents(conn, person.person_id, rows)


def list_standings(conn: psycopg.Connection, customer: str) -> list[Standing]:
    """How somebody stands to each text in force."""
    person = get_person(conn, customer)
    last = _find_last(conn, person.person_id)
    return [
        Standing(text, (row := last.get(text.kind)) is not None and row.is_given and row.version == text.version, row)
        for text in list_texts(conn)
    ]


def find_missing(conn: psycopg.Connection, customer: str) -> list[ConsentKind]:
    """Consents without which no account may be opened and that somebody has not given."""
    return [one.text.kind for one in list_standings(conn, customer) if one.text.is_needed and not one.is_given]


def is_consented(conn: psycopg.Connection, customer: str, kind: ConsentKind) -> bool:
    """Whether somebody's last word on a kind is a yes, to whatever version."""
    person = get_person(conn, customer)
    last = _find_last(conn, person.person_id).get(kind)
    return last is not None and last.is_given


def list_consented(conn: psycopg.Connection, names: Sequence[str], kind: ConsentKind) -> set[str]:
    """Those of these customers whose last word on a kind is a yes, to whatever version; nobody's word is no yes."""
    return store_consents.list_consented(conn, names, kind)


def hold(conn: psycopg.Connection, customer: str) -> None:
    """Until the caller's transaction ends nobody else decides anything about this person; NotFound for nobody."""
    get_person(conn, customer, lock=True)


def use_consent(conn: psycopg.Connection, customer: str, kind: ConsentKind) -> ConsentRow | None:
    """The consent under which something is done now, held until the caller's transaction ends; None: it may not be done.

    A withdrawal waits for those who use the consent, and whoever comes after it finds none: it takes effect at once. The yes counts only
    for the version in force, except for marketing, where an older yes stands until it is taken back. NotFound for nobody.
    """
    person = get_person(conn, customer, lock=True)
    if person.state != "active":
        return None
    last = _find_last(conn, person.person_id).get(kind)
    if last is None or not last.is_given:
        return None
    if kind is ConsentKind.MARKETING:
        return last
    version = next((text.version for text in list_texts(conn) if text.kind is kind), None)
    return last if last.version == version else None


def list_given_at(conn: psycopg.Connection, customer: str, at: dt.datetime) -> dict[str, ConsentRow]:
    """The yeses that stood at a moment, by kind, however things stand now; none for nobody."""
    person = store.find_person(conn, customer)
    if person is None:
        return {}
    said = [row for row in store_consents.list_consents(conn, person.person_id) if row.at <= at]
    return {kind: row for kind, row in {row.kind: row for row in said}.items() if row.is_given}


def find_unread(conn: psycopg.Connection, given: dict[str, ConsentRow]) -> list[str]:
    """Kinds without which no account may be opened and that are not among the given, or were not read for as long as they must be."""
    unread = []
    for kind, version, read_seconds in store_consents.list_needed(conn):
        row = given.get(kind)
        if row is None or (row.version == version and row.read_ms < read_seconds * 1_000):
            unread.append(kind)
    return unread


def wants_person(conn: psycopg.Connection, customer: str) -> bool:
    """Whether a person, not a machine alone, must decide about somebody: no consent to automated decisions, or they asked for a human."""
    if use_consent(conn, customer, ConsentKind.AUTOMATED_DECISION) is None:
        return True
    person = get_person(conn, customer)
    asked = store_consents.list_requests(conn, person_id=person.person_id, limit=REQUESTS_LOOKED_AT)
    return any(row.kind == "human_decision" and row.closed_at is None for row in asked)


def _find_last(conn: psycopg.Connection, person_id: int) -> dict[str, ConsentRow]:
    """Somebody's last word on each kind."""
    return {row.kind: row for row in store_consents.list_consents(conn, person_id)}
