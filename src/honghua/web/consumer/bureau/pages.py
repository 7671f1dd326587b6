"""My credit report: what we told the credit bureau, who asked and why, and objections with their clock and written result; free."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import BadInput, Refusal
from honghua.bureau import api as bureau
from honghua.bureau.core import ADVERSE, month_after
from honghua.credit import api as credit
from honghua.web.address_parts import read_day, read_number
from honghua.web.consumer.asking import customer_of
from honghua.web.consumer.complaining.pages import warn_of_script
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
KINDS: Final = tuple(bureau.ObjectionKind)
SAID_CHARS_MAX: Final = 500
INQUIRY: Final = "inquiry"


@dataclass(frozen=True, slots=True)
class Cell:
    """One month of the strip. status "/": the account was not open."""

    month: dt.date
    status: str
    is_adverse: bool


def lay_cells(account: bureau.AccountShown) -> Iterator[Cell]:
    """The strip, month by month, the oldest first."""
    first = 1 - len(account.strip)
    for k, status in enumerate(account.strip):
        yield Cell(month_after(account.month, first + k), status, status in ADVERSE)


@router.get("/my/bureau", name="consumer.bureau")
async def show(request: Request) -> Response:
    """All that was told of the viewer, and to whom."""
    return await draw(request, empty_form(request))


async def draw(request: Request, form: Form) -> Response:
    """The page, again with what was typed where something is wrong."""
    site, customer = site_of(request), customer_of(request)
    now = site.clock.now()
    own = await site.read(lambda conn: bureau.view_own_report(conn, customer, on=credit.get_business_day(conn)))
    return await page(
        request, "consumer/bureau.html", status=200 if form.is_good else 422, own=own, form=form, now=now,
        today=now.astimezone(site.zone).date(),
        cells={(one.account_id, one.reporter): list(lay_cells(one)) for one in own.report.accounts},
        rules=bureau.RULES, kinds=KINDS, matters=list_matters(own), currency=site.currency,
    )  # fmt: skip


def list_matters(own: bureau.OwnReport) -> list[tuple[str, dt.date]]:
    """What somebody may object to: (account:month, month), the newest first; a month of a shared account once."""
    return list(
        dict.fromkeys(
            (f"{account.account_id}:{month.isoformat()}", month)
            for account in own.report.accounts
            for month, _, _ in reversed(account.history)
        )
    )


@router.post("/my/bureau/objections", name="consumer.object")
async def object_(request: Request) -> Response:
    """Open an objection: it costs nothing, and its clock runs from now."""
    site, customer = site_of(request), customer_of(request)
    form = await read_form(request)
    kind = form.choice("kind", frozenset(one.value for one in KINDS))
    said = form.text("said", chars_max=SAID_CHARS_MAX)
    about = None if kind in ("", INQUIRY) else read_matter(form)
    if not form.is_good:
        return await draw(request, form)
    now = site.clock.now()
    made = await site.write(
        lambda conn: bureau.open_objection(
            conn, customer, kind=bureau.ObjectionKind(kind), said=said, about=about, now=now
        )
    )
    if isinstance(made, Refusal):
        form.blame("about", "consumer.objection_unknown")
        return await draw(request, form)
    notice = Notice(key="consumer.objection_opened", values={"number": made.objection_id})
    return redirect(request, "consumer.bureau", warn_of_script(said, notice))


def read_matter(form: Form) -> tuple[int, dt.date] | None:
    """The account and month that were picked; blamed where it is none of ours."""
    number, _, month = form.values.get("about", "").partition(":")
    with suppress(BadInput):
        account_id, on = read_number(number), read_day(month)
        if account_id is not None and on is not None:
            return account_id, on
    form.blame("about", "ui.error_choose")
    return None


__all__ = ["router"]
