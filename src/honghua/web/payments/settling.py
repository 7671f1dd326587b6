"""Payments that machines cannot settle: the gateway said what can't be, or the books take no money. One person asks, another confirms.

What a word does: arrived: the money is here and is booked, the amount that people found · returned: no money is here (any more), what was
booked is reversed · stands: the booking is right, what the gateway said after it was wrong.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import class_row

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.credit.core import Command, Repay, ReverseFact
from honghua.web.payments.book import DONE, TEXT_MAX
from honghua.web.payments.gateway import AMOUNT_MAX
from honghua.web.payments.states import State

Answer = dict[str, Any]
NOTICES_SHOWN: Final = 20


class Word(StrEnum):
    """What people say of a payment. Stored."""

    ARRIVED = "arrived"
    RETURNED = "returned"
    STANDS = "stands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What one person says of a payment. amount_minor: what they found, minor units; it counts for money that arrived."""

    word: Word
    amount_minor: int
    person: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A word that waits for a second person, or was decided. sequence: of the last notice that whoever asked had read."""

    word_id: int
    payment_id: str
    sequence: int
    word: str
    amount_minor: int
    asked_by: str
    why: str
    asked_at: dt.datetime
    decided_by: str | None
    outcome: str | None
    decided_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One notice of the gateway as it was kept. problem: why it could not be."""

    notice_id: str
    payment_id: str
    sequence: int
    status: str
    amount_minor: int
    currency: str
    problem: str
    received_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubled:
    """A payment that waits for people. fact_id: of its booking, None where it is not booked; attempt: refusals of the books."""

    payment_id: str
    customer: str
    amount_minor: int
    currency: str
    reference: str
    state: str
    sequence: int
    attempt: int
    problem: str
    made_at: dt.datetime
    changed_at: dt.datetime
    fact_id: int | None

    @property
    def words(self) -> tuple[Word, ...]:
        """What may be said of it."""
        return (Word.STANDS, Word.RETURNED) if self.fact_id is not None else (Word.ARRIVED, Word.RETURNED)


ASKED: Final = (
    "word_id, payment_id::text, sequence, word, amount_minor, asked_by, why, asked_at, decided_by, outcome, decided_at"
)
HEARD: Final = ", ".join(field.name for field in fields(Heard))
TROUBLED: Final = (
    "payment_id::text, customer, amount_minor, currency, reference, state, sequence, attempt, problem, made_at, changed_at,"
    " (answer->>'fact_id')::bigint AS fact_id"
)
IN_TROUBLE: Final = "(state = 'disputed' OR (state = 'paid' AND attempt > 0))"


def list_troubled(conn: psycopg.Connection, *, limit: int) -> list[Troubled]:
    """What waits for people, the longest first."""
    with conn.cursor(row_factory=class_row(Troubled)) as cursor:
        query = f"SELECT {TROUBLED} FROM web_payment WHERE {IN_TROUBLE} ORDER BY changed_at LIMIT %s"  # noqa: S608
        return cursor.execute(query, [limit]).fetchall()


def list_notices(conn: psycopg.Connection, payment_ids: list[str]) -> list[Heard]:
    """The newest notices of these payments."""
    with conn.cursor(row_factory=class_row(Heard)) as cursor:
        query = (
            f"SELECT {HEARD} FROM web_payment_notice WHERE payment_id = ANY(%s) ORDER BY received_at, sequence LIMIT %s"  # noqa: S608
        )
        return cursor.execute(query, [payment_ids, NOTICES_SHOWN * max(1, len(payment_ids))]).fetchall()


def list_strangers(conn: psycopg.Connection) -> list[Heard]:
    """The newest notices of payments that we never made."""
    with conn.cursor(row_factory=class_row(Heard)) as cursor:
        query = f"SELECT {HEARD} FROM web_payment_notice WHERE problem = 'PAYMENT_UNKNOWN' ORDER BY received_at DESC LIMIT %s"  # noqa: S608
        return cursor.execute(query, [NOTICES_SHOWN]).fetchall()


def list_asked(conn: psycopg.Connection, *, is_open: bool, limit: int) -> list[Asked]:
    """Words that wait for a second person, or the newest that were decided."""
    with conn.cursor(row_factory=class_row(Asked)) as cursor:
        query = f"SELECT {ASKED} FROM web_payment_word WHERE (outcome IS NULL) = %s ORDER BY word_id DESC LIMIT %s"  # noqa: S608
        return cursor.execute(query, [is_open, limit]).fetchall()


