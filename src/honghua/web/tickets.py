"""An order on its way to be paid, as a link or a picture: what a shop asks for, sealed by us so that nobody can change it on the way."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import msgspec

from honghua.base.errors import BadInput
from honghua.web.sealed_texts import open_text, seal_text

CHARS_MAX: Final = 3_000
KIND: Final = "ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One order of one shop. merchant_pays: the numbers of periods whose cost the shop bears. return_to: where the customer goes
    back to, "" = nowhere. accepts_less: it takes a part on credit and
    collects the rest itself. card_discount_minor: taken off for whoever pays with a bank card.
    nonce: makes two tickets for the same order different."""

    merchant: str
    order: str
    category: str
    amount_minor: int
    currency: str
    title: str
    expires_at: dt.datetime
    return_to: str = ""
    merchant_pays: tuple[int, ...] = ()
    nonce: str = ""
    accepts_less: bool = False
    card_discount_minor: int = 0


def seal_ticket(session_key: bytes, ticket: Ticket) -> str:
    """The ticket as a part of an address."""
    return seal_text(session_key, KIND, msgspec.msgpack.encode(ticket))


def open_ticket(session_key: bytes, text: str, *, now: dt.datetime) -> Ticket:
    """The order of a ticket that we sealed; BadInput for any other (TICKET_WRONG) and for one whose time is over (TICKET_EXPIRED)."""
    body = open_text(session_key, KIND, text, chars_max=CHARS_MAX)
    try:
        ticket = msgspec.msgpack.decode(body or b"", type=Ticket)
    except msgspec.MsgspecError:
        raise BadInput("this is not a payment link of ours", code="TICKET_WRONG") from None
    if now > ticket.expires_at:
        raise BadInput("the time to pay by this link is over; ask the shop for a new one", code="TICKET_EXPIRED")
    return ticket
