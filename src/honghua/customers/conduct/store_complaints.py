"""SQL of complaints."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class ComplaintRow:
    """A complaint; stage: the longest that a person has granted, None = none; answered_at None = open."""

    complaint_id: int
    customer: str
    channel: str
    about: str
    sealed: bytes
    key: str
    received_on: dt.date
    received_at: dt.datetime
    stage: str | None
    answered_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ComplaintAct:
    """What a person did with a complaint: complex, special or answered, and why."""

    act: str
    person: str
    why: str
    at: dt.datetime


COMPLAINT: Final = (
    "SELECT complaint_id, customer, channel, about, sealed, key, received_on, received_at,"
    " (SELECT act FROM customers_complaint_act AS done WHERE done.complaint_id = said.complaint_id AND act <> 'answered'"
    "  ORDER BY number DESC LIMIT 1) AS stage,"
    " (SELECT at FROM customers_complaint_act AS done WHERE done.complaint_id = said.complaint_id AND act = 'answered') AS answered_at"
    " FROM customers_complaint AS said JOIN customers_person AS person USING (person_id)"
)


def insert_complaint(conn: psycopg.Connection, person_id: int, row: ComplaintRow) -> int:
    """The complaint of a key, made where there is none."""
    conn.execute(
        "INSERT INTO customers_complaint (person_id, channel, about, sealed, key, received_on, received_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING",
        [person_id, row.channel, row.about, row.sealed, row.key, row.received_on, row.received_at],
    )
    found = conn.execute("SELECT complaint_id FROM customers_complaint WHERE key = %s", [row.key]).fetchone()
    assert found is not None, "inserted, or there before"
    return int(found[0])


def find_complaint(conn: psycopg.Connection, complaint_id: int) -> ComplaintRow | None:
    """One complaint."""
    with conn.cursor(row_factory=class_row(ComplaintRow)) as cursor:
        return cursor.execute(COMPLAINT + " WHERE said.complaint_id = %s", [complaint_id]).fetchone()


def list_complaints(conn: psycopg.Connection, *, person_id: int | None, limit: int) -> list[ComplaintRow]:
    """One person's, or all that nobody has answered; the oldest first."""
    of_person = " WHERE person_id = %(person)s"
    unanswered = (
        " WHERE NOT EXISTS (SELECT FROM customers_complaint_act AS done"
        " WHERE done.complaint_id = said.complaint_id AND act = 'answered')"
    )
    query = COMPLAINT + (unanswered if person_id is None else of_person) + " ORDER BY complaint_id LIMIT %(limit)s"
    with conn.cursor(row_factory=class_row(ComplaintRow)) as cursor:
        return cursor.execute(query, {"person": person_id, "limit": limit}).fetchall()


def list_ended(conn: psycopg.Connection, *, limit: int) -> list[ComplaintRow]:
    """Those that were answered, the newest answer first."""
    order = "WHERE answered_at IS NOT NULL ORDER BY answered_at DESC, complaint_id DESC LIMIT %s"
    query = f"SELECT * FROM ({COMPLAINT}) AS told {order}"  # noqa: S608
    with conn.cursor(row_factory=class_row(ComplaintRow)) as cursor:
        return cursor.execute(query, [limit]).fetchall()


def list_acts(conn: psycopg.Connection, complaint_id: int) -> list[ComplaintAct]:
    """What people did with a complaint, in order."""
    query = "SELECT act, person, why, at FROM customers_complaint_act WHERE complaint_id = %s ORDER BY number"
    with conn.cursor(row_factory=class_row(ComplaintAct)) as cursor:
        return cursor.execute(query, [complaint_id]).fetchall()


def insert_answer(conn: psycopg.Connection, complaint_id: int, sealed: bytes) -> None:
    """The words of the answer."""
    conn.execute(
        "INSERT INTO customers_complaint_answer (complaint_id, sealed) VALUES (%s, %s)", [complaint_id, sealed]
    )


def list_answers(conn: psycopg.Connection, person_id: int) -> dict[int, bytes]:
    """The answers that a person got, by complaint."""
    query = (
        "SELECT complaint_id, answer.sealed FROM customers_complaint_answer AS answer JOIN customers_complaint USING (complaint_id)"
        " WHERE person_id = %s"
    )
    return {int(number): bytes(sealed) for number, sealed in conn.execute(query, [person_id])}


def reseal_answer(conn: psycopg.Connection, complaint_id: int, sealed: bytes) -> None:
    """The same under another key."""
    conn.execute("UPDATE customers_complaint_answer SET sealed = %s WHERE complaint_id = %s", [sealed, complaint_id])


def insert_act(
    conn: psycopg.Connection, complaint_id: int, act: str, *, person: str, why: str, now: dt.datetime
) -> None:
    """What a person did with a complaint."""
    conn.execute(
        "INSERT INTO customers_complaint_act (complaint_id, number, act, person, why, at)"
        " SELECT %s, coalesce(max(number), 0) + 1, %s, %s, %s, %s FROM customers_complaint_act WHERE complaint_id = %s",
        [complaint_id, act, person, why, now, complaint_id],
    )


def reseal_complaint(conn: psycopg.Connection, complaint_id: int, sealed: bytes) -> None:
    """The same under another key."""
    conn.execute("UPDATE customers_complaint SET sealed = %s WHERE complaint_id = %s", [sealed, complaint_id])