def ask(conn: psycopg.Connection, payment_id: str, saying: Saying, *, now: dt.datetime) -> int:
    """Put a word before a second person, in the caller's transaction; its number.

    NotFound for a payment that waits for nobody, BadInput for a word that does not fit it, Conflict where one waits already.
    """
    payment = _hold_troubled(conn, payment_id)
    if saying.word not in payment.words or not 0 < saying.amount_minor <= AMOUNT_MAX:
        raise BadInput(f"{saying.word} cannot be said of a payment that is {payment.state}", code="WORD_WRONG")
    row = conn.execute(
        "INSERT INTO web_payment_word (payment_id, sequence, word, amount_minor, asked_by, why, asked_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING word_id",
        [
            payment.payment_id,
            payment.sequence,
            saying.word,
            saying.amount_minor,
            saying.person,
            saying.why[:TEXT_MAX],
            now,
        ],
    ).fetchone()
    if row is None:
        raise Conflict("a word about this payment waits for a second person already", code="WORD_WAITS")
    return int(row[0])


def make_command(conn: psycopg.Connection, word_id: int, *, person: str) -> Command | None:
    """What the books must do for a word to hold; None where they need do nothing. NotFound, Conflict as `keep`."""
    asked, payment = _hold(conn, word_id, person)
    key = f"payment:{payment.payment_id}:word:{word_id}"
    if asked.word == Word.ARRIVED:
        return Repay(
            key=key, customer=payment.customer, amount_minor=asked.amount_minor, reference=payment.reference[:TEXT_MAX]
        )
    if asked.word == Word.RETURNED and payment.fact_id is not None:
        return ReverseFact(key=key, customer=payment.customer, fact_id=payment.fact_id, reason="the payment went back")
    return None


def keep(conn: psycopg.Connection, word_id: int, answer: Answer | None, *, person: str, now: dt.datetime) -> State:
    """The second person's yes, after the books' answer to its command, in the caller's transaction; how the payment stands.

    NotFound for no such open word; Conflict OWN_WORD for one's own, PAYMENT_MOVED where the gateway has spoken since it was asked.
    """
    asked, payment = _hold(conn, word_id, person)
    assert answer is None or answer["outcome"] in DONE, "the books refused: nothing is kept"
    state = State.FAILED if asked.word == Word.RETURNED else State.BOOKED
    is_booked_now = asked.word == Word.ARRIVED and answer is not None
    # A payment that comes again after it went back is another booking: it needs another key.
    conn.execute(
        "UPDATE web_payment SET state = %s, problem = '', changed_at = %s, attempt = attempt + 1,"
        " amount_minor = CASE WHEN %s THEN %s ELSE amount_minor END, answer = CASE WHEN %s THEN %s::jsonb ELSE answer END"
        " WHERE payment_id = %s",
        [state, now, is_booked_now, asked.amount_minor, is_booked_now, msgspec.json.encode(answer).decode(), payment.payment_id],
    )  # fmt: skip
    _end(conn, word_id, "confirmed", person, now)
    return state


def reject(conn: psycopg.Connection, word_id: int, *, person: str, now: dt.datetime) -> None:
    """The second person's no, in the caller's transaction: the payment waits on. NotFound and Conflict OWN_WORD as `keep`."""
    _get_open(conn, word_id, person)
    _end(conn, word_id, "rejected", person, now)


def _end(conn: psycopg.Connection, word_id: int, outcome: str, person: str, now: dt.datetime) -> None:
    conn.execute(
        "UPDATE web_payment_word SET decided_by = %s, outcome = %s, decided_at = %s WHERE word_id = %s",
        [person, outcome, now, word_id],
    )


def _get_open(conn: psycopg.Connection, word_id: int, person: str) -> Asked:
    with conn.cursor(row_factory=class_row(Asked)) as cursor:
        query = f"SELECT {ASKED} FROM web_payment_word WHERE word_id = %s AND outcome IS NULL FOR UPDATE"  # noqa: S608
        asked = cursor.execute(query, [word_id]).fetchone()
    if asked is None:
        raise NotFound(f"no word {word_id} waits for a second person", code="WORD_UNKNOWN")
    if asked.asked_by == person:
        raise Conflict("nobody confirms their own word", code="OWN_WORD")
    return asked


def _hold(conn: psycopg.Connection, word_id: int, person: str) -> tuple[Asked, Troubled]:
    asked = _get_open(conn, word_id, person)
    payment = _hold_troubled(conn, asked.payment_id)
    if payment.sequence != asked.sequence:
        raise Conflict("the gateway has spoken since this was asked: reject it and look again", code="PAYMENT_MOVED")
    return asked, payment


def _hold_troubled(conn: psycopg.Connection, payment_id: str) -> Troubled:
    with conn.cursor(row_factory=class_row(Troubled)) as cursor:
        query = f"SELECT {TROUBLED} FROM web_payment WHERE payment_id = %s::uuid AND {IN_TROUBLE} FOR UPDATE"  # noqa: S608
        payment = cursor.execute(query, [payment_id]).fetchone()
    if payment is None:
        raise NotFound("no such payment waits for people", code="PAYMENT_UNKNOWN")
    return payment


__all__ = [
    "DONE",
    "Asked",
    "Heard",
    "Saying",
    "Troubled",
    "Word",
    "ask",
    "keep",
    "list_asked",
    "list_notices",
    "list_strangers",
    "list_troubled",
    "make_command",
    "reject",
]
