"""Paying at a till: a code that is good once and for a short while, as digits and as a picture (R-012)."""

from __future__ import annotations

import segno
from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from honghua.credit import api as credit
from honghua.web.consumer.asking import NoAccount
from honghua.web.consumer.offers import list_lines
from honghua.web.ground import site_of
from honghua.web.pay_codes import LIFE, issue_code
from honghua.web.ui.forms import read_form
from honghua.web.ui.pages import page

router = APIRouter(include_in_schema=False)


@router.get("/my/code", name="consumer.code")
async def code(request: Request) -> Response:
    """What the page is for; a code is made only when asked for."""
    lines = await get_lines(request)
    return await page(
        request, "consumer/code.html", lines=lines, chosen=lines[0].line, code=None, picture="", seconds=0
    )


async def get_lines(request: Request) -> list[credit.Payer]:
    """The viewer's lines; NoAccount leads to the page that opens one."""
    lines = await list_lines(request)
    if not lines:
        raise NoAccount("no credit account yet")
    return lines


@router.post("/my/code", name="consumer.make_code")
async def make_code(request: Request) -> Response:
    """A new code, shown this once: nothing but its digest is kept. It pays on the line that was chosen, where the goods allow."""
    site, lines = site_of(request), await get_lines(request)
    form = await read_form(request)
    wanted = form.values.get("line", "")
    line = next((one.line for one in lines if one.line == wanted), lines[0].line)
    made = await site.write(lambda conn: issue_code(conn, line, now=site.clock.now()))
    return await page(
        request, "consumer/code.html", lines=lines, chosen=line, code=made, picture=draw_code(made) if made else "",
        seconds=int(LIFE.total_seconds()),
    )  # fmt: skip


def draw_code(text: str) -> Markup:
    """The code as a QR picture: SVG without inline style, black on white whatever the page's colours."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        scale=1, border=2, omitsize=True, svgclass=None, lineclass=None
    )
    return Markup(drawn)  # noqa: S704 — segno's own drawing of digits that we made
