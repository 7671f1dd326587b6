"""Payments by hand through the gateway: made here, paid there, and how they stand; and the door at which its notices come in."""

from __future__ import annotations

import asyncio
import uuid
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from honghua.base.errors import NotFound, WorldFailed
from honghua.web.consumer.asking import customer_of, find_account, submit
from honghua.web.ground import site_of
from honghua.web.payments import book
from honghua.web.payments.door import find_gateway
from honghua.web.payments.gateway import PaymentGateway
from honghua.web.payments.states import Notice, State
from honghua.web.problems import Trouble
from honghua.web.ui.pages import page, pages_of, redirect
from honghua.web.ui.vocabulary import look_up
from honghua.web.viewer import viewer_of

router = APIRouter(include_in_schema=False)
SHOWN: Final = 10


async def begin_payment(
    request: Request, form_key: str, amount: tuple[int, str], *, plan_id: int | None = None
) -> Response:
    """Make a payment of (minor units, currency), once per form, ask the gateway for its page, and show how it stands."""
    site, customer, gateway = site_of(request), customer_of(request), find_gateway(request)
    assert gateway is not None, "asked before"
    number = book.name_payment(customer, form_key)
    payment = await site.write(
        lambda conn: book.make_payment(conn, number, customer, amount, plan_id=plan_id, now=site.clock.now())
    )
    await ask_gateway(request, gateway, payment)
    return redirect(request, "consumer.payment", payment_id=str(number))


async def ask_gateway(request: Request, gateway: PaymentGateway, payment: book.Payment) -> None:
    """Where this is paid. The gateway that does not answer is asked again from the payment's page: it is one payment."""
    site = site_of(request)
    if payment.pay_url or not payment.is_open:
        return
    subject = look_up(pages_of(request).words, viewer_of(request).language, "consumer.payment_subject", {})
    asked = book.ask_for(payment, subject=subject, address=site.address)
    try:
        made = await asyncio.to_thread(gateway.create, asked)
    except WorldFailed:
        return  # the page says so, and has a button
    await site.write(lambda conn: book.save_made(conn, payment.payment_id, made))


@router.get("/my/payments/{payment_id}", name="consumer.payment")
async def payment(request: Request, payment_id: uuid.UUID) -> Response:
    """How a payment stands."""
    one = await get_payment(request, payment_id)
    return await page(request, "consumer/payment.html", one=one, account=await find_account(request))


async def get_payment(request: Request, payment_id: uuid.UUID) -> book.Payment:
    """A payment of the viewer's; NotFound for any other."""
    customer = customer_of(request)
    found = await site_of(request).read(lambda conn: book.find_payment(conn, payment_id, customer=customer))
    if found is None:
        raise NotFound("no such payment", code="PAYMENT_UNKNOWN")
    return found


@router.post("/my/payments/{payment_id}/again", name="consumer.payment_again")
async def again(request: Request, payment_id: uuid.UUID) -> Response:
    """Ask the gateway again for its page."""
    gateway = find_gateway(request)
    if gateway is None:
        raise Trouble("GATEWAY_MISSING", "no payment gateway is connected")
    await ask_gateway(request, gateway, await get_payment(request, payment_id))
    return redirect(request, "consumer.payment", payment_id=str(payment_id))


@router.post("/payments/notices", name="payments.notice")
async def notice(request: Request) -> Response:
    """A word of the gateway: on disk before it is thanked for, booked at once where it says that money is here."""
    site = site_of(request)
    said: Notice = request.state.notice
    state = await site.write(lambda conn: book.take_notice(conn, said, now=site.clock.now()))
    if state is State.PAID:
        await book_now(request, said.payment_id)
    return JSONResponse({"heard": said.notice_id})


async def book_now(request: Request, payment_id: str) -> None:
    """Book the payment that a notice is about. What can't be booked at this moment stays due: the clock's job books it."""
    site = site_of(request)
    one = await site.read(lambda conn: book.find_due(conn, payment_id, now=site.clock.now()))
    if one is None:
        return
    try:
        answer = await submit(request, one.command())
    except WorldFailed:
        return
    await site.write(lambda conn: book.save_booked(conn, one, answer, now=site.clock.now()))


__all__ = ["begin_payment", "router"]
