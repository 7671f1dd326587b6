"""Opening the account: explicit, warned, each agreement read and ticked by hand (R-018). In a demonstration the limit is given at once."""

from __future__ import annotations

import uuid
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import NotFound
from honghua.credit.core import OpenAccount
from honghua.customers import api as customers
from honghua.web.booker import Answer
from honghua.web.consumer.asking import customer_of, find_account, submit
from honghua.web.consumer.offers import CONSUMER
from honghua.web.consumer.readings import TEXT_VERSION, Reading, digest_shown, save_reading
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form
from honghua.web.ui.pages import page, redirect
from honghua.web.viewer import viewer_of

router = APIRouter(include_in_schema=False)
DEMO_LIMIT_MINOR: Final = 500_000  # whoever decides limits is not built yet; a demonstration gives everybody the same


@router.get("/my/opening", name="consumer.opening")
async def opening(request: Request) -> Response:
    """What the account is, before anything is agreed to."""
    account = await find_account(request)
    if account is not None:
        return redirect(request, "consumer.home")
    return await page(request, "consumer/welcome.html")


@router.post("/my/opening", name="consumer.begin_opening")
async def begin(request: Request) -> Response:
    """Put the agreements before the customer."""
    site, customer = site_of(request), customer_of(request)
    if await find_account(request) is not None or not site.is_demo:
        return redirect(request, "consumer.home")
    texts = [one.text for one in await standings(request)]
    reading = Reading(
        reading_id=uuid.uuid4(),
        customer=customer,
        kind="opening",
        subject="",
        periods=0,
        amount_minor=DEMO_LIMIT_MINOR,
        fee_minor=0,
        payer=CONSUMER,
        text_version=TEXT_VERSION,
        text_digest=digest_shown(*((text.kind, text.version, text.chinese, text.english) for text in texts)),
        language=viewer_of(request).language,
        seconds=max([site.reading_seconds, *(text.read_seconds for text in texts if text.is_needed)]),
        opened_at=site.clock.now(),
    )
    await site.write(lambda conn: save_reading(conn, reading))
    return redirect(request, "consumer.contract", reading_id=str(reading.reading_id))


async def standings(request: Request) -> list[customers.Standing]:
    """How the viewer stands to each agreement; none are known of somebody who never signed in by phone."""
    site, customer = site_of(request), customer_of(request)
    try:
        return await site.read(lambda conn: customers.list_standings(conn, customer))
    except NotFound:
        return []


async def draw_contract(request: Request, reading: Reading, form: Form) -> Response:
    """The agreements with their boxes, none of them ticked."""
    found = await standings(request)
    left = reading.seconds_left(site_of(request).clock.now())
    return await page(
        request, "consumer/agreements.html", status=200 if form.is_good else 422, reading=reading, standings=found,
        form=form, seconds_left=left,
    )  # fmt: skip


async def open_account(request: Request, reading: Reading, form: Form) -> Answer | None:
    """Write down what was agreed to, then open; a needed agreement without its tick opens nothing."""
    site, customer = site_of(request), customer_of(request)
    now = site.clock.now()
    read_ms = int((now - reading.opened_at).total_seconds() * 1000)
    found = await standings(request)
    said = [
        customers.Said(kind=one.text.kind, version=one.text.version, is_given=True, read_ms=read_ms)
        for one in found
        if form.values.get(f"agree_{one.text.kind.value}") == "yes"
    ]
    await site.write(lambda conn: customers.say(conn, customer, said, channel="web", now=now) if said else None)
    missing = await site.read(lambda conn: customers.find_missing(conn, customer))
    if missing:
        return None
    command = OpenAccount(key=f"contract:{reading.reading_id}", customer=customer, limit_minor=reading.amount_minor)
    answer: dict[str, Any] = await submit(request, command)
    return answer
