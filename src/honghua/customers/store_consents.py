"""SQL of consents and of the rights that people use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from honghua.customers.core.agreements import AgreementText, ConsentKind


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """A yes or a no to one version of a text. read_ms: how long it was before the reader's eyes."""

    kind: str
    version: int
    is_given: bool
    read_ms: int
    channel: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A right in use: what was asked, by when it must be answered, and how it was."""

    request_id: int
    customer: str
    kind: str
    made_at: dt.datetime
    due_at: dt.datetime
    closed_at: dt.datetime | None
    closed_by: str | None
    outcome: str | None


def insert_text(conn: psycopg.Connection, text: AgreementText, *, now: dt.datetime) -> None:
    """Publish a version; one that is there stays as it is."""
    conn.execute(
        "INSERT INTO customers_consent_text (kind, version, chinese, english, read_seconds, is_needed, published_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [text.kind, text.version, text.chinese, text.english, text.read_seconds, text.is_needed, now],
    )


def list_texts(conn: psycopg.Connection) -> list[AgreementText]:
    """The newest version of each text."""
    rows = conn.execute(
        "SELECT DISTINCT ON (kind) kind, version, chinese, english, read_seconds, is_needed FROM customers_consent_text"
        " ORDER BY kind, version DESC"
    )
    return [
        AgreementText(
            kind=ConsentKind(kind), version=version, chinese=zh, english=en, read_seconds=seconds, is_needed=needed
        )
        for kind, version, zh, en, seconds, needed in rows
    ]


def list_needed(conn: psycopg.Connection) -> list[tuple[str, int, int]]:
    """(kind, version, reading time in seconds) of every text, of whatever version, without whose kind there is no account."""
    rows = conn.execute(
        "SELECT kind, version, read_seconds FROM customers_consent_text WHERE is_needed ORDER BY kind, version"
    )
    return [(str(kind), int(version), int(seconds)) for kind, version, seconds in rows]


def find_text(conn: psycopg.Connection, kind: str, version: int) -> AgreementText | None:
    """One version of one text, however old."""
    row = conn.execute(
        "SELECT chinese, english, read_seconds, is_needed FROM customers_consent_text WHERE kind = %s AND version = %s",
        [kind, version],
    ).fetchone()
    if row is None:
        return None
    return AgreementText(
        kind=ConsentKind(kind), version=version, chinese=row[0], english=row[1], read_seconds=row[2], is_needed=row[3]
    )


def insert_consents(conn: psycopg.Connection, person_id: int, rows: Sequence[ConsentRow]) -> None:
    """Write down what somebody said."""
    for row in rows:
        conn.execute(
            "INSERT INTO customers_consent (person_id, kind, version, is_given, read_ms, channel, at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [person_id, row.kind, row.version, row.is_given, row.read_ms, row.channel, row.at],
        )


def list_consents(conn: psycopg.Connection, person_id: int) -> list[ConsentRow]:
    """Everything that somebody said, oldest first."""
    with conn.cursor(row_factory=class_row(ConsentRow)) as cursor:
        query = "SELECT kind, version, is_given, read_ms, channel, at FROM customers_consent WHERE person_id = %s"
        return cursor.execute(query + " ORDER BY consent_id", [person_id]).fetchall()


def list_consented(conn: psycopg.Connection, names: Sequence[str], kind: str) -> set[str]:
    """Of these customers those whose newest word on a kind is a yes."""
    query = """SELECT customer FROM customers_person AS p CROSS JOIN LATERAL (SELECT is_given FROM customers_consent AS c
      WHERE c.person_id = p.person_id AND c.kind = %s ORDER BY consent_id DESC LIMIT 1) AS last
    WHERE customer = ANY(%s::text[]) AND is_given"""
    return {str(name) for (name,) in conn.execute(query, [kind, list(names)])}


def insert_request(
    conn: psycopg.Connection, person_id: int, kind: str, *, now: dt.datetime, due_at: dt.datetime
) -> int:
    """Start the clock of a right."""
    row = conn.execute(
        "INSERT INTO customers_request (person_id, kind, made_at, due_at) VALUES (%s, %s, %s, %s) RETURNING request_id",
        [person_id, kind, now, due_at],
    ).fetchone()
    assert row is not None, "INSERT … RETURNING"
    return int(row[0])


def close_request(conn: psycopg.Connection, request_id: int, *, by: str, outcome: str, now: dt.datetime) -> bool:
    """Answer a request; False when it was answered before."""
    closed = conn.execute(
        "UPDATE customers_request SET closed_at = %s, closed_by = %s, outcome = %s WHERE request_id = %s AND closed_at IS NULL",
        [now, by, outcome, request_id],
    )
    return closed.rowcount == 1


def list_requests(conn: psycopg.Connection, *, person_id: int | None, limit: int) -> list[RequestRow]:
    """Requests of one person, or all that are open, the most urgent first."""
    where = "r.closed_at IS NULL" if person_id is None else "r.person_id = %(person)s"
    query = (
        "SELECT r.request_id, p.customer, r.kind, r.made_at, r.due_at, r.closed_at, r.closed_by, r.outcome"  # noqa: S608
        f" FROM customers_request r JOIN customers_person p USING (person_id) WHERE {where}"
        " ORDER BY r.due_at, r.request_id LIMIT %(limit)s"
    )
    with conn.cursor(row_factory=class_row(RequestRow)) as cursor:
        return cursor.execute(query, {"person": person_id, "limit": limit}).fetchall()
