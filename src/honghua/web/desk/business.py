"""Business lines beside their holders' lines for consumption (R-022), and which shops are whose own: nobody pays there on credit."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.credit import api as credit
from honghua.credit.core import PURPOSES, holder_of
from honghua.web.desk.acts import record_act
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, told
from honghua.web.ground import site_of
from honghua.web.ui.forms import read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/business")
SHOWN: Final = 100
REF_CHARS_MAX: Final = 120


@router.get("", name="desk.business")
async def show(request: Request) -> Response:
    """The newest business lines."""
    site = site_of(request)

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        return {"rows": credit.list_business_lines(conn, site.registry, limit=SHOWN)}

    return await draw(
        request, "desk/business.html", **await site.read(read), goods=sorted(PURPOSES.business), never=sorted(PURPOSES.never)
    )  # fmt: skip


@router.post("/shops", name="desk.own_shop")
async def say_shop(request: Request) -> Response:
    """Say that a shop is, or is no longer, a customer's own; it counts from the next order on."""
    form = await read_form(request)
    customer, merchant = form.text("customer", chars_max=REF_CHARS_MAX), form.text("merchant", chars_max=REF_CHARS_MAX)
    why, word = form.text("why", chars_max=WHY_CHARS_MAX), form.choice("word", frozenset({"own", "not"}))
    if not form.is_good:
        return told(request, "desk.business", "desk.why_needed", tone="bad")
    site, person = site_of(request), viewer_of(request).subject
    now = site.clock.now()
    said = credit.OwnShop(
        customer=holder_of(customer), merchant=merchant, is_own=word == "own", said_by=person, why=why, said_at=now
    )

    def work(conn: psycopg.Connection) -> bool:
        is_news = credit.say_own_shop(conn, said)
        if is_news:
            subject = f"{said.customer} {merchant}"
            record_act(conn, action=f"own shop: {word}", subject=subject, person=person, why=why, now=now)
        return is_news

    return told(request, "desk.business", "desk.shop_said" if await site.write(work) else "desk.shop_known")


__all__ = ["router"]
