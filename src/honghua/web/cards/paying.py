"""Paying, giving back and disputing by card: what is asked is on disk before the acquirer hears it, what it says counts once and only when
it fits what was asked. Anything that was not answered is asked again under its key, on a look or by the clock's job.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import psycopg

from honghua.base.errors import BadInput, Conflict, WorldFailed
from honghua.decision import api as decision
from honghua.web.cards import store
from honghua.web.cards.port import (
    CardAcquirer,
    CardAnswer,
    CardAsked,
    CardState,
    DisputeAnswer,
    DisputeState,
    RefundAnswer,
    RefundAsked,
)
from honghua.web.cards.store import CardEvent, CardPayment, Kind, State
from honghua.web.problems import Trouble

T = TypeVar("T")
ASK_AFTER: Final = dt.timedelta(minutes=2)
ASK_SELDOM: Final = dt.timedelta(hours=6)
AT_ONCE: Final = 50
UNANSWERED: Final = (
    WorldFailed,
    BadInput,
)  # silent, not to be believed, or it does not understand: nothing is known by it
OF_DISPUTE: Final = {
    DisputeState.OPEN: Kind.DISPUTE_OPEN, DisputeState.WON: Kind.DISPUTE_WON, DisputeState.LOST: Kind.DISPUTE_LOST,
}  # fmt: skip


class Unit(Protocol):
    """Runs work in one transaction of its own; on disk when it returns."""

    def __call__(self, work: Callable[[psycopg.Connection], T], /) -> T:
        """What the work returns."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTill:
    """Where cards are taken. address: where customers find us. Blocks while the acquirer thinks, with no transaction open."""

    acquirer: CardAcquirer
    unit: Unit
    now: Callable[[], dt.datetime]
    address: str

    def pay(self, payment_id: uuid.UUID) -> CardPayment:
        """Ask the acquirer for a payment, or again for the same one; as it stands then, as before where nobody answers."""
        payment = self._load(payment_id)
        if payment.state != State.ASKED:
            return payment
        try:
            answer = self.acquirer.pay(ask_for(payment, address=self.address))
        except UNANSWERED:
            return payment
        return self.unit(lambda conn: take_answer(conn, payment_id, answer, now=self.now()))

    def look(self, payment_id: uuid.UUID) -> CardPayment:
        """How a payment stands, by the acquirer's word where something is open."""
        payment = self._load(payment_id)
        if payment.state == State.ASKED:
            payment = self._find(payment)
        if payment.dispute in (Kind.DISPUTE_ASKED, Kind.DISPUTE_OPEN):
            payment = self.dispute(payment_id)
        return payment

    def _find(self, payment: CardPayment) -> CardPayment:
        try:
            answer = self.acquirer.find(payment.key)
        except UNANSWERED:
            return payment
        if answer is None:  # it never heard of it
            return self.pay(payment.payment_id)
        return self.unit(lambda conn: take_answer(conn, payment.payment_id, answer, now=self.now()))

    def refund(self, payment_id: uuid.UUID, key: str, amount_minor: int) -> CardPayment:
        """Give money back, once a key. Trouble where it can't be; TimedOut: ask again under the same key."""
        payment = self.unit(lambda conn: ask_refund(conn, payment_id, key, amount_minor, now=self.now()))
        return self._refund(payment, key, amount_minor)

    def _refund(self, payment: CardPayment, key: str, amount_minor: int) -> CardPayment:
        asked = RefundAsked(key=key, payment=payment.key, amount_minor=amount_minor, currency=payment.currency)
        answer = self.acquirer.refund(asked)
        is_believed = self.unit(lambda conn: take_refund(conn, payment.payment_id, asked, answer, now=self.now()))
        if not is_believed:
            raise WorldFailed(f"{self.acquirer.name} says of a refund what cannot be", code="COUNTERPARTY_FAILED")
        if not answer.is_done:
            raise Trouble("CARD_REFUND_REFUSED", "the acquirer does not give this money back")
        return self._load(payment.payment_id)

    def dispute(self, payment_id: uuid.UUID) -> CardPayment:
        """Open the dispute about a payment, once, or see how it stands. Trouble for one that was not paid."""
        payment = self.unit(lambda conn: ask_dispute(conn, payment_id, now=self.now()))
        if payment.dispute in (Kind.DISPUTE_WON, Kind.DISPUTE_LOST):
            return payment
        try:
            answer = self.acquirer.dispute(payment.key)
        except UNANSWERED:
            return payment
        return self.unit(lambda conn: take_dispute(conn, payment_id, answer, now=self.now()))

    def follow_up(self) -> tuple[int, int]:
        """Ask about the next piece of what is open and due: (payments looked at, those of which something stays open)."""
        due = self.unit(lambda conn: store.list_due(conn, now=self.now(), limit=AT_ONCE))
        still = 0
        for payment in due:
            self.look(payment.payment_id)
            for refund in self.unit(lambda conn, one=payment: store.list_open_refunds(conn, one.payment_id)):  # type: ignore[misc]
                try:
                    self._refund(payment, refund.request, refund.amount_minor)
                except (*UNANSWERED, Trouble):
                    continue  # refused, written down by now; or not answered, and asked again
            still += self.unit(lambda conn, one=payment: plan_look(conn, one.payment_id, now=self.now()))  # type: ignore[misc]
        return len(due), still

    def _load(self, payment_id: uuid.UUID) -> CardPayment:
        found = self.unit(lambda conn: store.find_payment(conn, payment_id))
        assert found is not None, "asked with the id of a payment of ours"
        return found


