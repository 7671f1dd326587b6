"""The customer's first page, and the landing page of strangers."""

from __future__ import annotations

import math
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.credit import api as credit
from honghua.limits import api as limits
from honghua.web.consumer.asking import customer_of, find_account, get_account
from honghua.web.consumer.opening import draw_opening
from honghua.web.ground import site_of
from honghua.web.roles import CUSTOMERS, MERCHANTS, STAFF
from honghua.web.ui.pages import has_route, page, redirect
from honghua.web.viewer import viewer_of

router = APIRouter(include_in_schema=False)
AROUND: Final = 2 * math.pi * 88  # of the ring
WARM_PPM: Final = 800_000  # above it the ring warms (rules.md §1)
RECENT: Final = 5


@router.get("/", name="consumer.landing")
async def landing(request: Request) -> Response:
    """Everybody to their own start page; strangers to a word of welcome."""
    viewer = viewer_of(request)
    for roles, name in (
        (CUSTOMERS, "consumer.home"),
        (MERCHANTS, "merchant.home"),
        (STAFF, "desk.home"),
    ):
        if viewer.roles & roles and has_route(request.app, name):
            return redirect(request, name)
    return await page(request, "consumer/landing.html")


@router.get("/my", name="consumer.home")
async def home(request: Request) -> Response:
    """The limit, this month's bill, what waits, what comes next."""
    site, customer = site_of(request), customer_of(request)
    account = await find_account(request)
    if account is None:
        return await draw_opening(request)
    waiting = await site.read(lambda conn: credit.list_waiting(conn, customer, now=site.clock.now()))
    recent = await site.read(lambda conn: credit.list_purchases(conn, customer, limit=RECENT))
    offers = await site.read(lambda conn: limits.list_offers(conn, customer, on=account.business_on))
    return await page(
        request, "consumer/home.html", account=account, waiting=waiting, recent=recent, ring=draw_ring(account), offers=len(offers)
    )  # fmt: skip


@router.get("/my/limit", name="consumer.limit")
async def limit(request: Request) -> Response:
    """What the limit is made of: fixed, temporary and until when, used, held, left."""
    account = await get_account(request)
    return await page(request, "consumer/limit.html", account=account, ring=draw_ring(account))


def draw_ring(account: credit.AccountView) -> dict[str, Any]:
    """Lengths of the ring's arcs: used, then held."""
    limit = account.limit
    whole = max(limit.fixed_minor + limit.temporary_minor, 1)
    used, held = (min(1.0, max(0, minor) / whole) for minor in (limit.used_minor, limit.held_minor))
    held = min(held, 1 - used)
    return {
        "used": f"{used * AROUND:.2f} {AROUND:.2f}",
        "held": f"{held * AROUND:.2f} {AROUND:.2f}",
        "turn": f"{used * 360 - 90:.2f}",
        "share_ppm": round((used + held) * 1_000_000),
        "is_warm": (used + held) * 1_000_000 > WARM_PPM,
        "whole_minor": limit.fixed_minor + limit.temporary_minor,
    }
