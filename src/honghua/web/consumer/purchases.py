"""Purchases: the list, one with its story, and "this was not me"."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.credit.core import ClearReport, Purpose, ReportFraud, line_of
from honghua.decision import api as decision
from honghua.decision.core import REASONS
from honghua.web.address_parts import ID_MAX, Id
from honghua.web.booker import Answer, sentence_of
from honghua.web.consumer.asking import customer_of, find_account, is_done, refusal_notice, submit
from honghua.web.consumer.readings import find_refused
from honghua.web.ground import site_of
from honghua.web.ui.forms import read_form
from honghua.web.ui.pages import Notice, page, redirect
from honghua.web.viewer import viewer_of

router = APIRouter(include_in_schema=False)
SHOWN: Final = 20


@router.get("/my/purchases", name="consumer.purchases")
async def purchases(request: Request, *, before: Annotated[int | None, Query(ge=1, le=ID_MAX)] = None) -> Response:
    """Purchases and attempts, newest first."""
    site, customer = site_of(request), customer_of(request)
    found = await site.read(lambda conn: credit.list_purchases(conn, customer, limit=SHOWN + 1, before=before))
    more = found[SHOWN - 1].purchase_id if len(found) > SHOWN else None
    currency = await currency_of(request)
    return await page(
        request, "consumer/purchases.html", purchases=found[:SHOWN], more=more, before=before, currency=currency
    )


async def currency_of(request: Request) -> str:
    """The currency of the viewer's account; that of the newest terms without one."""
    account = await find_account(request)
    return account.currency if account is not None else site_of(request).currency


@router.get("/my/purchases/{purchase_id}", name="consumer.purchase")
async def purchase(request: Request, purchase_id: Id) -> Response:
    """One purchase from its first moment on: bought, refunded, disputed."""
    _, detail = await get_purchase(request, purchase_id)
    answer = await find_refusal(request, detail.summary)
    return await page(
        request, "consumer/purchase.html", one=detail.summary, detail=detail, currency=await currency_of(request),
        answer=answer, said=sentence_of(answer, viewer_of(request).language) if answer else "",
    )  # fmt: skip


async def get_purchase(request: Request, purchase_id: int) -> tuple[str, credit.PurchaseDetail]:
    """(line, story) of a purchase of any line of the viewer; NotFound."""
    site, customer = site_of(request), customer_of(request)
    lines = [line_of(customer, purpose) for purpose in Purpose]
    found = await site.read(lambda conn: [credit.find_purchase_detail(conn, line, purchase_id) for line in lines])
    for line, detail in zip(lines, found, strict=True):
        if detail is not None:
            return line, detail
    raise NotFound("no such purchase", code="PURCHASE_UNKNOWN")


async def find_refusal(request: Request, one: credit.PurchaseSummary) -> Answer | None:
    """What was said to an attempt that was refused: on our pages, or by the rules about the account; else None."""
    if one.state is not credit.PurchaseState.REFUSED:
        return None
    site, customer = site_of(request), customer_of(request)
    reading = await site.read(lambda conn: find_refused(conn, customer, one.purchase_id))
    if reading is not None:
        return reading.answer
    found = await site.read(lambda conn: decision.find_decision(conn, one.purchase_id))
    reason = REASONS.get(found.reason) if found is not None else None
    if found is None or reason is None:
        return None
    return {"code": found.reason, "sentence": reason.zh, "sentence_en": reason.en}


@router.post("/my/purchases/{purchase_id}/report", name="consumer.report")
async def report(request: Request, purchase_id: Id) -> Response:
    """The customer says: I did not buy this."""
    key = (await read_form(request)).key()
    line, _ = await get_purchase(request, purchase_id)
    command = ReportFraud(key=f"report:{key}", customer=line, purchase_id=purchase_id)
    return await say_about(request, command, "consumer.reported")


@router.post("/my/purchases/{purchase_id}/clear", name="consumer.clear")
async def clear(request: Request, purchase_id: Id) -> Response:
    """The customer takes the report back: it was them after all."""
    key = (await read_form(request)).key()
    line, _ = await get_purchase(request, purchase_id)
    command = ClearReport(key=f"clear:{key}", customer=line, purchase_id=purchase_id)
    return await say_about(request, command, "consumer.cleared")


async def say_about(request: Request, command: ReportFraud | ClearReport, words: str) -> Response:
    """Book what the customer says about a purchase, and show the purchase again."""
    answer = await submit(request, command)
    notice = Notice(key=words) if is_done(answer) else refusal_notice(request, answer)
    return redirect(request, "consumer.purchase", notice, purchase_id=command.purchase_id)
