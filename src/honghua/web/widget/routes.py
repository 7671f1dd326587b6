"""The widget's three addresses: the script for shops' pages, the frame that it puts there, and how a checkout stands."""

from __future__ import annotations

from typing import Annotated, Final

import psycopg
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from honghua.base.errors import BadInput, NotFound
from honghua.web.api.checkouts import Checkout, find_attempts, get_checkout
from honghua.web.framing import CONTENT_POLICY
from honghua.web.ground import site_of
from honghua.web.ui.pages import page, pages_of
from honghua.web.widget.origins import CHARS_MAX, list_origins, read_origin

router = APIRouter(include_in_schema=False)
SCRIPT: Final = "widget-checkout.js"
SECONDS: Final = 300
CheckoutId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.get("/widget/checkout.js", name="widget.script")
async def script(request: Request) -> Response:
    """What a shop's page loads; it names no customer and no shop."""
    asset = pages_of(request).assets.get(SCRIPT)
    headers = {"Cross-Origin-Resource-Policy": "cross-origin", "Cache-Control": f"public, max-age={SECONDS}"}
    return Response(asset.content, media_type=asset.media_type, headers=headers)


@router.get("/widget/{checkout_id}", name="widget.frame")
async def frame(
    request: Request, checkout_id: CheckoutId, *, origin: Annotated[str, Query(max_length=CHARS_MAX)] = ""
) -> Response:
    """The button, to stand on a page of this origin and nowhere else: one that the shop of the checkout has registered."""
    site = site_of(request)

    def read(conn: psycopg.Connection) -> tuple[Checkout, list[str]]:
        found = get_checkout(conn, checkout_id)
        return found, list_origins(conn, found.partner_id)

    checkout, known = await site.read(read)
    try:
        wanted = read_origin(origin)
    except BadInput:
        wanted = ""
    if wanted not in known:
        raise NotFound("this checkout does not stand on pages of that origin", code="ORIGIN_UNKNOWN")
    response = await page(
        request, "widget/frame.html", checkout=checkout, origin=wanted, is_over=site.clock.now() > checkout.expires_at
    )
    response.headers["Content-Security-Policy"] = CONTENT_POLICY.replace(
        "frame-ancestors 'none'", f"frame-ancestors {wanted}"
    )
    return response


@router.get("/widget/{checkout_id}/state", name="widget.state")
async def state(request: Request, checkout_id: CheckoutId) -> JSONResponse:
    """How it stands, and nothing else: for the frame, which is of our origin; no other page may read it."""
    _, attempts = await site_of(request).read(
        lambda conn: (get_checkout(conn, checkout_id), find_attempts(conn, checkout_id))
    )
    return JSONResponse({"checkout_id": checkout_id, "state": attempts.state})


__all__ = ["router"]
