"""Paying at a till: a code that is good once and for a short while, as digits and as a picture (R-012)."""

from __future__ import annotations

import segno
from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from honghua.web.consumer.asking import customer_of, get_account
from honghua.web.ground import site_of
from honghua.web.pay_codes import LIFE, issue_code
from honghua.web.ui.pages import page

router = APIRouter(include_in_schema=False)


@router.get("/my/code", name="consumer.code")
async def code(request: Request) -> Response:
    """What the page is for; a code is made only when asked for."""
    account = await get_account(request)
    return await page(request, "consumer/code.html", account=account, code=None, picture="", seconds=0)


@router.post("/my/code", name="consumer.make_code")
async def make_code(request: Request) -> Response:
    """A new code, shown this once: nothing but its digest is kept."""
    site, customer = site_of(request), customer_of(request)
    account = await get_account(request)
    made = await site.write(lambda conn: issue_code(conn, customer, now=site.clock.now()))
    return await page(
        request, "consumer/code.html", account=account, code=made, picture=draw_code(made) if made else "",
        seconds=int(LIFE.total_seconds()),
    )  # fmt: skip


def draw_code(text: str) -> Markup:
    """The code as a QR picture: SVG without inline style, black on white whatever the page's colours."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        scale=1, border=2, omitsize=True, svgclass=None, lineclass=None
    )
    return Markup(drawn)  # noqa: S704 — segno's own drawing of digits that we made
