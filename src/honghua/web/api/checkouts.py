"""One way to pay an order, whoever shows a code to whom: a link or a picture of the shop's, a code on the customer's phone, or a face.

A checkout is booked under the keys `checkout:<id>:<attempt>`. A code that is read twice therefore pays once, whoever reads it: the books
know the key, and refuse another customer under it. After a refusal, or to go on with a suspended purchase, the next attempt begins.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import psycopg

from honghua.base.errors import Conflict, Refusal
from honghua.credit import api as credit
from honghua.credit.core import BuyNow, Continuation, Instalments, Scene, holder_of
from honghua.merchants import api as merchants
from honghua.merchants.core import Asked
from honghua.store.commands import body_hash, find_commands
from honghua.web.api.partners import require_sale
from honghua.web.api.purchases_wire import PAYERS
from honghua.web.booker import Answer
from honghua.web.cards.store import CardPayment, claim_for_credit, find_live
from honghua.web.ground import Site
from honghua.web.problems import Trouble
from honghua.web.tickets import Ticket, seal_ticket

ATTEMPTS_MAX: Final = 8
ID_CHARS: Final = 32
SELECT: Final = (
    "SELECT checkout_id, coalesce(partner_id, 0), merchant, order_ref, category, amount_minor, currency, title, return_to, paid_by, ticket,"
    " expires_at, accepts_less, card_discount_minor FROM web_checkout"
)


@dataclass(frozen=True, slots=True)
class Checkout:
    """An order that waits for its money. paid_by: periods whose fee the shop bears. accepts_less: a part will do.
    card_discount_minor: what the shop takes off for a bank card."""

    checkout_id: str
    partner_id: int
    merchant: str
    order: str
    category: str
    amount_minor: int
    currency: str
    title: str
    return_to: str
    paid_by: list[int]
    ticket: str
    expires_at: dt.datetime
    accepts_less: bool = False
    card_discount_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """How a customer pays. customer: the line that pays. offer: the campaign that bears the fee of these instalments.

    part_minor: so much of the order, None = all.
    """

    customer: str
    instalments: Instalments | None = None
    scene: Scene | None = None
    continues: Continuation | None = None
    offer: merchants.Offer | None = None
    part_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Attempts:
    """What the books remember of a checkout, by attempt. card: the payment by card that is under way, or paid."""

    answers: Sequence[Answer]
    card: CardPayment | None = None

    @property
    def state(self) -> str:
        """open, suspended (it waits for its customer or for a person), refused (it may be tried again) or paid, by whatever means."""
        if self.card is not None:
            return "paid" if self.card.is_paid else "suspended"
        return self.credit_state

    @property
    def paid_by(self) -> Literal["credit", "card"] | None:
        """How it was paid."""
        if self.state != "paid":
            return None
        return "credit" if self.card is None else "card"

    @property
    def credit_state(self) -> str:
        """The same of the attempts on credit alone."""
        if not self.answers:
            return "open"
        outcome = self.answers[-1]["outcome"]
        return "paid" if outcome == "approved" else "refused" if outcome == "refused" else "suspended"

    @property
    def number(self) -> int:
        """The attempt that comes next; of a paid one, the one that paid."""
        return len(self.answers) if self.credit_state == "paid" else len(self.answers) + 1

    @property
    def paid_minor(self) -> int:
        """What was paid; of a shop that takes a part on credit, the rest is its own to collect."""
        if self.card is not None:
            return self.card.amount_minor if self.card.is_paid else 0
        return int(self.answers[-1]["amount_minor"]) if self.state == "paid" else 0


def id_of_ticket(text: str) -> str:
    """The checkout of a sealed ticket."""
    return hashlib.sha256(text.encode()).hexdigest()[:ID_CHARS]


def register_checkout(conn: psycopg.Connection, site: Site, ticket: Ticket, *, now: dt.datetime) -> str:
    """A checkout of our own demonstration's shop; the sealed ticket."""
    return _insert(conn, site, ticket, now=now).ticket


def open_checkout(
    conn: psycopg.Connection, site: Site, ticket: Ticket, *, partner_id: int, key: str, now: dt.datetime
) -> Checkout:
    """A partner's checkout, once per key; Conflict KEY_REUSED when the key was used for another order."""
    asked = body_hash({
        "merchant": ticket.merchant, "order": ticket.order, "category": ticket.category, "amount_minor": ticket.amount_minor,
        "currency": ticket.currency, "title": ticket.title, "return_to": ticket.return_to, "paid_by": list(ticket.merchant_pays),
        **({"accepts_less": True} if ticket.accepts_less else {}),
        **({"card_discount_minor": ticket.card_discount_minor} if ticket.card_discount_minor else {}),
    })  # fmt: skip
    conn.execute("SELECT 1 FROM web_partner WHERE partner_id = %s FOR UPDATE", [partner_id])  # one key at a time
    query = "SELECT checkout_id, asked_hash FROM web_checkout WHERE partner_id = %s AND asked_key = %s"
    known = conn.execute(query, [partner_id, key]).fetchone()
    if known is None:
        return _insert(conn, site, ticket, now=now, asked=(partner_id, key, asked))
    if bytes(known[1]) != asked:
        raise Conflict(f"key {key!r} was used before for another checkout", code="KEY_REUSED")
    return get_checkout(conn, known[0])


