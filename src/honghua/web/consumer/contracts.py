"""A contract before it is signed: the whole cost, time to read it, then the word of the customer. Signing twice books once."""

from __future__ import annotations

import uuid
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import HonghuaError, NotFound
from honghua.credit.core import InstalBill, Instalments
from honghua.web.booker import Answer
from honghua.web.consumer import opening
from honghua.web.consumer.asking import customer_of, submit
from honghua.web.consumer.checkout import LATER
from honghua.web.consumer.offers import Choice, find_choice, find_line_account, list_bill_choices, list_choices
from honghua.web.consumer.paying import asked_of, find_ticket, pay_order
from honghua.web.consumer.readings import Reading, find_reading, give_back, save_answer, take
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
STALE: Final = Notice(key="consumer.offer_changed", tone="warn")


@router.get("/my/contracts/{reading_id}", name="consumer.contract")
async def contract(request: Request, reading_id: uuid.UUID) -> Response:
    """The contract, or what came of it."""
    return await draw(request, await get_reading(request, reading_id), empty_form(request))


async def get_reading(request: Request, reading_id: uuid.UUID) -> Reading:
    """A contract of the viewer; NotFound for another's."""
    customer = customer_of(request)
    reading = await site_of(request).read(lambda conn: find_reading(conn, customer, reading_id))
    if reading is None:
        raise NotFound("no such contract", code="CONTRACT_UNKNOWN")
    return reading


async def draw(request: Request, reading: Reading, form: Form) -> Response:
    """The page of a contract not yet signed."""
    if reading.answer is not None:
        return redirect(request, "consumer.result", reading_id=str(reading.reading_id))
    now = site_of(request).clock.now()
    if reading.kind == "opening":
        return await opening.draw_contract(request, reading, form)
    choice = await find_offered(request, reading)
    if reading.is_stale(now) or is_other(reading, choice):
        return back_to_choices(request, reading)
    account = await find_line_account(request, reading)
    order = find_ticket(request, reading) if reading.kind == "purchase" else None
    return await page(
        request, "consumer/contract.html", status=200 if form.is_good else 422, reading=reading, choice=choice,
        account=account, order=order, form=form, seconds_left=reading.seconds_left(now),
    )  # fmt: skip


async def find_offered(request: Request, reading: Reading) -> Choice | None:
    """The offer as it stands now, to be held against what was shown."""
    site, customer = site_of(request), customer_of(request)
    if reading.kind == "bill":
        found = await site.read(lambda conn: list_bill_choices(conn, site, customer, reading.amount_minor))
    elif reading.kind == "opening" or reading.periods == LATER:
        return None
    else:
        order, now = asked_of(find_ticket(request, reading), reading), site.clock.now()
        found = await site.read(lambda conn: list_choices(conn, site, reading.line, order, now=now))
    return find_choice(found, reading.periods)


def is_other(reading: Reading, choice: Choice | None) -> bool:
    """Whether the offer is no longer what was shown."""
    return reading.periods != LATER and (choice is None or choice.digest != reading.text_digest)


def back_to_choices(request: Request, reading: Reading) -> Response:
    """The offer changed or is too old: it is shown anew, nothing was signed."""
    if reading.kind == "opening":
        return redirect(request, "consumer.opening", Notice(key="consumer.error_agree_all", tone="bad"))
    if reading.kind == "bill":
        return redirect(request, "consumer.split", STALE)
    return redirect(request, "consumer.checkout", STALE, ticket=reading.subject)


@router.post("/my/contracts/{reading_id}", name="consumer.sign")
async def sign(request: Request, reading_id: uuid.UUID) -> Response:
    """The customer agrees: not before the reading time is over, and only to what was shown."""
    site = site_of(request)
    reading = await get_reading(request, reading_id)
    form = await read_form(request)
    if reading.answer is not None:
        return redirect(request, "consumer.result", reading_id=str(reading_id))
    if form.values.get("agreed") != "yes":
        form.blame("agreed", "consumer.error_agree")
    left = reading.seconds_left(site.clock.now())
    if left:
        form.blame("reading", "consumer.error_reading", n=left)
    if not form.is_good:
        return await draw(request, reading, form)
    choice = await find_offered(request, reading)
    if reading.kind != "opening" and (reading.is_stale(site.clock.now()) or is_other(reading, choice)):
        return back_to_choices(request, reading)
    if not await site.write(lambda conn: take(conn, reading, now=site.clock.now())):
        return redirect(request, "consumer.result", reading_id=str(reading_id))
    try:
        answer = await conclude(request, reading, choice, form)
    except HonghuaError:
        await site.write(lambda conn: give_back(conn, reading))
        raise
    if answer is None:
        await site.write(lambda conn: give_back(conn, reading))
        return back_to_choices(request, reading)
    await site.write(lambda conn: save_answer(conn, reading, answer, now=site.clock.now()))
    return redirect(request, "consumer.result", reading_id=str(reading_id))


async def conclude(request: Request, reading: Reading, choice: Choice | None, form: Form) -> Answer | None:
    """What the books say to the contract; None when whoever paid its cost no longer does, or an agreement is missing."""
    if reading.kind == "opening":
        return await opening.begin_application(request, reading, form)
    if reading.kind == "purchase":
        return await pay_order(request, reading, choice)
    plan = Instalments(periods=reading.periods, payer=reading.payer, fee_minor=reading.fee_minor)
    command = InstalBill(
        key=f"contract:{reading.reading_id}",
        customer=reading.customer,
        amount_minor=reading.amount_minor,
        instalments=plan,
    )
    return await submit(request, command)


@router.get("/my/contracts/{reading_id}/result", name="consumer.result")
async def result(request: Request, reading_id: uuid.UUID) -> Response:
    """What became of it, in plain words, with what can be done next."""
    reading = await get_reading(request, reading_id)
    if reading.answer is None and reading.confirmed_at is not None:
        return await page(request, "consumer/pending.html")
    if reading.answer is None:
        return redirect(request, "consumer.contract", reading_id=str(reading_id))
    answer: dict[str, Any] = reading.answer
    if answer["outcome"] == opening.AGREED:
        return redirect(request, "consumer.opening")
    if answer["outcome"] in ("step_up", "delayed", "review"):
        return redirect(request, "consumer.waiting", suspension_id=answer["suspension_id"])
    account = await find_line_account(request, reading)
    order = find_ticket(request, reading) if reading.kind == "purchase" else None
    return await page(request, "consumer/result.html", reading=reading, answer=answer, account=account, order=order)
