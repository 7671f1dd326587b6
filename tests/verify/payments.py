"""Money that came by the payment gateway, and what breaks its books."""

from __future__ import annotations

import datetime as dt
import uuid

import psycopg

from honghua.credit.api import Registry, execute
from honghua.store.database import run_unit
from honghua.web.payments import book, settling
from honghua.web.payments.states import Notice, Status
from tests.verify.plants import Plant, plant

PAID, OPEN, FOUND = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)
NAMED = "SELECT 'payment ' || payment_id, payment_id FROM web_payment WHERE state = "


def repay_by_gateway(conn: psycopg.Connection, registry: Registry, *, now: dt.datetime) -> None:
    """One payment is paid and booked, one waits for its customer; of one people found another amount, which two of them had booked."""
    for number in (PAID, OPEN):
        run_unit(conn, lambda c, number=number: book.make_payment(c, number, "dai", (500, "CNY"), now=now))  # type: ignore[misc]
    notice = Notice(
        notice_id="N1", payment_id=str(PAID), reference="R1", sequence=1, status=Status.PAID, amount_minor=500, currency="CNY"
    )  # fmt: skip
    run_unit(conn, lambda c: book.take_notice(c, notice, now=now))
    assert book.book_paid(conn, lambda one: execute(conn, registry, [one], now=now)[0], now=now) == (1, 1)
    settle_by_people(conn, registry, now=now)


def settle_by_people(conn: psycopg.Connection, registry: Registry, *, now: dt.datetime) -> None:
    """The gateway says another amount than was asked for; one person finds it at the bank, another confirms."""
    run_unit(conn, lambda c: book.make_payment(c, FOUND, "dai", (500, "CNY"), now=now))
    notice = Notice(
        notice_id="N3", payment_id=str(FOUND), reference="R3", sequence=1, status=Status.PAID, amount_minor=400, currency="CNY"
    )  # fmt: skip
    run_unit(conn, lambda c: book.take_notice(c, notice, now=now))
    said = settling.Saying(word=settling.Word.ARRIVED, amount_minor=400, person="otto", why="the bank's statement")
    word_id = run_unit(conn, lambda c: settling.ask(c, str(FOUND), said, now=now))
    command = run_unit(conn, lambda c: settling.make_command(c, word_id, person="olga"))
    assert command is not None
    answer = execute(conn, registry, [command], now=now)[0]
    run_unit(conn, lambda c: settling.keep(c, word_id, answer, person="olga", now=now))


PAYMENTS: tuple[Plant, ...] = (
    plant("a payment counts as booked by hand", "web.payments_booked_once", NAMED + "'made'",
        "UPDATE web_payment SET state = 'booked', answer = '{{}}' WHERE payment_id = '{1}'"),
    plant("a booked payment waits again", "web.payments_booked_once", NAMED + "'booked'",
        "UPDATE web_payment SET state = 'made', sequence = 0 WHERE payment_id = '{1}'"),
    plant("a payment grows after it was paid", "web.payments_were_paid", NAMED + "'booked'",
        "UPDATE web_payment SET amount_minor = amount_minor + 1 WHERE payment_id = '{1}'"),
    plant("two people confirmed another amount", "web.payments_were_paid", "SELECT 'payment ' || payment_id FROM web_payment_word",
        "UPDATE web_payment_word SET amount_minor = amount_minor + 1"),
)  # fmt: skip