def _insert(
    conn: psycopg.Connection,
    site: Site,
    ticket: Ticket,
    *,
    now: dt.datetime,
    asked: tuple[Any, Any, Any] = (None, None, None),
) -> Checkout:
    check_shop(conn, site, ticket.merchant, ticket.amount_minor)
    text = seal_ticket(site.secrets.session_key, replace(ticket, nonce=ticket.nonce or secrets.token_hex(8)))
    checkout = Checkout(
        id_of_ticket(text), asked[0] or 0, ticket.merchant, ticket.order, ticket.category, ticket.amount_minor, ticket.currency,
        ticket.title, ticket.return_to, list(ticket.merchant_pays), text, ticket.expires_at, ticket.accepts_less,
        ticket.card_discount_minor,
    )  # fmt: skip
    conn.execute(
        "INSERT INTO web_checkout (checkout_id, partner_id, asked_key, asked_hash, merchant, order_ref, category, amount_minor, currency,"
        " title, return_to, paid_by, ticket, created_at, expires_at, accepts_less, card_discount_minor)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            checkout.checkout_id, *asked, checkout.merchant, checkout.order, checkout.category, checkout.amount_minor,
            checkout.currency, checkout.title, checkout.return_to, checkout.paid_by, text, now, checkout.expires_at, checkout.accepts_less,
            checkout.card_discount_minor,
        ],
    )  # fmt: skip
    return checkout


def check_shop(conn: psycopg.Connection, site: Site, merchant: str, amount_minor: int) -> None:
    """Trouble when the register of merchants does not let a shop sell such an order on credit, by any way."""
    standing = merchants.find_standings(conn, [merchant]).get(merchant)
    require_sale(standing, amount_minor, registered_only=site.registered_only)


def get_checkout(conn: psycopg.Connection, checkout_id: str, *, partner_id: int | None = None) -> Checkout:
    """A checkout, with `partner_id` only if it is that partner's; Trouble CHECKOUT_UNKNOWN."""
    row = conn.execute(f"{SELECT} WHERE checkout_id = %s", [checkout_id]).fetchone()
    if row is None or partner_id not in (None, row[1]):
        raise Trouble("CHECKOUT_UNKNOWN", "there is no such checkout")
    return Checkout(*row)


def find_attempts(conn: psycopg.Connection, checkout_id: str) -> Attempts:
    """What became of a checkout so far."""
    keys = [key_of(checkout_id, number) for number in range(1, ATTEMPTS_MAX + 1)]
    found = find_commands(conn, keys)
    return Attempts([found[key].answer for key in keys if key in found], find_live(conn, checkout_id))


def key_of(checkout_id: str, number: int) -> str:
    """The idempotency key of an attempt."""
    return f"checkout:{checkout_id}:{number}"


async def choose_line(site: Site, checkout_id: str, line: str) -> str:
    """The line of the customer behind this one that may pay for the goods of a checkout, this one where it may; where none may, this one,
    so that the books say why."""
    checkout = await site.read(lambda conn: get_checkout(conn, checkout_id))
    found = await site.read(lambda conn: credit.list_payers(conn, site.registry, line, checkout.category))
    return line if isinstance(found, Refusal) else found[0].line


async def pay_checkout(site: Site, checkout_id: str, payment: Payment) -> Answer:
    """Judge and book the order for a customer; the answer of the books, with "repeated" when this very payment was made before.

    Trouble: CHECKOUT_UNKNOWN, CHECKOUT_EXPIRED, CHECKOUT_DONE (too many attempts), CODE_SPENT (paid by somebody else, or in another
    way), CHECKOUT_BY_CARD, PAYER_INVALID (nobody agreed to bear the fee), OFFER_GONE (the campaign is used up), PART_NOT_TAKEN.
    """
    for _ in range(ATTEMPTS_MAX):
        checkout, attempts = await site.read(lambda conn: find_payable(conn, site, checkout_id, payment))
        answer = await try_payment(site, checkout, attempts, payment)
        if answer["outcome"] != "refused" or answer["code"] != "KEY_REUSED":
            return answer
        if attempts.state == "paid":
            break  # and not by this payment; else somebody tried at the same moment: look again what became of it
    raise Trouble("CODE_SPENT", "this checkout was paid before")


