"""Card payments as we keep them: who paid what, once, under which reference, and what became of it. No card number, no money of ours.

A checkout is paid by one means at a time. Before an attempt goes to the books the checkout is claimed for credit, before a payment goes to
the acquirer for the card; a claim passes to the other means only when everything that was asked under it has been refused. An attempt on
credit whose answer nobody knows therefore keeps the card out until it is made again, and answered.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

import psycopg
from psycopg.rows import class_row

from honghua.web.problems import Trouble

TEXT_MAX: Final = 200


class State(StrEnum):
    """How a payment stands with us. Stored."""

    ASKED = "asked"
    PAID = "paid"
    DECLINED = "declined"


class Kind(StrEnum):
    """What happened to a payment. Stored."""

    ASKED = "asked"
    PAID = "paid"
    DECLINED = "declined"
    REFUND_ASKED = "refund_asked"
    REFUNDED = "refunded"
    REFUND_REFUSED = "refund_refused"
    DISPUTE_ASKED = "dispute_asked"
    DISPUTE_OPEN = "dispute_open"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    DIFFERENT = "different"  # the acquirer said what cannot be: kept, never believed


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPayment:
    """One payment. amount_minor: what the customer pays, discount_minor is off; refunded_minor: what went back to the card for certain;
    promised_minor: that, and what is asked for and not refused; dispute: the newest word about it, None = none."""

    payment_id: uuid.UUID
    checkout_id: str
    merchant: str
    order: str
    expires_at: dt.datetime
    customer: str
    amount_minor: int
    discount_minor: int
    currency: str
    state: str
    problem: str
    reference: str
    pay_url: str
    last_four: str
    made_at: dt.datetime
    refunded_minor: int
    promised_minor: int
    dispute: str | None

    @property
    def key(self) -> str:
        """As the acquirer knows it."""
        return str(self.payment_id)

    @property
    def is_paid(self) -> bool:
        """Whether the acquirer has the money."""
        return self.state == State.PAID

    @property
    def is_disputed(self) -> bool:
        """Whether a dispute is open or was won: then the shop gives nothing back beside it."""
        return self.dispute is not None and self.dispute != Kind.DISPUTE_LOST


@dataclass(frozen=True, slots=True)
class CardEvent:
    """Something that happened, at a moment. request: the key of a refund, "" = of the payment itself."""

    payment_id: uuid.UUID
    kind: str
    amount_minor: int
    at: dt.datetime
    request: str = ""
    reference: str = ""


EVENT: Final = ", ".join(field.name for field in fields(CardEvent))
PAYMENT: Final = """
SELECT p.payment_id, p.checkout_id, c.merchant, c.order_ref AS order, c.expires_at, p.customer, p.amount_minor,
  p.discount_minor, p.currency, p.state,
  p.problem, p.reference, p.pay_url, p.last_four, p.made_at,
  coalesce((SELECT sum(amount_minor) FROM web_card_event AS e WHERE e.payment_id = p.payment_id AND kind = 'refunded'), 0)::bigint
    AS refunded_minor,
  coalesce((SELECT sum(CASE kind WHEN 'refund_asked' THEN amount_minor ELSE -amount_minor END) FROM web_card_event AS e
    WHERE e.payment_id = p.payment_id AND kind IN ('refund_asked', 'refund_refused')), 0)::bigint AS promised_minor,
  (SELECT kind FROM web_card_event AS e WHERE e.payment_id = p.payment_id AND kind LIKE 'dispute%%' ORDER BY event_id DESC LIMIT 1)
    AS dispute