def ask_for(payment: CardPayment, *, address: str) -> CardAsked:
    """What the acquirer is asked: the same numbers as customer and shop see."""
    return CardAsked(
        key=payment.key, merchant=payment.merchant, order=payment.order, amount_minor=payment.amount_minor,
        discount_minor=payment.discount_minor, currency=payment.currency, expires_at=payment.expires_at,
        return_url=f"{address}/my/cards/{payment.payment_id}",
    )  # fmt: skip


def take_answer(
    conn: psycopg.Connection, payment_id: uuid.UUID, answer: CardAnswer, *, now: dt.datetime
) -> CardPayment:
    """Follow the acquirer's word about a payment, in the caller's transaction. Another amount, or another end than before, is kept as a
    difference and told to people; nothing is paid by it."""
    payment = store.hold_payment(conn, payment_id)
    fits = (answer.amount_minor, answer.currency) == (payment.amount_minor, payment.currency)
    if not fits or (payment.state != State.ASKED and answer.state != payment.state):
        _keep_difference(conn, payment, answer.amount_minor, answer.reference, now=now)
        conn.execute("UPDATE web_card_payment SET problem = 'DIFFERENT' WHERE payment_id = %s", [payment_id])
    elif payment.state == State.ASKED:
        state = State.ASKED if answer.state is CardState.WAITING else State(answer.state)
        conn.execute(
            "UPDATE web_card_payment SET state = %s, problem = '', reference = %s, last_four = %s,"
            " pay_url = CASE WHEN %s = '' THEN pay_url ELSE %s END WHERE payment_id = %s",
            [
                state,
                answer.reference[: store.TEXT_MAX],
                answer.safe_last_four,
                answer.pay_url,
                answer.pay_url,
                payment_id,
            ],
        )
        if state != State.ASKED:
            store.note(
                conn, CardEvent(payment.payment_id, Kind(state), payment.amount_minor, now, reference=answer.reference)
            )
    plan_look(conn, payment_id, now=now)
    return store.hold_payment(conn, payment_id)


def ask_refund(
    conn: psycopg.Connection, payment_id: uuid.UUID, key: str, amount_minor: int, *, now: dt.datetime
) -> CardPayment:
    """Write down that money is to go back, in the caller's transaction; asked before under its key, nothing more is.

    Trouble: CHECKOUT_UNPAID, REFUND_EXCEEDS_PURCHASE, CARD_DISPUTED. Conflict KEY_REUSED: the key was another refund's.
    """
    payment = store.hold_payment(conn, payment_id)
    known = store.find_refund(conn, key)
    if known is not None:
        if (known.payment_id, known.amount_minor) != (payment_id, amount_minor):
            raise Conflict("this key was used for another refund", code="KEY_REUSED")
        return payment
    if not payment.is_paid:
        raise Trouble("CHECKOUT_UNPAID", "nothing was paid that could go back")
    if payment.is_disputed:
        raise Trouble("CARD_DISPUTED", "the bank decides about this money")
    left = payment.amount_minor - payment.promised_minor
    if amount_minor > left:
        raise Trouble("REFUND_EXCEEDS_PURCHASE", "more than what remains", more={"refundable_minor": left})
    store.note(conn, CardEvent(payment.payment_id, Kind.REFUND_ASKED, amount_minor, now, request=key))
    store.set_look(conn, payment_id, now + ASK_AFTER)
    return payment


