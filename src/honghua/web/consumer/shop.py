"""A shop to try things out in, only in a demonstration: it asks for payment and takes goods back as any shop does by the API."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.credit.core import RefundPurchase
from honghua.web.consumer.asking import UNREADABLE, customer_of, is_done, refusal_notice, submit
from honghua.web.consumer.paying import register_order
from honghua.web.ground import site_of
from honghua.web.tickets import Ticket
from honghua.web.ui.forms import read_form
from honghua.web.ui.pages import Notice, page, redirect
from honghua.web.viewer import viewer_of

router = APIRouter(include_in_schema=False)
SHOP: Final = "红花小店"
LINK_LIFE: Final = dt.timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Goods:
    """Something to buy. key: of its words; drawing: which picture."""

    key: str
    category: str
    price_minor: int
    drawing: str
    merchant_pays: tuple[int, ...] = ()


SHELF: Final = (
    Goods("tea", "groceries", 12_800, "cup"),
    Goods("bicycle", "sports", 229_900, "bicycle", merchant_pays=(3,)),
    Goods("phone", "electronics", 459_900, "phone"),
    Goods("piano", "music", 1_680_000, "piano"),
)


def check_demo(request: Request) -> None:
    """Only where nothing is real."""
    if not site_of(request).is_demo:
        raise NotFound("there is no such page")


@router.get("/shop", name="consumer.shop")
async def shop(request: Request) -> Response:
    """The shelf, and what was bought here before."""
    check_demo(request)
    site = site_of(request)
    viewer = viewer_of(request)
    bought = []
    if viewer.is_signed_in:
        found = await site.read(lambda conn: credit.list_purchases(conn, viewer.subject, limit=50))
        bought = [one for one in found if one.merchant == SHOP and one.state in ("bought", "partly_refunded")]
    return await page(request, "consumer/shop.html", shelf=SHELF, bought=bought, currency=site.currency)


@router.post("/shop/buy", name="consumer.shop_buy")
async def buy(request: Request) -> Response:
    """Make an order and send the customer to its payment link."""
    check_demo(request)
    form = await read_form(request)
    goods = next((one for one in SHELF if one.key == form.values.get("goods")), None)
    if goods is None:
        raise NotFound("no such goods on the shelf")
    site = site_of(request)
    ticket = Ticket(
        merchant=SHOP,
        order=f"shop-{uuid.uuid4().hex[:12]}",
        category=goods.category,
        amount_minor=goods.price_minor,
        currency=site.currency,
        title=goods.key,
        expires_at=site.clock.now() + LINK_LIFE,
        return_to="/shop",
        merchant_pays=goods.merchant_pays,
        accepts_less=True,
    )
    text = await register_order(request, ticket)
    return redirect(request, "consumer.checkout", ticket=text)


@router.post("/shop/return", name="consumer.shop_return")
async def take_back(request: Request) -> Response:
    """The shop takes goods back: all that is left of a purchase."""
    check_demo(request)
    site, customer = site_of(request), customer_of(request)
    form = await read_form(request)
    key, purchase_id = form.key(), form.whole("purchase_id", least=1, most=2**62)
    if not form.is_good:
        return redirect(request, "consumer.shop", UNREADABLE)
    detail = await site.read(lambda conn: credit.find_purchase_detail(conn, customer, purchase_id))
    if detail is None or detail.summary.merchant != SHOP:
        raise NotFound("not bought here", code="PURCHASE_UNKNOWN")
    one = detail.summary
    command = RefundPurchase(
        key=f"shop-return:{key}", customer=customer, purchase_id=purchase_id,
        amount_minor=one.amount_minor - one.refunded_minor,
    )  # fmt: skip
    answer = await submit(request, command)
    notice = Notice(key="consumer.shop_returned") if is_done(answer) else refusal_notice(request, answer)
    return redirect(request, "consumer.purchase", notice, purchase_id=purchase_id)
