"""Consents: what was shown, for how long, what was said. Given by an act and withdrawn as easily; nothing is given by default."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from honghua.base.errors import BadInput, NotFound
from honghua.customers import store_consents
from honghua.customers.core.agreements import TEXTS, AgreementText, ConsentKind
from honghua.customers.persons import get_person
from honghua.customers.store_consents import ConsentRow


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
    person = get_person(conn, customer)
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
    last = {row.kind: row for row in store_consents.list_consents(conn, person.person_id)}
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
    last = {row.kind: row for row in store_consents.list_consents(conn, person.person_id)}.get(kind)
    return last is not None and last.is_given
