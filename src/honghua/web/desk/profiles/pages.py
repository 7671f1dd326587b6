"""A customer's profile: one look for one purpose, noted beside the reader's name."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from honghua.base.errors import HonghuaError
from honghua.customers import api as customers
from honghua.lab.profiles import api as profiles
from honghua.web.desk.customers import purposes_of
from honghua.web.desk.drawing import draw, refused, told
from honghua.web.ground import site_of
from honghua.web.ui.forms import read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/profiles")


@router.get("/{customer}", name="desk.profile")
async def ask(request: Request, customer: str) -> Response:
    """The question for what purpose; nothing of the customer is shown yet."""
    return await draw(
        request, "desk/profiles/profile.html", customer=customer, purposes=list_purposes(request), row=None, tags=None
    )


@router.post("/{customer}", name="desk.profile_look")
async def look(request: Request, customer: str) -> Response:
    """What the purpose needs, and a row in the log that the customer can read."""
    form = await read_form(request)
    purposes = list_purposes(request)
    purpose = form.choice("purpose", {one.value for one in purposes})
    if not form.is_good:
        return told(request, "desk.profile", "desk.purpose_needed", tone="bad", customer=customer)
    site = site_of(request)
    access = customers.Access(viewer_of(request).subject, customers.Purpose(purpose))
    try:
        row, tags = await site.write(
            lambda conn: profiles.look_at_profile(conn, customer, access, now=site.clock.now())
        )
    except HonghuaError as error:
        return refused(request, "desk.profile", error, customer=customer)
    return await draw(request, "desk/profiles/profile.html", customer=customer, purposes=purposes, row=row, tags=tags)


def list_purposes(request: Request) -> tuple[customers.Purpose, ...]:
    """For which of this person's purposes profiles are kept."""
    known = {purpose for use in profiles.find_uses() for purpose in use.purposes}
    return tuple(one for one in purposes_of(request) if one.value in known)


__all__ = ["router"]
