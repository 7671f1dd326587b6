"""A cap of one's own on what a month may spend: lower at once, higher only after a night's sleep; the books hold it."""

from __future__ import annotations

import datetime as dt
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.credit import api as credit
from honghua.credit.core import SetSpendingCap
from honghua.web.booker import sentence_of
from honghua.web.consumer.asking import customer_of, get_account, is_done, submit
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.pages import Notice, page, redirect
from honghua.web.viewer import viewer_of

router = APIRouter(include_in_schema=False)
CAP_MINOR_MAX: Final = 10**12
NO_CAP: Final = 0


@router.get("/my/cap", name="consumer.cap")
async def cap(request: Request) -> Response:
    """The cap as it stands, what this month has spent, and a change that waits."""
    return await draw(request, empty_form(request))


async def draw(request: Request, form: Form) -> Response:
    """The page, again with what was typed where something is wrong."""
    site, customer = site_of(request), customer_of(request)
    account = await get_account(request)
    stands = await site.read(lambda conn: credit.find_spending_cap(conn, customer))
    later = None if stands is None or stands.next_on is None else dt.date.fromisoformat(stands.next_on)
    return await page(
        request,
        "consumer/cap.html",
        status=200 if form.is_good else 422,
        account=account,
        cap=stands,
        later=later,
        form=form,
    )


@router.post("/my/cap", name="consumer.set_cap")
async def set_cap(request: Request) -> Response:
    """Set another cap, or none."""
    account = await get_account(request)
    form = await read_form(request)
    key = form.key()
    is_removed = form.values.get("none") == "yes"
    minor = NO_CAP if is_removed else form.amount("amount", account.currency, most=CAP_MINOR_MAX)
    if not form.is_good:
        return await draw(request, form)
    answer = await submit(request, SetSpendingCap(key=f"cap:{key}", customer=customer_of(request), cap_minor=minor))
    if not is_done(answer):
        form.blame("amount", "consumer.error_said", sentence=sentence_of(answer, viewer_of(request).language))
        return await draw(request, form)
    return redirect(request, "consumer.cap", Notice(key="consumer.cap_set"))
