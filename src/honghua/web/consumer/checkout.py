"""Checkout of a shop's order: how to pay, each way with its whole cost; credit is never chosen ahead (R-018)."""

from __future__ import annotations

import uuid
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.credit import api as credit
from honghua.merchants import api as merchants
from honghua.web.api.checkouts import find_attempts, id_of_ticket
from honghua.web.consumer.asking import customer_of, get_account
from honghua.web.consumer.offers import CONSUMER, Choice, ask, find_choice, list_choices
from honghua.web.consumer.readings import TEXT_VERSION, Reading, digest_shown, save_reading
from honghua.web.ground import site_of
from honghua.web.tickets import Ticket, open_ticket
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect
from honghua.web.viewer import viewer_of

router = APIRouter(include_in_schema=False)
LATER: Final = 0  # periods of a purchase that the next bill asks for as a whole


def ticket_of(request: Request, text: str) -> Ticket:
    """The order behind a payment link; BadInput for one that is not ours or too old."""
    site = site_of(request)
    return open_ticket(site.secrets.session_key, text, now=site.clock.now())


@router.get("/checkout/{ticket}", name="consumer.checkout")
async def checkout(request: Request, ticket: str) -> Response:
    """The order and the ways to pay for it."""
    return await draw(request, ticket, empty_form(request))


async def draw(request: Request, text: str, form: Form) -> Response:
    """The page of an order. What campaigns offer counts as seen from now on."""
    site, customer = site_of(request), customer_of(request)
    order = ticket_of(request, text)
    account = await get_account(request)
    attempts = await site.read(lambda conn: find_attempts(conn, id_of_ticket(text)))
    if attempts.state == "paid":
        return redirect(request, "consumer.purchases", Notice(key="consumer.paid_already", tone="info"))
    now = site.clock.now()
    choices = await site.read(lambda conn: list_choices(conn, site, customer, order, now=now))
    await site.write(lambda conn: merchants.note_exposure(conn, ask(order, customer, site, now=now)))
    return await page(
        request, "consumer/checkout.html", status=200 if form.is_good else 422, account=account, order=order, ticket=text,
        choices=choices, form=form,
    )  # fmt: skip


@router.post("/checkout/{ticket}", name="consumer.choose")
async def choose(request: Request, ticket: str) -> Response:
    """A way to pay was chosen: its contract is put before the customer, who has time to read it."""
    site, customer = site_of(request), customer_of(request)
    order = ticket_of(request, ticket)
    form = await read_form(request)
    account = await get_account(request)
    now = site.clock.now()
    choices = await site.read(lambda conn: list_choices(conn, site, customer, order, now=now))
    offered = {str(LATER), *(str(choice.periods) for choice in choices)}
    periods = form.choice("plan", frozenset(offered))
    if not form.is_good:
        return await draw(request, ticket, form)
    choice = find_choice(choices, int(periods))
    reading = begin_reading(request, ticket, order, choice, account)
    await site.write(lambda conn: save_reading(conn, reading))
    return redirect(request, "consumer.contract", reading_id=str(reading.reading_id))


def begin_reading(
    request: Request, text: str, order: Ticket, choice: Choice | None, account: credit.AccountView
) -> Reading:
    """The contract of an order: instalments are read for a while, paying with the next bill costs nothing and needs no wait."""
    site = site_of(request)
    digest = digest_shown(order.amount_minor, account.next_statement_due_on)
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
    )