def take_refund(
    conn: psycopg.Connection, payment_id: uuid.UUID, asked: RefundAsked, answer: RefundAnswer, *, now: dt.datetime
) -> bool:
    """What became of a refund, in the caller's transaction; False where the answer is not believed."""
    payment = store.hold_payment(conn, payment_id)
    if answer.amount_minor != asked.amount_minor:
        _keep_difference(conn, payment, answer.amount_minor, answer.reference, request=asked.key, now=now)
        return False
    kind = Kind.REFUNDED if answer.is_done else Kind.REFUND_REFUSED
    other = Kind.REFUND_REFUSED if answer.is_done else Kind.REFUNDED
    if any((one.kind, one.request) == (other, asked.key) for one in store.list_events(conn, payment_id)):
        _keep_difference(conn, payment, answer.amount_minor, answer.reference, request=asked.key, now=now)
        return False
    store.note(
        conn,
        CardEvent(payment.payment_id, kind, asked.amount_minor, now, request=asked.key, reference=answer.reference),
    )
    plan_look(conn, payment_id, now=now)
    return True


def ask_dispute(conn: psycopg.Connection, payment_id: uuid.UUID, *, now: dt.datetime) -> CardPayment:
    """Write down that the customer disputes a payment, once, in the caller's transaction; Trouble CHECKOUT_UNPAID."""
    payment = store.hold_payment(conn, payment_id)
    if not payment.is_paid:
        raise Trouble("CHECKOUT_UNPAID", "nothing was paid that could be disputed")
    if store.note(conn, CardEvent(payment.payment_id, Kind.DISPUTE_ASKED, payment.amount_minor, now)):
        store.set_look(conn, payment_id, now + ASK_AFTER)
    return store.hold_payment(conn, payment_id)


def take_dispute(
    conn: psycopg.Connection, payment_id: uuid.UUID, answer: DisputeAnswer, *, now: dt.datetime
) -> CardPayment:
    """How a dispute stands, in the caller's transaction; the first end that was told stands."""
    payment = store.hold_payment(conn, payment_id)
    kind = OF_DISPUTE[answer.state]
    is_over = payment.dispute in (Kind.DISPUTE_WON, Kind.DISPUTE_LOST)
    if not 0 < answer.amount_minor <= payment.amount_minor or (is_over and kind != payment.dispute):
        _keep_difference(conn, payment, answer.amount_minor, answer.reference, request="dispute", now=now)
    else:
        store.note(conn, CardEvent(payment.payment_id, kind, answer.amount_minor, now, reference=answer.reference))
    plan_look(conn, payment_id, now=now)
    return store.hold_payment(conn, payment_id)


def plan_look(conn: psycopg.Connection, payment_id: uuid.UUID, *, now: dt.datetime) -> bool:
    """Set when the acquirer is next asked about a payment; whether anything of it is open."""
    payment = store.hold_payment(conn, payment_id)
    is_open = (
        payment.state == State.ASKED
        or payment.dispute in (Kind.DISPUTE_ASKED, Kind.DISPUTE_OPEN)
        or bool(store.list_open_refunds(conn, payment_id))
    )
    wait = min(max(now - payment.made_at, ASK_AFTER), ASK_SELDOM)
    store.set_look(conn, payment_id, now + wait if is_open else None)
    return is_open


def _keep_difference(
    conn: psycopg.Connection, payment: CardPayment, amount_minor: int, reference: str, *, request: str = "", now: dt.datetime
) -> None:  # fmt: skip
    if store.note(
        conn, CardEvent(payment.payment_id, Kind.DIFFERENT, amount_minor, now, request=request, reference=reference)
    ):
        sentence = (
            f"the acquirer says {amount_minor} of a card payment of {payment.amount_minor}, or another end than before"
        )
        told = decision.Told("card", f"{payment.key}:{request}", payment.key, sentence, now)
        decision.raise_alert(conn, told, now=now)


__all__ = ["ASK_AFTER", "AT_ONCE", "CardTill", "Unit"]
