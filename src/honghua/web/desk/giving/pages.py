"""Coupons and offers by hand: what waits for a second person, a form to ask, what was given and to whom it could not be."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import BadInput, HonghuaError, NotFound
from honghua.web.address_parts import Id
from honghua.web.desk.acting import doing_of, noted
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.desk.giving import book
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/giving")
SHOWN: Final = 50
GIVING_MINOR_MAX: Final = 10**10  # what risk approved bounds it further
LIST_CHARS_MAX: Final = 8_000
WORDS: Final = frozenset({"grant", "refuse"})


@router.get("", name="desk.givings")
async def show(request: Request) -> Response:
    """The page."""
    return await _page(
        request, empty_form(request, kind="coupon", customers=request.query_params.get("customer", "")[:200])
    )


async def _page(request: Request, form: Form) -> Response:
    def read(conn: psycopg.Connection) -> dict[str, Any]:
        decided = book.list_givings(conn, is_waiting=False, limit=SHOWN)
        missed: dict[int, list[book.Outcome]] = {}
        for one in book.list_missed(conn, [giving.giving_id for giving in decided]):
            missed.setdefault(one.giving_id, []).append(one)
        return {
            "waiting": book.list_givings(conn, is_waiting=True, limit=SHOWN),
            "decided": decided,
            "missed": missed,
        }

    return await draw(
        request, "desk/giving/givings.html", status=200 if form.is_good else 422, form=form, kinds=sorted(book.KINDS),
        customers_max=book.CUSTOMERS_MAX, me=viewer_of(request).subject, **await site_of(request).read(read),
    )  # fmt: skip


@router.post("", name="desk.giving_ask")
async def ask(request: Request) -> Response:
    """Put it before another person."""
    form = await read_form(request, chars_max=LIST_CHARS_MAX)
    site, person = site_of(request), viewer_of(request).subject
    kind = form.choice("kind", book.KINDS)
    wanted: dict[str, Any] = {
        "customers": lines_of(form.text("customers", chars_max=LIST_CHARS_MAX)),
        "amount_minor": form.amount("amount", site.currency, most=GIVING_MINOR_MAX),
        "why": form.text("why", chars_max=WHY_CHARS_MAX),
    }
    if kind == "coupon":
        wanted |= {
            "name": form.text("name", chars_max=40),
            "categories": lines_of(form.text("categories", chars_max=2_000, is_needed=False)),
            "merchants": lines_of(form.text("merchants", chars_max=2_000, is_needed=False)),
            "until_on": read_day(form, "until_on"),
        }
    if not form.is_good:
        return await _page(request, form)
    now = site.clock.now()
    try:
        asked = book.Wanted(kind=kind, **wanted)
        async with noted(
            request, doing_of(request, f"ask: {kind}", f"{len(asked.customers)} customers", str(wanted["why"]))
        ):
            number = await site.write(lambda conn: book.ask(conn, asked, person=person, now=now))
    except (BadInput, NotFound) as error:
        form.blame(FIELD_OF.get(error.code, "amount"), "desk.said", sentence=str(error))
        return await _page(request, form)
    return told(request, "desk.givings", "desk.giving_asked", values={"id": number})


FIELD_OF: Final = {
    "GIVING_CUSTOMERS": "customers",
    "ACCOUNT_UNKNOWN": "customers",
    "SCOPE_INVALID": "categories",
    "GIVING_INVALID": "until_on",
}


@router.post("/{giving_id}/decide", name="desk.giving_decide")
async def decide(request: Request, giving_id: Id) -> Response:
    """The second person's word; with a yes it is given at once, to everybody who can have it."""
    form = await read_form(request)
    said, why = form.choice("word", WORDS), form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.givings", "desk.why_needed", tone="bad")
    site = site_of(request)
    word, now = book.Word(person=viewer_of(request).subject, grant=said == "grant", why=why), site.clock.now()
    try:
        async with noted(request, doing_of(request, f"giving: {said}", f"giving {giving_id}", why)):
            given = await site.write(lambda conn: book.decide(conn, site.registry, giving_id, word, now=now))
    except HonghuaError as error:
        return refused(request, "desk.givings", error)
    if said == "refuse":
        return told(request, "desk.givings", "desk.giving_refused")
    return told(request, "desk.givings", "desk.giving_granted", values={"n": given})


def lines_of(text: str) -> tuple[str, ...]:
    """One a line."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def read_day(form: Form, name: str) -> dt.date | None:
    """A day as browsers send it."""
    try:
        return dt.date.fromisoformat(form.text(name))
    except ValueError:
        form.blame(name, "ui.error_choose")
        return None


__all__ = ["router"]
