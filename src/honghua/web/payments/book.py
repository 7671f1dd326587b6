"""Payments as we keep them: made, followed notice by notice under a row lock, and booked under keys of their own."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import class_row

from honghua.base.errors import WorldFailed
from honghua.credit.core import Command, Repay, SettlePlan
from honghua.decision import api as decision
from honghua.store.database import run_unit
from honghua.web.payments.gateway import Asked, Made, PaymentGateway
from honghua.web.payments.states import Notice, Standing, State, follow

Answer = dict[str, Any]
ASK_AFTER: Final = dt.timedelta(minutes=2)  # then the gateway is asked about a payment that it says nothing of
GIVEN_UP_AFTER: Final = dt.timedelta(days=3)
AT_ONCE: Final = 50
ATTEMPTS_MAX: Final = 40
TEXT_MAX: Final = 200
DONE: Final = frozenset({"done", "approved"})
NAMESPACE: Final = uuid.UUID("5f0c3a5e-6a43-4c0e-9b1e-1f7a55d0c9ab")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment. plan_id: the plan that it ends, None = a repayment; attempt: bookings that the books have refused."""

    payment_id: uuid.UUID
    customer: str
    plan_id: int | None
    amount_minor: int
    currency: str
    reference: str
    pay_url: str
    state: str
    sequence: int
    attempt: int
    problem: str
    made_at: dt.datetime

    @property
    def is_open(self) -> bool:
        """Whether the customer can still pay it."""
        return self.state == State.MADE

    @property
    def standing(self) -> Standing:
        """What the next notice meets."""
        return Standing(
            state=State(self.state), sequence=self.sequence, amount_minor=self.amount_minor, currency=self.currency,
            reference=self.reference,
        )  # fmt: skip

    def command(self) -> Command:
        """How it is booked. A plan that its amount no longer ends takes it as a repayment: the money is here."""
        key = f"payment:{self.payment_id}:{self.attempt}"
        if self.plan_id is not None and self.attempt == 0:
            return SettlePlan(key=key, customer=self.customer, plan_id=self.plan_id, amount_minor=self.amount_minor)
        return Repay(
            key=key, customer=self.customer, amount_minor=self.amount_minor, reference=self.reference[:TEXT_MAX]
        )


COLUMNS: Final = ", ".join(field.name for field in fields(Payment))


def name_payment(customer: str, form_key: str) -> uuid.UUID:
    """The id of the payment that a drawn form makes: sent twice it is one."""
    return uuid.uuid5(NAMESPACE, f"{customer}\n{form_key}")


def make_payment(
    conn: psycopg.Connection, payment_id: uuid.UUID, customer: str, amount: tuple[int, str], *,
    plan_id: int | None = None, now: dt.datetime,
) -> Payment:  # fmt: skip
    """A payment of (minor units, currency), once per id."""
    conn.execute(
        "INSERT INTO web_payment (payment_id, customer, plan_id, amount_minor, currency, made_at, changed_at, look_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (payment_id) DO NOTHING",
        [payment_id, customer, plan_id, *amount, now, now, now + ASK_AFTER],
    )
    found = find_payment(conn, payment_id, customer=customer)
    assert found is not None, "its id is made of the customer"
    return found


def find_payment(conn: psycopg.Connection, payment_id: uuid.UUID, *, customer: str) -> Payment | None:
    """A payment of this customer."""
    with conn.cursor(row_factory=class_row(Payment)) as cursor:
        query = f"SELECT {COLUMNS} FROM web_payment WHERE payment_id = %s AND customer = %s"  # noqa: S608
        return cursor.execute(query, [payment_id, customer]).fetchone()


def list_payments(conn: psycopg.Connection, customer: str, *, limit: int) -> list[Payment]:
    """The newest payments of a customer."""
    with conn.cursor(row_factory=class_row(Payment)) as cursor:
        query = f"SELECT {COLUMNS} FROM web_payment WHERE customer = %s ORDER BY made_at DESC LIMIT %s"  # noqa: S608
        return cursor.execute(query, [customer, limit]).fetchall()


