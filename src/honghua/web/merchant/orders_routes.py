"""Overview, orders and refunds of a merchant."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.credit.core import RefundPurchase
from honghua.ledger import api as ledger
from honghua.merchants import api as merchants
from honghua.merchants.api import DaySum, EvidenceRow, Movement, OrderRow
from honghua.merchants.core import REASONS
from honghua.web.address_parts import Id, read_day, read_number
from honghua.web.booker import sentence_of
from honghua.web.ground import site_of
from honghua.web.merchant import seeing
from honghua.web.roles import Role
from honghua.web.ui.forms import Form, empty_form, read_form
from honghua.web.ui.notices import Notice
from honghua.web.ui.pages import page, redirect, writing_of

router = APIRouter()

DAYS_SHOWN: Final = 30
PAGE: Final = 50
CAMPAIGNS_SHOWN: Final = 50


@router.get("/merchant", name="merchant.home")
async def home(request: Request) -> Response:
    """What was sold today and lately, what will be paid out, which campaigns run."""
    site = site_of(request)
    merchant, now = request.state.viewer.merchant, site.clock.now()

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        today = credit.get_business_day(conn)
        merchant_id = seeing.find_merchant_id(conn, merchant)
        sums = merchants.sum_days(conn, merchant_id, days=(today - dt.timedelta(days=DAYS_SHOWN - 1), today))
        campaigns = merchants.list_campaigns(conn, merchant, limit=CAMPAIGNS_SHOWN)
        shown = [seeing.show_campaign(campaign, budget, now=now) for campaign, budget in campaigns]
        return {
            "today": today, "sums": sums, "payable_minor": seeing.read_payable(conn, merchant_id),
            "running": [one for one in shown if one.status == "running"],
        }  # fmt: skip

    found = await site.read(read)
    writing, currency = writing_of(request), site.currency
    by_day = {one.day: one for one in found.pop("sums")}
    days = [found["today"] - dt.timedelta(days=k) for k in reversed(range(DAYS_SHOWN))]
    points = (
        [(writing.short_day(day), by_day[day].sales_minor if day in by_day else 0) for day in days] if by_day else []
    )
    return await page(
        request, "merchant/home.html", currency=currency, points=points, write=writing.money_in(currency),
        now=by_day.get(found["today"], DaySum(found["today"], 0, 0, 0, 0, 0)), is_owner=owns(request), **found,
    )  # fmt: skip


def owns(request: Request) -> bool:
    """Whether the viewer may spend the shop's money."""
    return Role.MERCHANT_OWNER in request.state.viewer.roles


@router.get("/merchant/orders", name="merchant.orders")
async def orders(request: Request) -> Response:
    """What happened on some business days, the newest first."""
    site = site_of(request)
    before = read_number(request.query_params.get("before"))

    def read(conn: psycopg.Connection) -> tuple[tuple[dt.date, dt.date], list[Movement], dict[int, OrderRow]]:
        today = credit.get_business_day(conn)
        until = read_day(request.query_params.get("until")) or today
        start = read_day(request.query_params.get("from")) or until - dt.timedelta(days=DAYS_SHOWN - 1)
        merchant_id = seeing.find_merchant_id(conn, request.state.viewer.merchant)
        rows = merchants.list_movements(conn, merchant_id, days=(start, until), before=before, limit=PAGE)
        return (start, until), rows, merchants.find_orders(conn, {row.purchase_id for row in rows})

    days, rows, known = await site.read(read)
    older = None
    if len(rows) == PAGE:
        query = f"from={days[0].isoformat()}&until={days[1].isoformat()}&before={rows[-1].entry_id}"
        older = f"{request.app.url_path_for('merchant.orders')}?{query}"
    return await page(
        request, "merchant/orders.html", rows=[seeing.show_movement(row, orders=known) for row in rows], days=days, older=older,
        currency=site.currency,
    )  # fmt: skip


@router.get("/merchant/orders/{purchase_id}", name="merchant.order")
async def order(request: Request, purchase_id: Id) -> Response:
    """One order with its refunds, and the form for another."""
    return await draw_order(request, purchase_id, empty_form(request))


async def draw_order(request: Request, purchase_id: int, form: Form, *, status: int = 200) -> Response:
    """The page of an order; NotFound for another merchant's."""
    site = site_of(request)
    merchant = request.state.viewer.merchant

    def read(conn: psycopg.Connection) -> tuple[list[Movement], OrderRow | None, list[EvidenceRow]]:
        rows, _ = read_order(conn, merchant, purchase_id)
        return rows, merchants.find_order(conn, purchase_id), merchants.list_evidence(conn, purchase_id)

    rows, known, evidence = await site.read(read)
    return await page(
        request, "merchant/order.html", status=status, form=form, purchase_id=purchase_id, left_minor=left_of(rows),
        reference=rows[0].reference or str(purchase_id), rows=[seeing.show_movement(row) for row in rows],
        currency=site.currency, known=known, evidence=evidence, reason_words=REASONS,
    )  # fmt: skip


def read_order(conn: psycopg.Connection, merchant: str, purchase_id: int) -> tuple[list[Movement], str]:
    """The movements of an order of this merchant, and the customer's reference; NotFound for anybody else's."""
    merchant_id = seeing.find_merchant_id(conn, merchant)
    rows = merchants.list_of_purchase(conn, merchant_id, purchase_id) if purchase_id > 0 else []
    if not rows:
        raise NotFound(f"no order {purchase_id}", code="PURCHASE_UNKNOWN")
    return rows, ledger.find_refs(conn, owner_ids=[rows[0].account_id])[rows[0].account_id]


def left_of(rows: list[Movement]) -> int:
    """What of an order can still be refunded, as far as the books were followed; the books have the last word."""
    return max(0, sum(row.gross_minor for row in rows))


@router.post("/merchant/orders/{purchase_id}/refund", name="merchant.refund")
async def refund(request: Request, purchase_id: Id) -> Response:
    """Take goods back, wholly or in part, once per form."""
    site = site_of(request)
    form = await read_form(request)
    currency = site.currency
    merchant = request.state.viewer.merchant
    rows, customer = await site.read(lambda conn: read_order(conn, merchant, purchase_id))
    amount = form.amount("amount", currency, most=max(1, *(row.gross_minor for row in rows)))
    if not form.is_good:
        return await draw_order(request, purchase_id, form, status=422)
    command = RefundPurchase(
        key=f"merchant-refund:{form.key()}", customer=customer, purchase_id=purchase_id, amount_minor=amount
    )
    (answer,) = await site.booker.submit([command])
    if answer["outcome"] == "refused":
        form.blame("amount", "merchant.as_said", said=sentence_of(answer, request.state.viewer.language))
        return await draw_order(request, purchase_id, form, status=409)
    amount_words = writing_of(request).money(amount, currency)
    return redirect(
        request, "merchant.order", Notice("merchant.refund_done", {"amount": amount_words}), purchase_id=purchase_id
    )
