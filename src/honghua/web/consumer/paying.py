"""An order of a payment link is paid, or goes on: by the one way that all links share, with the campaign that bears its cost."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request

from honghua.credit.core import Continuation, Instalments
from honghua.web.api.checkouts import Payment, id_of_ticket, pay_checkout, register_checkout
from honghua.web.booker import Answer
from honghua.web.consumer.asking import scene_of
from honghua.web.consumer.offers import Choice, find_choice, list_choices
from honghua.web.consumer.readings import Reading
from honghua.web.ground import site_of
from honghua.web.problems import Trouble
from honghua.web.tickets import Ticket, open_ticket


def find_ticket(request: Request, reading: Reading) -> Ticket:
    """The order of a contract: its link was good when the contract was shown."""
    return open_ticket(site_of(request).secrets.session_key, reading.subject, now=reading.opened_at)


def asked_of(order: Ticket, reading: Reading) -> Ticket:
    """What of an order a contract is about: all of it, or the part that was offered."""
    return replace(order, amount_minor=reading.amount_minor)


async def register_order(request: Request, ticket: Ticket) -> str:
    """Make an order of the demonstration's shop known; its link's text."""
    site = site_of(request)
    return await site.write(lambda conn: register_checkout(conn, site, ticket, now=site.clock.now()))


async def pay_order(request: Request, reading: Reading, choice: Choice | None) -> Answer | None:
    """What the books say; None when the campaign that was to bear the cost is used up."""
    return await _pay(request, reading, choice, None)


async def go_on_with_order(request: Request, reading: Reading, continues: Continuation) -> Answer:
    """The same order again, with what it was asked for, and the campaign that still stands for it."""
    site = site_of(request)
    order, now = asked_of(find_ticket(request, reading), reading), site.clock.now()
    choices = await site.read(lambda conn: list_choices(conn, site, reading.line, order, now=now))
    answer = await _pay(request, reading, find_choice(choices, reading.periods), continues)
    if answer is None:
        raise Trouble("OFFER_GONE", "this offer is used up")
    return answer


async def _pay(
    request: Request, reading: Reading, choice: Choice | None, continues: Continuation | None
) -> Answer | None:
    plan, order = None, find_ticket(request, reading)
    if reading.periods:
        plan = Instalments(periods=reading.periods, payer=reading.payer, fee_minor=reading.fee_minor)
    payment = Payment(
        customer=reading.line,
        instalments=plan,
        scene=scene_of(request),
        continues=continues,
        part_minor=reading.amount_minor if reading.amount_minor != order.amount_minor else None,
        offer=choice.campaign if choice is not None and choice.payer == reading.payer else None,
    )
    try:
        answer: Answer = await pay_checkout(site_of(request), id_of_ticket(reading.subject), payment)
    except Trouble as trouble:
        if trouble.code == "OFFER_GONE":
            return None
        raise
    return answer
