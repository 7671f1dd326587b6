"""An order paid with a bank card: the acquirer's page is where it is paid, here is how it stands, what went back, and the dispute."""

from __future__ import annotations

import asyncio
import uuid
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import NotFound
from honghua.web.api.checkouts import get_checkout, id_of_ticket
from honghua.web.cards import store
from honghua.web.cards.door import find_acquirer, get_till
from honghua.web.cards.store import CardPayment
from honghua.web.consumer.asking import customer_of
from honghua.web.consumer.carding import beginning
from honghua.web.ground import site_of
from honghua.web.ui.forms import read_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
SHOWN: Final = 50


@router.post("/checkout/{ticket}/card", name="consumer.card_pay")
async def begin(request: Request, ticket: str) -> Response:
    """Pay an order with a bank card: once, however often the button is pressed."""
    site, customer, till = site_of(request), customer_of(request), get_till(request)
    payment = await site.write(lambda conn: beginning.begin(conn, site, id_of_ticket(ticket), customer))
    if not payment.pay_url:
        await asyncio.to_thread(till.pay, payment.payment_id)
    return redirect(request, "consumer.card", payment_id=payment.key)


@router.get("/my/cards", name="consumer.cards")
async def cards(request: Request) -> Response:
    """What was paid with bank cards, newest first."""
    customer = customer_of(request)
    found = await site_of(request).read(lambda conn: store.list_payments(conn, customer, limit=SHOWN))
    return await page(request, "consumer/cards.html", payments=found)


@router.get("/my/cards/{payment_id}", name="consumer.card")
async def card(request: Request, payment_id: uuid.UUID) -> Response:
    """How a payment stands: the acquirer is asked where its end is not known."""
    payment, acquirer = await get_payment(request, payment_id), find_acquirer(request)
    if acquirer is not None:
        payment = await asyncio.to_thread(get_till(request).look, payment_id)
    checkout, events = await site_of(request).read(
        lambda conn: (get_checkout(conn, payment.checkout_id), store.list_events(conn, payment_id))
    )
    return await page(
        request, "consumer/card.html", one=payment, checkout=checkout, events=events,
        acquirer=acquirer.name if acquirer is not None else "",
    )  # fmt: skip


async def get_payment(request: Request, payment_id: uuid.UUID) -> CardPayment:
    """A payment of the viewer's; NotFound for any other."""
    customer = customer_of(request)
    found = await site_of(request).read(lambda conn: store.find_payment(conn, payment_id, customer=customer))
    if found is None:
        raise NotFound("no such payment", code="PAYMENT_UNKNOWN")
    return found


@router.post("/my/cards/{payment_id}/again", name="consumer.card_again")
async def again(request: Request, payment_id: uuid.UUID) -> Response:
    """Ask the acquirer again for its page."""
    payment = await get_payment(request, payment_id)
    await asyncio.to_thread(get_till(request).pay, payment.payment_id)
    return redirect(request, "consumer.card", payment_id=payment.key)


@router.post("/my/cards/{payment_id}/dispute", name="consumer.card_dispute")
async def dispute(request: Request, payment_id: uuid.UUID) -> Response:
    """The customer says: I did not buy this, or got it not. The bank decides; one dispute a payment."""
    (await read_form(request)).key()
    payment = await get_payment(request, payment_id)
    await asyncio.to_thread(get_till(request).dispute, payment.payment_id)
    return redirect(request, "consumer.card", Notice(key="consumer.card_disputed"), payment_id=payment.key)


__all__ = ["router"]