def ask_for(payment: Payment, *, subject: str, address: str) -> Asked:
    """What the gateway is asked for."""
    return Asked(
        payment_id=str(payment.payment_id), amount_minor=payment.amount_minor, currency=payment.currency, subject=subject,
        notify_url=f"{address}/payments/notices", return_url=f"{address}/my/payments/{payment.payment_id}",
    )  # fmt: skip


def save_made(conn: psycopg.Connection, payment_id: uuid.UUID, made: Made) -> None:
    """Where it is paid. The first answer stands."""
    conn.execute(
        "UPDATE web_payment SET reference = %s, pay_url = %s WHERE payment_id = %s AND pay_url = ''",
        [made.reference[:TEXT_MAX], made.pay_url, payment_id],
    )


def take_notice(conn: psycopg.Connection, notice: Notice, *, now: dt.datetime) -> State | None:
    """Follow a word of the gateway, in the caller's transaction: once, in order. None: there is no such payment, or it was heard before.

    What can't be is kept and told to people, and moves no money.
    """
    payment = _hold(conn, notice.payment_id)
    state, problem = follow(payment.standing, notice) if payment is not None else (None, "PAYMENT_UNKNOWN")
    heard = conn.execute(
        "INSERT INTO web_payment_notice (notice_id, payment_id, sequence, status, amount_minor, currency, problem, received_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (notice_id) DO NOTHING",
        [
            notice.notice_id[:TEXT_MAX], notice.payment_id[:TEXT_MAX], notice.sequence, notice.status, notice.amount_minor,
            notice.currency[:TEXT_MAX], problem, now,
        ],
    )  # fmt: skip
    if heard.rowcount == 0:
        return None
    if problem:
        tell_people(conn, notice.payment_id, f"notice {notice.sequence} ({notice.status}): {problem}", now=now)
    if payment is None or notice.sequence <= payment.sequence:
        return None
    conn.execute(
        "UPDATE web_payment SET state = %s, sequence = %s, problem = %s, changed_at = %s, look_at = %s,"
        " reference = CASE WHEN reference = '' THEN %s ELSE reference END WHERE payment_id = %s",
        [state, notice.sequence, problem, now, now, notice.reference[:TEXT_MAX], payment.payment_id],
    )
    return state


def tell_people(conn: psycopg.Connection, payment_id: str, sentence: str, *, now: dt.datetime) -> None:
    """An alert: money came or went in a way that a person must look at."""
    told = decision.Told("payment", f"{payment_id[:TEXT_MAX]}:{sentence}", payment_id[:TEXT_MAX], sentence, now)
    decision.raise_alert(conn, told, now=now)


def _hold(conn: psycopg.Connection, payment_id: str) -> Payment | None:
    try:
        number = uuid.UUID(payment_id)
    except ValueError:
        return None
    with conn.cursor(row_factory=class_row(Payment)) as cursor:
        query = f"SELECT {COLUMNS} FROM web_payment WHERE payment_id = %s FOR UPDATE"  # noqa: S608
        return cursor.execute(query, [number]).fetchone()


def save_booked(conn: psycopg.Connection, payment: Payment, answer: Answer, *, now: dt.datetime) -> None:
    """What the books said to this attempt. Refused, it is tried again later under the next key, and a person is told."""
    values = {"id": payment.payment_id, "attempt": payment.attempt, "now": now}
    if answer["outcome"] in DONE:
        conn.execute(
            "UPDATE web_payment SET state = 'booked', answer = %(answer)s, problem = '', changed_at = %(now)s"
            " WHERE payment_id = %(id)s AND state = 'paid' AND attempt = %(attempt)s",
            values | {"answer": msgspec.json.encode(answer).decode()},
        )
        return
    again = now + dt.timedelta(minutes=payment.attempt**2)
    moved = conn.execute(
        "UPDATE web_payment SET attempt = attempt + 1, problem = %(code)s, changed_at = %(now)s, look_at = %(again)s"
        " WHERE payment_id = %(id)s AND state = 'paid' AND attempt = %(attempt)s",
        values | {"code": answer["code"], "again": again},
    )
    if moved.rowcount and not (payment.plan_id is not None and payment.attempt == 0):
        tell_people(conn, str(payment.payment_id), f"paid, and the books say {answer['code']}", now=now)


