"""My profile: every tag with what speaks for it and what it is for; those for offers may be struck out and allowed again."""

from __future__ import annotations

from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import HonghuaError, NotFound
from honghua.customers import api as customers
from honghua.lab.profiles import api as profiles
from honghua.web.consumer.asking import customer_of
from honghua.web.ground import site_of
from honghua.web.ui.forms import read_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
DONE: Final = {
    "refuse": "consumer.profile_refuse_done",
    "allow": "consumer.profile_allow_done",
}  # what is said to a word
PROFILE: Final = "profile"


@router.get("/my/profile", name="consumer.profile")
async def show(request: Request) -> Response:
    """All of it, and who of the staff has read it."""
    site, customer = site_of(request), customer_of(request)
    row, tags, struck = await site.read(lambda conn: profiles.list_own(conn, customer))
    looks = await site.read(lambda conn: find_looks(conn, customer))
    return await page(
        request, "consumer/profile.html", row=row, tags=tags, struck=struck, uses=profiles.find_uses(), looks=looks
    )


@router.post("/my/profile", name="consumer.change_profile")
async def change(request: Request) -> Response:
    """Strike a tag out, or allow it again."""
    site, customer = site_of(request), customer_of(request)
    form = await read_form(request)
    said, name = form.choice("word", frozenset(DONE)), form.text("tag", chars_max=80)
    if not form.is_good:
        return redirect(request, "consumer.profile", Notice(key="ui.error_choose", tone="bad"))

    def work(conn: psycopg.Connection) -> None:
        if said == "allow":
            profiles.allow_tag(conn, customer, name)
        else:
            profiles.refuse_tag(conn, customer, name, now=site.clock.now())

    try:
        await site.write(work)
    except HonghuaError:
        return redirect(request, "consumer.profile", Notice(key="consumer.profile_kept", tone="warn"))
    return redirect(request, "consumer.profile", Notice(key=DONE[said]))


def find_looks(conn: psycopg.Connection, customer: str) -> list[customers.AccessRow]:
    """Who read this profile; nobody where the customer is not registered."""
    try:
        return [row for row in customers.list_access(conn, customer) if PROFILE in row.fields]
    except NotFound:
        return []


__all__ = ["router"]
