"""Money that came by the payment gateway, and what breaks its books."""

from __future__ import annotations

import datetime as dt
import uuid

import psycopg

from honghua.credit.api import Registry, execute
from honghua.store.database import run_unit
from honghua.web.payments import book
from honghua.web.payments.states import Notice, Status
from tests.verify.plants import Plant, plant

PAID, OPEN = uuid.UUID(int=1), uuid.UUID(int=2)
NAMED = "SELECT 'payment ' || payment_id, payment_id FROM web_payment WHERE state = "


def repay_by_gateway(conn: psycopg.Connection, registry: Registry, *, now: dt.datetime) -> None:
    """One payment is paid and booked, one waits for its customer."""
    for number in (PAID, OPEN):
        run_unit(conn, lambda c, number=number: book.make_payment(c, number, "dai", (500, "CNY"), now=now))  # type: ignore[misc]
    notice = Notice(
        notice_id="N1", payment_id=str(PAID), reference="R1", sequence=1, status=Status.PAID, amount_minor=500, currency="CNY"
    )  # fmt: skip
    run_unit(conn, lambda c: book.take_notice(c, notice, now=now))
    assert book.book_paid(conn, lambda one: execute(conn, registry, [one], now=now)[0], now=now) == 1


PAYMENTS: tuple[Plant, ...] = (
    plant("a payment counts as booked by hand", "web.payments_booked_once", NAMED + "'made'",
        "UPDATE web_payment SET state = 'booked', answer = '{{}}' WHERE payment_id = '{1}'"),
    plant("a booked payment waits again", "web.payments_booked_once", NAMED + "'booked'",
        "UPDATE web_payment SET state = 'made', sequence = 0 WHERE payment_id = '{1}'"),
    plant("a payment grows after it was paid", "web.payments_were_paid", NAMED + "'booked'",
        "UPDATE web_payment SET amount_minor = amount_minor + 1 WHERE payment_id = '{1}'"),
)  # fmt: skip