def find_payable(conn: psycopg.Connection, site: Site, checkout_id: str, payment: Payment) -> tuple[Checkout, Attempts]:
    """A checkout and what became of it, in one moment; Trouble when it cannot be paid so."""
    checkout, attempts = get_checkout(conn, checkout_id), find_attempts(conn, checkout_id)
    check_payment(checkout, attempts, payment, now=site.clock.now())
    if attempts.state != "paid" and payment.continues is None:  # a shop may have been closed since the order was made
        check_shop(conn, site, checkout.merchant, checkout.amount_minor)
    return checkout, attempts


async def try_payment(site: Site, checkout: Checkout, attempts: Attempts, payment: Payment) -> Answer:
    """Book under the key of the next attempt; of a paid checkout, under the key that paid: the books compare."""
    now, key = site.clock.now(), key_of(checkout.checkout_id, attempts.number)
    if attempts.state != "paid" and payment.offer is not None:
        await reserve(site, checkout, payment, key=key)
    if attempts.state != "paid":
        await site.write(lambda conn: claim_for_credit(conn, checkout.checkout_id, attempts.number))
    command = BuyNow(
        key=key, customer=payment.customer, amount_minor=payment.part_minor or checkout.amount_minor,
        merchant=checkout.merchant, order=checkout.order, category=checkout.category, happened_at=now, is_stamped=True,
        scene=payment.scene, continues=payment.continues, instalments=payment.instalments,
    )  # fmt: skip
    return (await site.booker.submit([command]))[0]


def check_payment(checkout: Checkout, attempts: Attempts, payment: Payment, *, now: dt.datetime) -> None:
    """Whether this may be tried (again)."""
    if attempts.card is not None:
        raise Trouble("CHECKOUT_BY_CARD", "a card pays this order, or has paid it")
    if attempts.state == "paid":
        return  # the books compare, and give the same answer to the same payment
    if now > checkout.expires_at and payment.continues is None:
        raise Trouble("CHECKOUT_EXPIRED", "the time to pay this order is over")
    if attempts.number > ATTEMPTS_MAX:
        raise Trouble("CHECKOUT_DONE", f"this order was tried {ATTEMPTS_MAX} times")
    part = payment.part_minor
    if part is not None and not (checkout.accepts_less and 0 < part < checkout.amount_minor):
        raise Trouble("PART_NOT_TAKEN", "the shop wants the whole amount")
    choice = payment.instalments
    if (
        choice is not None
        and choice.payer != PAYERS["consumer"]
        and payment.offer is None
        and choice.periods not in checkout.paid_by
    ):
        raise Trouble("PAYER_INVALID", "nobody has agreed to bear this fee")


def order_of(site: Site, checkout: Checkout, customer: str, *, part_minor: int | None = None) -> Asked:
    """The order as campaigns look at it."""
    return Asked(
        merchant=checkout.merchant,
        customer=holder_of(customer),  # one person, whichever line pays
        category=checkout.category,
        amount_minor=part_minor or checkout.amount_minor,
        at=site.clock.now(),
        zone=site.zone,
    )


async def find_offer(site: Site, checkout_id: str, customer: str, campaign_id: int) -> merchants.Offer:
    """A campaign that bears the fee of this order for this customer; Trouble OFFER_GONE when it does not (any more)."""
    checkout = await site.read(lambda conn: get_checkout(conn, checkout_id))
    asked = order_of(site, checkout, customer)
    for offer in await site.read(lambda conn: merchants.find_offers(conn, asked)):
        if offer.campaign.campaign_id == campaign_id:
            return offer
    raise Trouble("OFFER_GONE", "this offer does not cover the order")


async def reserve(site: Site, checkout: Checkout, payment: Payment, *, key: str) -> None:
    """Keep the campaign's money for this fee, under the key of the booking; Trouble OFFER_GONE."""
    choice, offer = payment.instalments, payment.offer
    assert choice is not None, "a campaign pays for instalments"
    assert offer is not None, "called for campaigns only"
    fee_minor = choice.fee_minor
    if not fee_minor or choice.payer != offer.campaign.draft.payer:
        raise Trouble("PAYER_INVALID", "a campaign bears the quoted fee: say it, and who pays")
    asked = order_of(site, checkout, payment.customer, part_minor=payment.part_minor)
    plan = (choice.periods, fee_minor)
    if not await site.write(lambda conn: merchants.reserve(conn, offer, asked, key=key, plan=plan)):
        raise Trouble("OFFER_GONE", "this offer is used up")


__all__ = [
    "ATTEMPTS_MAX",
    "Attempts",
    "Checkout",
    "Payment",
    "check_shop",
    "choose_line",
    "find_attempts",
    "find_offer",
    "get_checkout",
    "id_of_ticket",
    "open_checkout",
    "pay_checkout",
    "register_checkout",
]
