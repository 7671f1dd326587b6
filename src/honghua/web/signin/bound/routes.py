"""The page after sign-in on which a bound device answers by itself, and any other browser goes on without."""

from __future__ import annotations

import base64

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from honghua.customers import api as customers
from honghua.web.address_parts import Id
from honghua.web.ground import site_of
from honghua.web.refusing import safe_next
from honghua.web.signin.bound import door
from honghua.web.signin.sessions import Session
from honghua.web.ui.forms import read_form
from honghua.web.ui.pages import page

router = APIRouter(include_in_schema=False)


def get_session(request: Request) -> Session:
    """The session that has just begun; both routes are guarded."""
    session: Session | None = request.state.session
    assert session is not None, "guarded: somebody is signed in"
    return session


@router.get("/signin/device/{challenge_id}", name="signin.bound")
async def ask(request: Request, challenge_id: Id, *, next: str = "/") -> Response:  # noqa: A002  the name in the address
    """What the device must sign; whoever has no script there, or another device, goes on by the link."""
    site, customer = site_of(request), get_session(request).subject
    found = await site.read(lambda conn: customers.find_challenge(conn, customer, challenge_id))
    if found is None:
        return RedirectResponse(safe_next(next), status_code=303)
    return await page(
        request, "signin/bound.html", message=base64.b64encode(found.message).decode(), owner=door.name_owner(customer),
        challenge_id=challenge_id, way_back=safe_next(next),
    )  # fmt: skip


@router.post("/signin/device/{challenge_id}", name="signin.bound_answer")
async def answer(request: Request, challenge_id: Id) -> Response:
    """Recognise the device, or not; on to where they wanted to go either way."""
    form, session, site = await read_form(request), get_session(request), site_of(request)
    signature = door.read_base64(form.values.get("signature", ""))
    await site.write(lambda conn: door.greet(conn, session, challenge_id, signature=signature, now=site.clock.now()))
    return RedirectResponse(safe_next(form.values.get("next", "/")), status_code=303)


__all__ = ["router"]