FROM web_card_payment AS p JOIN web_checkout AS c USING (checkout_id)
"""


def claim_for_credit(conn: psycopg.Connection, checkout_id: str, attempt: int) -> None:
    """This attempt goes to the books; Trouble CHECKOUT_BY_CARD while a card pays, or has paid."""
    means, _ = _hold_means(conn, checkout_id, "credit")
    if means == "card" and find_live(conn, checkout_id) is not None:
        raise Trouble("CHECKOUT_BY_CARD", "a card pays this order, or has paid it")
    conn.execute(
        "UPDATE web_checkout_means SET means = 'credit', attempt = greatest(attempt, %s) WHERE checkout_id = %s",
        [attempt, checkout_id],
    )


def claim_for_card(conn: psycopg.Connection, checkout_id: str) -> int:
    """A card is to pay; the number of the last attempt that went to the books, all of whose answers the caller must find refused."""
    _, attempt = _hold_means(conn, checkout_id, "card")
    conn.execute("UPDATE web_checkout_means SET means = 'card' WHERE checkout_id = %s", [checkout_id])
    return attempt


def _hold_means(conn: psycopg.Connection, checkout_id: str, means: str) -> tuple[str, int]:
    conn.execute(
        "INSERT INTO web_checkout_means (checkout_id, means, attempt) VALUES (%s, %s, 0) ON CONFLICT DO NOTHING",
        [checkout_id, means],
    )
    query = "SELECT means, attempt FROM web_checkout_means WHERE checkout_id = %s FOR UPDATE"
    row = conn.execute(query, [checkout_id]).fetchone()
    assert row is not None, "just put there"
    return row[0], row[1]


def insert_payment(conn: psycopg.Connection, payment: CardPayment, *, look_at: dt.datetime) -> None:
    """A new payment, in the caller's transaction, which holds the checkout's claim."""
    conn.execute(
        "INSERT INTO web_card_payment (payment_id, checkout_id, customer, amount_minor, discount_minor, currency, made_at, look_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            payment.payment_id, payment.checkout_id, payment.customer, payment.amount_minor, payment.discount_minor, payment.currency,
            payment.made_at, look_at,
        ],
    )  # fmt: skip
    note(conn, CardEvent(payment.payment_id, Kind.ASKED, payment.amount_minor, payment.made_at))


def find_live(conn: psycopg.Connection, checkout_id: str) -> CardPayment | None:
    """The payment of a checkout that was not declined."""
    with conn.cursor(row_factory=class_row(CardPayment)) as cursor:
        return cursor.execute(f"{PAYMENT} WHERE checkout_id = %s AND state <> 'declined'", [checkout_id]).fetchone()


def find_payment(conn: psycopg.Connection, payment_id: uuid.UUID, *, customer: str | None = None) -> CardPayment | None:
    """A payment, of this customer where one is named."""
    with conn.cursor(row_factory=class_row(CardPayment)) as cursor:
        query = f"{PAYMENT} WHERE payment_id = %s AND (%s::text IS NULL OR customer = %s)"
        return cursor.execute(query, [payment_id, customer, customer]).fetchone()


def hold_payment(conn: psycopg.Connection, payment_id: uuid.UUID) -> CardPayment:
    """A payment that nobody else changes until the caller's transaction ends; read after the lock is had."""
    conn.execute("SELECT 1 FROM web_card_payment WHERE payment_id = %s FOR UPDATE", [payment_id])
    found = find_payment(conn, payment_id)
    assert found is not None, "payments are never taken away"
    return found


def list_payments(conn: psycopg.Connection, customer: str, *, limit: int) -> list[CardPayment]:
    """The newest payments of a customer."""
    with conn.cursor(row_factory=class_row(CardPayment)) as cursor:
        query = f"{PAYMENT} WHERE customer = %s ORDER BY made_at DESC LIMIT %s"
        return cursor.execute(query, [customer, limit]).fetchall()


def list_due(conn: psycopg.Connection, *, now: dt.datetime, limit: int) -> list[CardPayment]:
    """Payments of which something is open and to be asked about now, the longest due first."""
    with conn.cursor(row_factory=class_row(CardPayment)) as cursor:
        query = f"{PAYMENT} WHERE look_at <= %s ORDER BY look_at LIMIT %s"
        return cursor.execute(query, [now, limit]).fetchall()


def note(conn: psycopg.Connection, event: CardEvent) -> bool:
    """Write down what happened; False when it was written before."""
    done = conn.execute(
        f"INSERT INTO web_card_event ({EVENT}) VALUES (%s, %s, %s, %s, %s, %s)"  # noqa: S608
        " ON CONFLICT (payment_id, kind, request) DO NOTHING",
        [event.payment_id, event.kind, event.amount_minor, event.at, event.request, event.reference[:TEXT_MAX]],
    )
    return done.rowcount == 1


def list_events(conn: psycopg.Connection, payment_id: uuid.UUID) -> list[CardEvent]:
    """What happened to a payment, in order."""
    with conn.cursor(row_factory=class_row(CardEvent)) as cursor:
        query = f"SELECT {EVENT} FROM web_card_event WHERE payment_id = %s ORDER BY event_id"  # noqa: S608
        return cursor.execute(query, [payment_id]).fetchall()


def find_refund(conn: psycopg.Connection, key: str) -> CardEvent | None:
    """The asking for a refund under this key, of whatever payment."""
    with conn.cursor(row_factory=class_row(CardEvent)) as cursor:
        query = f"SELECT {EVENT} FROM web_card_event WHERE kind = 'refund_asked' AND request = %s"  # noqa: S608
        return cursor.execute(query, [key]).fetchone()


def list_open_refunds(conn: psycopg.Connection, payment_id: uuid.UUID) -> list[CardEvent]:
    """Refunds that were asked for and neither done nor refused."""
    with conn.cursor(row_factory=class_row(CardEvent)) as cursor:
        query = (
            f"SELECT {EVENT} FROM web_card_event AS e WHERE payment_id = %s AND kind = 'refund_asked' AND NOT EXISTS ("  # noqa: S608
            " SELECT 1 FROM web_card_event AS o WHERE o.payment_id = e.payment_id AND o.request = e.request"
            " AND o.kind IN ('refunded', 'refund_refused')) ORDER BY event_id"
        )
        return cursor.execute(query, [payment_id]).fetchall()


def set_look(conn: psycopg.Connection, payment_id: uuid.UUID, look_at: dt.datetime | None) -> None:
    """When the acquirer is asked next; None: nothing is open."""
    conn.execute("UPDATE web_card_payment SET look_at = %s WHERE payment_id = %s", [look_at, payment_id])
