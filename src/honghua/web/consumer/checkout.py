"""Checkout of a shop's order: how to pay, each way with its whole cost; credit is never chosen ahead (R-018)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import NotFound, Refusal
from honghua.credit import api as credit
from honghua.credit.core import REFUSALS, Purpose
from honghua.merchants import api as merchants
from honghua.web.api.checkouts import find_attempts, id_of_ticket
from honghua.web.cards.door import find_acquirer
from honghua.web.consumer.asking import customer_of
from honghua.web.consumer.offers import CONSUMER, Choice, ask, find_payers, list_choices
from honghua.web.consumer.readings import TEXT_VERSION, Reading, digest_shown, find_reading, save_reading
from honghua.web.ground import site_of
from honghua.web.tickets import Ticket, open_ticket
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect
from honghua.web.viewer import viewer_of

router = APIRouter(include_in_schema=False)
LATER: Final = 0  # periods of a purchase that the next bill asks for as a whole
MARKS: Final = {Purpose.CONSUMPTION: "", Purpose.BUSINESS: "business-"}  # before the number of periods, in forms


@dataclass(frozen=True, slots=True)
class Way:
    """A line that may pay for an order, and the choices that it has."""

    payer: credit.Payer
    choices: list[Choice]

    @property
    def line(self) -> str:
        """The line's reference."""
        return self.payer.line

    @property
    def account(self) -> credit.AccountView:
        """The line's account."""
        return self.payer.account

    @property
    def mark(self) -> str:
        """What stands before its choices in the form."""
        return MARKS[self.payer.purpose]


def ticket_of(request: Request, text: str) -> Ticket:
    """The order behind a payment link; BadInput for one that is not ours or too old."""
    site = site_of(request)
    return open_ticket(site.secrets.session_key, text, now=site.clock.now())


@router.get("/checkout/{ticket}", name="consumer.checkout")
async def checkout(request: Request, ticket: str) -> Response:
    """The order and the ways to pay for it."""
    return await draw(request, ticket, empty_form(request))


@router.get("/checkout/{ticket}/part/{reading_id}", name="consumer.part")
async def part(request: Request, ticket: str, reading_id: uuid.UUID) -> Response:
    """The part of an order that was offered on credit, and the ways to pay it; nothing is chosen ahead here either."""
    return await draw(request, ticket, empty_form(request), refused_id=reading_id)


@router.post("/checkout/{ticket}/part/{reading_id}", name="consumer.choose_part")
async def choose_part(request: Request, ticket: str, reading_id: uuid.UUID) -> Response:
    """A way to pay the part was chosen: its contract is put before the customer."""
    return await put_contract(request, ticket, reading_id)


async def find_part(request: Request, text: str, order: Ticket, refused_id: uuid.UUID | None) -> Ticket:
    """The order; after an answer that offered a part of it to this customer, that part. NotFound where nothing was offered."""
    if refused_id is None:
        return order
    customer = customer_of(request)
    reading = await site_of(request).read(lambda conn: find_reading(conn, customer, refused_id))
    offered = (reading.answer or {}).get("offered_minor", 0) if reading is not None and reading.subject == text else 0
    if not order.accepts_less or not 0 < offered < order.amount_minor:
        raise NotFound("no part of this order was offered")
    return replace(order, amount_minor=offered)


