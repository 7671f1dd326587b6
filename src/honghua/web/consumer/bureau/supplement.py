"""Lenders that my contract does not name yet: who they are stands here before I agree (R-234); who does not sign stays with us alone."""

from __future__ import annotations

from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.web.consumer.asking import OtherPlace, customer_of
from honghua.web.consumer.joining.ports import find_ports, take_steps
from honghua.web.ground import site_of
from honghua.web.ui.files import pdf_answer
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
PLACE: Final = "consumer.lenders"


async def find_first(request: Request) -> journey.Supplement | None:
    """The supplement whose turn it is: a line after the other; None where there is nothing to sign."""
    if find_ports(request) is None:
        return None
    customer = customer_of(request)
    found = await take_steps(request, lambda conn, on: journey.list_supplements(conn, on, customer))
    return found[0] if found else None


async def get_first(request: Request) -> journey.Supplement:
    """The same; OtherPlace leads back where there is none."""
    one = await find_first(request)
    if one is None:
        raise OtherPlace(PLACE, Notice(key="consumer.supplement_none", tone="info"))
    return one


@router.post("/my/lenders/agreement", name="consumer.supplement_show")
async def show(request: Request) -> Response:
    """Draw it and put it before the customer's eyes: from now on its clock runs."""
    one, site = await get_first(request), site_of(request)
    try:
        await take_steps(
            request,
            lambda conn, on: journey.show_supplement(
                conn, on, one, read_seconds=site.reading_seconds, now=site.clock.now()
            ),
        )
    except Conflict:
        return redirect(request, PLACE, Notice(key="consumer.join_other_text", tone="warn"))
    return redirect(request, "consumer.supplement")


@router.get("/my/lenders/agreement", name="consumer.supplement")
async def read(request: Request) -> Response:
    """The supplement as it was drawn."""
    return await draw(request, await get_first(request), empty_form(request))


async def draw(request: Request, one: journey.Supplement, form: Form) -> Response:
    """The page, with what is left of the reading time; what would be drawn now must be the same."""
    site, now = site_of(request), site_of(request).clock.now()
    try:
        document = await site.read(lambda conn: customers.get_document(conn, one.key))
    except NotFound:
        raise OtherPlace(PLACE) from None
    text = await take_steps(request, lambda conn, on: journey.write_supplement(conn, on, one, now=now))
    left = document.read_seconds - (now - document.shown_at).total_seconds()
    return await page(
        request, "consumer/supplement.html", status=200 if form.is_good else 422, form=form, one=one, text=text,
        digest=document.shown_digest.hex(), is_same=text.digest() == document.shown_digest,
        seconds_left=max(0, int(left) + (left > int(left))),
    )  # fmt: skip


@router.post("/my/lenders/signature", name="consumer.supplement_sign")
async def sign(request: Request) -> Response:
    """Sign what was shown, after it was read."""
    one, form, now = await get_first(request), await read_form(request), site_of(request).clock.now()
    if form.values.get("agreed") != "yes":
        form.blame("agreed", "consumer.error_agree")
        return await draw(request, one, form)
    try:
        digest = bytes.fromhex(form.values.get("digest", ""))
    except ValueError:
        digest = b""
    try:
        await take_steps(request, lambda conn, on: journey.sign_supplement(conn, on, one, shown_digest=digest, now=now))
    except BadInput as error:
        if error.code not in ("CONTRACT_UNREAD", "CONTRACT_OTHER"):
            raise
        form.blame("reading", "consumer.error_unread" if error.code == "CONTRACT_UNREAD" else "consumer.offer_changed")
        return await draw(request, one, form)
    return redirect(request, PLACE, Notice(key="consumer.supplement_signed"))


@router.get("/my/lenders/agreement.pdf", name="consumer.supplement_pdf")
async def download(request: Request) -> Response:
    """The newest supplement as a file, signed once it is; the reading is written down like any other."""
    site, customer, now = site_of(request), customer_of(request), site_of(request).clock.now()

    def find(conn: psycopg.Connection) -> str | None:
        shown = [key for key in customers.list_contracts(conn, customer) if journey.is_supplement(key)]
        return shown[-1] if shown else None

    newest = await site.read(find)
    if newest is None:
        return redirect(request, PLACE)
    access = customers.Access(customer, customers.Purpose.OWN_REQUEST)
    return pdf_answer(
        "supplement.pdf",
        await site.write(lambda conn: customers.download_contract(conn, site.vault, newest, access, now=now)),
    )


__all__ = ["find_first", "router"]