def find_due(conn: psycopg.Connection, payment_id: str, *, now: dt.datetime) -> Payment | None:
    """This payment, if it is paid and to be booked now."""
    with conn.cursor(row_factory=class_row(Payment)) as cursor:
        query = f"SELECT {COLUMNS} FROM web_payment WHERE payment_id = %s::uuid AND state = 'paid' AND look_at <= %s AND attempt < %s"  # noqa: S608
        return cursor.execute(query, [payment_id, now, ATTEMPTS_MAX]).fetchone()


def list_due(conn: psycopg.Connection, state: State, *, now: dt.datetime) -> list[Payment]:
    """Payments to be looked at now, the oldest first."""
    with conn.cursor(row_factory=class_row(Payment)) as cursor:
        query = (
            f"SELECT {COLUMNS} FROM web_payment WHERE state = %s AND look_at <= %s AND attempt < %s"  # noqa: S608
            " ORDER BY look_at LIMIT %s"
        )
        return cursor.execute(query, [state, now, ATTEMPTS_MAX, AT_ONCE]).fetchall()


def book_paid(conn: psycopg.Connection, execute: Callable[[Command], Answer], *, now: dt.datetime) -> tuple[int, int]:
    """Book the next piece of what was paid and is not booked, each by itself: (looked at, booked). A full piece: there is more.

    On a connection without an open transaction. One that the books refuse is due again later: pieces come to an end.
    """
    due, booked = list_due(conn, State.PAID, now=now), 0
    for payment in due:
        answer = execute(payment.command())
        run_unit(conn, lambda c, one=payment, said=answer: save_booked(c, one, said, now=now))  # type: ignore[misc]
        booked += answer["outcome"] in DONE
    return len(due), booked


def ask_about(conn: psycopg.Connection, gateway: PaymentGateway, *, now: dt.datetime) -> tuple[int, int]:
    """Ask the gateway about the next piece of payments of which it says nothing: a notice may be lost. (How many it told of, how many
    not; a full piece in all: there is more.)"""
    told = silent = 0
    for payment in list_due(conn, State.MADE, now=now):
        notice, is_over = None, False
        try:
            notice = gateway.find(str(payment.payment_id))
            is_over = now - payment.made_at > GIVEN_UP_AFTER
            told += 1
        except WorldFailed:
            silent += 1
        run_unit(conn, lambda c, one=payment, said=notice, over=is_over: _note(c, one, said, is_over=over, now=now))  # type: ignore[misc]
    return told, silent


def _note(
    conn: psycopg.Connection, payment: Payment, notice: Notice | None, *, is_over: bool, now: dt.datetime
) -> None:
    later = now + min(max(now - payment.made_at, ASK_AFTER), dt.timedelta(hours=6))
    conn.execute("UPDATE web_payment SET look_at = %s WHERE payment_id = %s", [later, payment.payment_id])
    if notice is not None:
        take_notice(conn, notice, now=now)
    elif is_over:  # a late notice that it was paid still counts
        conn.execute(
            "UPDATE web_payment SET state = 'failed', problem = 'NOT_PAID', changed_at = %s WHERE payment_id = %s AND state = 'made'",
            [now, payment.payment_id],
        )


__all__ = [
    "AT_ONCE",
    "Payment",
    "ask_about",
    "ask_for",
    "book_paid",
    "find_due",
    "find_payment",
    "list_payments",
    "make_payment",
    "name_payment",
    "save_booked",
    "save_made",
    "take_notice",
]