async def draw(request: Request, text: str, form: Form, *, refused_id: uuid.UUID | None = None) -> Response:
    """The page of an order or of its part. What campaigns offer counts as seen from now on."""
    site, customer = site_of(request), customer_of(request)
    whole = ticket_of(request, text)
    order = await find_part(request, text, whole, refused_id)
    attempts = await site.read(lambda conn: find_attempts(conn, id_of_ticket(text)))
    if attempts.card is not None and attempts.card.customer == customer:
        return redirect(request, "consumer.card", payment_id=attempts.card.key)
    if attempts.state == "paid":
        return redirect(request, "consumer.purchases", Notice(key="consumer.paid_already", tone="info"))
    now, acquirer = site.clock.now(), find_acquirer(request)
    ways = await find_ways(request, order)
    no = ways if isinstance(ways, Refusal) else None
    caps = await site.read(lambda conn: {way.line: credit.find_spending_cap(conn, way.line) for way in list_ways(ways)})
    if no is None:
        await site.write(lambda conn: merchants.note_exposure(conn, ask(order, customer, site, now=now)))
    return await page(
        request, "consumer/checkout.html", status=200 if form.is_good else 422, order=order, ticket=text, ways=list_ways(ways),
        form=form, whole_minor=whole.amount_minor, refused_id=refused_id, caps=caps, no=no,
        acquirer=acquirer.name if acquirer is not None else "", card_minor=whole.amount_minor - whole.card_discount_minor,
        no_words=None if no is None else REFUSALS[no.code],
    )  # fmt: skip


async def find_ways(request: Request, order: Ticket) -> list[Way] | Refusal:
    """The viewer's lines that may pay for an order, each with its choices, or why none may."""
    site, now = site_of(request), site_of(request).clock.now()
    if find_acquirer(request) is None:
        payers = await find_payers(request, order.category)
    else:  # where a card can pay, nobody is led into opening a credit account
        customer = customer_of(request)
        payers = await site.read(lambda conn: credit.list_payers(conn, site.registry, customer, order.category))
    if isinstance(payers, Refusal):
        return payers
    return await site.read(
        lambda conn: [Way(one, list_choices(conn, site, one.line, order, now=now)) for one in payers]
    )


def list_ways(ways: list[Way] | Refusal) -> list[Way]:
    """None where there is a reason why not."""
    return [] if isinstance(ways, Refusal) else ways


@router.post("/checkout/{ticket}", name="consumer.choose")
async def choose(request: Request, ticket: str) -> Response:
    """A way to pay was chosen: its contract is put before the customer, who has time to read it."""
    return await put_contract(request, ticket, None)


async def put_contract(request: Request, ticket: str, refused_id: uuid.UUID | None) -> Response:
    """On to the contract of what was chosen, or back to the page that says what is wrong."""
    site = site_of(request)
    order = await find_part(request, ticket, ticket_of(request, ticket), refused_id)
    form = await read_form(request)
    ways = list_ways(await find_ways(request, order))
    offered: dict[str, tuple[Way, Choice | None]] = {f"{way.mark}{LATER}": (way, None) for way in ways}
    offered |= {f"{way.mark}{choice.periods}": (way, choice) for way in ways for choice in way.choices}
    chosen = form.choice("plan", frozenset(offered))
    if not form.is_good:
        return await draw(request, ticket, form, refused_id=refused_id)
    reading = begin_reading(request, ticket, order, *offered[chosen])
    await site.write(lambda conn: save_reading(conn, reading))
    return redirect(request, "consumer.contract", reading_id=str(reading.reading_id))


def begin_reading(request: Request, text: str, order: Ticket, way: Way, choice: Choice | None) -> Reading:
    """The contract of an order: instalments are read for a while, paying with the next bill costs nothing and needs no wait."""
    site = site_of(request)
    digest = digest_shown(order.amount_minor, way.account.next_statement_due_on)
    return Reading(
        reading_id=uuid.uuid4(),
        customer=customer_of(request),
        kind="purchase",
        subject=text,
        periods=choice.periods if choice is not None else LATER,
        amount_minor=order.amount_minor,
        fee_minor=choice.quote.fee_minor if choice is not None else 0,
        payer=choice.payer if choice is not None else CONSUMER,
        text_version=TEXT_VERSION,
        text_digest=choice.digest if choice is not None else digest,
        language=viewer_of(request).language,
        seconds=site.reading_seconds if choice is not None else 0,
        opened_at=site.clock.now(),
        purpose=way.payer.purpose,
    )
