"""Opening the account: explicit, warned, each agreement read and ticked by hand (R-018); from there on the journey's own pages."""

from __future__ import annotations

import uuid
from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import NotFound
from honghua.customers import api as customers
from honghua.web.booker import Answer
from honghua.web.consumer.asking import customer_of, find_account
from honghua.web.consumer.joining.pages import draw_standing, find_standing
from honghua.web.consumer.joining.ports import find_ports
from honghua.web.consumer.joining.steps import Place
from honghua.web.consumer.joining.steps import begin as begin_contract
from honghua.web.consumer.offers import CONSUMER
from honghua.web.consumer.readings import TEXT_VERSION, Reading, digest_shown, save_reading
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form
from honghua.web.ui.pages import page, redirect
from honghua.web.viewer import viewer_of

router = APIRouter(include_in_schema=False)
AGREED: Final = "agreed"  # the agreements are given; nothing is booked before the contract


@router.get("/my/opening", name="consumer.opening")
async def opening(request: Request) -> Response:
    """Where the application stands; what the account is, before anything is agreed to."""
    if await find_account(request) is not None:
        return redirect(request, "consumer.home")
    return await draw_opening(request)


async def draw_opening(request: Request) -> Response:
    """The page of whoever has no account yet."""
    ports = find_ports(request)
    standing = await find_standing(request)
    if ports is None or standing.place in (Place.AGREEMENTS, Place.DONE):
        is_fake = ports is not None and ports.identity.is_fake
        return await page(request, "consumer/welcome.html", can_prove=ports is not None, is_fake=is_fake)
    return await draw_standing(request, standing)


@router.post("/my/opening", name="consumer.begin_opening")
async def begin(request: Request) -> Response:
    """Put the agreements before the customer."""
    site, customer = site_of(request), customer_of(request)
    if await find_account(request) is not None or find_ports(request) is None:
        return redirect(request, "consumer.home")
    texts = [one.text for one in await standings(request)]
    reading = Reading(
        reading_id=uuid.uuid4(),
        customer=customer,
        kind="opening",
        subject="",
        periods=0,
        amount_minor=0,
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


async def begin_application(request: Request, reading: Reading, form: Form) -> Answer | None:
    """Write down what was agreed to and begin the contract's stream; a needed agreement without its tick begins nothing."""
    site, customer = site_of(request), customer_of(request)
    now = site.clock.now()
    read_ms = int((now - reading.opened_at).total_seconds() * 1000)
    found = await standings(request)
    said = [
        customers.Said(kind=one.text.kind, version=one.text.version, is_given=True, read_ms=read_ms)
        for one in found
        if form.values.get(f"agree_{one.text.kind.value}") == "yes"
    ]

    def agree(conn: psycopg.Connection) -> bool:
        if said:
            customers.say(conn, customer, said, channel="web", now=now)
        if customers.find_missing(conn, customer):
            return False
        begin_contract(conn, customer, now=now)
        return True

    return {"outcome": AGREED} if await site.write(agree) else None
