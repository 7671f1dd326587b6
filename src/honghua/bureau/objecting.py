"""Objections from the first word to the written result; one that was right ends in a correction of the record (R-154)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.clock import CHINA
from honghua.base.errors import BadInput, NotFound, Refusal
from honghua.bureau import store_records
from honghua.bureau.core.objections import RULES, ObjectionKind, due_on

QUEUE_MAX: Final = 1_000
OUTCOMES: Final = ("corrected", "confirmed", "repaired")
SELECT: Final = """
SELECT o.objection_id, o.customer, o.kind, o.account_id, o.month, o.said, o.fee_minor, o.opened_at, o.due_on, a.outcome, a.answer,
  a.answered_by, a.answered_at
FROM bureau_objection AS o LEFT JOIN bureau_objection_answer AS a USING (objection_id)
"""
OPEN: Final = SELECT + " WHERE a.objection_id IS NULL ORDER BY o.due_on, o.objection_id LIMIT %s"
OF_CUSTOMER: Final = SELECT + " WHERE o.customer = %s ORDER BY o.objection_id DESC LIMIT %s"
ONE: Final = SELECT + " WHERE o.objection_id = %s"


@dataclass(frozen=True, slots=True)
class ObjectionRow:
    """One objection; the last four are None while it waits. The record that it is about is marked as long."""

    objection_id: int
    customer: str
    kind: str
    account_id: int | None
    month: dt.date | None
    said: str
    fee_minor: int
    opened_at: dt.datetime
    due_on: dt.date
    outcome: str | None
    answer: str | None
    answered_by: str | None
    answered_at: dt.datetime | None

    def is_late(self, now: dt.datetime) -> bool:
        """Whether the law's day passed without an answer, or passed before it."""
        return (self.answered_at or now).astimezone(CHINA).date() > self.due_on


def open_objection(
    conn: psycopg.Connection,
    customer: str,
    *,
    kind: ObjectionKind,
    said: str,
    about: tuple[int, dt.date] | None,
    now: dt.datetime,
) -> ObjectionRow | Refusal:
    """Take an objection, free of charge, and start its clock; the month of the account that it is about is marked from now on.

    about: (account, month), None for one about an inquiry. Refusal RECORD_UNKNOWN when nothing was filed of that month for the customer;
    BadInput without words. A second objection to the same open matter gives the first.
    """
    if not said.strip():
        raise BadInput("an objection says what is wrong", code="OBJECTION_EMPTY")
    if (about is None) != (kind is ObjectionKind.INQUIRY):
        raise BadInput("an objection to a record or a repair names the account and month", code="OBJECTION_UNCLEAR")
    account_id, month = about if about is not None else (None, None)
    if account_id is not None and month is not None:
        filed = store_records.list_newest(conn, [account_id], month).get(account_id, [])
        if not any(one.record.customer == customer for one in filed):
            return Refusal("RECORD_UNKNOWN", "Nothing was reported of that account for that month.")
    conn.execute("SELECT pg_advisory_xact_lock(hashtext('bureau_objection'), hashtext(%s))", [customer])
    for row in list_objections_of(conn, customer, limit=QUEUE_MAX):
        if row.answered_at is None and (row.kind, row.account_id, row.month) == (kind.value, account_id, month):
            return row
    inserted = conn.execute(
        "INSERT INTO bureau_objection (customer, kind, account_id, month, said, fee_minor, opened_at, due_on)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING objection_id",
        [
            customer, kind.value, account_id, month, said, RULES[kind].fee_minor, now,
            due_on(kind, now.astimezone(CHINA).date()),
        ],
    ).fetchone()  # fmt: skip
    assert inserted is not None, "INSERT … RETURNING"
    return get_objection(conn, int(inserted[0]))


def answer_objection(
    conn: psycopg.Connection, objection_id: int, *, outcome: str, answer: str, by: str, now: dt.datetime
) -> ObjectionRow | Refusal:
    """The written result; the mark goes. `corrected` needs a version that was filed after the objection: first mend the books, then file.

    Refusal OBJECTION_ANSWERED, NOT_CORRECTED or NOT_REPAIRED; BadInput for an unknown outcome or no words.
    """
    if outcome not in OUTCOMES or not answer.strip() or not by.strip():
        raise BadInput(f"an answer is one of {', '.join(OUTCOMES)}, in words, signed", code="ANSWER_INVALID")
    row = get_objection(conn, objection_id)
    if row.answered_at is not None:
        return Refusal("OBJECTION_ANSWERED", "This objection has its answer already.")
    if outcome == "corrected" and not _is_corrected(conn, row):
        return Refusal("NOT_CORRECTED", "No corrected record was filed since the objection was made.")
    if outcome == "repaired" and not _is_repaired(conn, row):
        return Refusal("NOT_REPAIRED", "No repair of this account stands in the books of the bureau.")
    conn.execute(
        "INSERT INTO bureau_objection_answer (objection_id, outcome, answer, answered_by, answered_at) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [objection_id, outcome, answer, by, now],
    )
    return get_objection(conn, objection_id)


def get_objection(conn: psycopg.Connection, objection_id: int) -> ObjectionRow:
    """One objection; NotFound when there is none."""
    row = conn.execute(ONE, [objection_id]).fetchone()
    if row is None:
        raise NotFound(f"no objection {objection_id}", code="OBJECTION_UNKNOWN")
    return ObjectionRow(*row)


def list_objections(conn: psycopg.Connection, *, limit: int = 100) -> list[ObjectionRow]:
    """The desk's queue: what waits for an answer, the most urgent first. BadInput beyond `QUEUE_MAX`."""
    if not 1 <= limit <= QUEUE_MAX:
        raise BadInput(f"1 … {QUEUE_MAX} objections at a time")
    return [ObjectionRow(*row) for row in conn.execute(OPEN, [limit])]


def list_objections_of(conn: psycopg.Connection, customer: str, *, limit: int = 100) -> list[ObjectionRow]:
    """A customer's own, the newest first."""
    return [ObjectionRow(*row) for row in conn.execute(OF_CUSTOMER, [customer, limit])]


def find_disputed(conn: psycopg.Connection, customer: str) -> frozenset[tuple[int, dt.date]]:
    """(account, month) of what a customer objects to and nobody has answered."""
    return frozenset(
        (row.account_id, row.month)
        for row in list_objections_of(conn, customer, limit=QUEUE_MAX)
        if row.answered_at is None and row.account_id is not None and row.month is not None
    )


def _is_corrected(conn: psycopg.Connection, row: ObjectionRow) -> bool:
    if row.account_id is None or row.month is None:
        return False
    filed = store_records.list_newest(conn, [row.account_id], row.month)[row.account_id]
    return any(one.version > 1 and one.recorded_at >= row.opened_at for one in filed)


def _is_repaired(conn: psycopg.Connection, row: ObjectionRow) -> bool:
    query = "SELECT count(*) FROM bureau_repair WHERE account_id = %s AND customer = %s"
    found = conn.execute(query, [row.account_id, row.customer]).fetchone()
    return found is not None and found[0] > 0
