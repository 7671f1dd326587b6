"""Pages for who is signed in: where, sign out here and there, freeze; and the demonstration's messages."""

from __future__ import annotations

from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from honghua.base.errors import NotFound
from honghua.web.address_parts import Id
from honghua.web.booker import sentence_of
from honghua.web.ground import Site, site_of
from honghua.web.roles import CUSTOMERS
from honghua.web.signin import cookies, events, factors, sessions
from honghua.web.signin.events import EventKind
from honghua.web.signin.freezing import DONE, freeze
from honghua.web.signin.messages import list_messages
from honghua.web.signin.steps import caller_of, send_now
from honghua.web.ui.pages import Notice, page, redirect
from honghua.web.viewer import Viewer

EVENTS_SHOWN: Final = 20

router = APIRouter(include_in_schema=False)


@router.post("/signout", name="signin.out")
async def sign_out(request: Request) -> Response:
    """End this session; the browser forgets what it kept of our pages."""
    site, viewer = site_of(request), request.state.viewer
    now, network = site.clock.now(), caller_of(request).network

    def end(conn: psycopg.Connection) -> None:
        sessions.end_session(conn, viewer.session_id, viewer.subject, now=now, why="signed out")
        events.note(conn, EventKind.SIGNED_OUT, viewer.subject, now=now, network=network)

    await site.write(end)
    response = RedirectResponse("/", status_code=303)
    response.headers.append("set-cookie", cookies.dropped_cookie(cookies.SESSION, site.address).header())
    response.headers["clear-site-data"] = '"cache"'  # the storage holds the key of a bound device, which stays on it
    return response


@router.get("/signin/devices", name="signin.devices")
async def devices(request: Request) -> Response:
    """Where one is signed in, and what happened lately."""
    site, viewer = site_of(request), request.state.viewer
    now = site.clock.now()

    def look(conn: psycopg.Connection) -> tuple[list[sessions.Session], list[events.Event]]:
        found = sessions.list_sessions(conn, viewer.subject, now=now)
        return found, events.list_events(conn, subject=viewer.subject, limit=EVENTS_SHOWN)

    found, happened = await site.read(look)
    may_freeze = bool(viewer.roles & CUSTOMERS)
    return await page(request, "signin/devices.html", sessions=found, events=happened, may_freeze=may_freeze)


@router.post("/signin/devices/{session_id}/end", name="signin.device_end")
async def end_device(request: Request, session_id: Id) -> Response:
    """Sign one of one's own devices out."""
    site, viewer = site_of(request), request.state.viewer
    now = site.clock.now()
    ended = await site.write(lambda c: sessions.end_session(c, session_id, viewer.subject, now=now, why="by hand"))
    if not ended:
        raise NotFound("no such device of yours", code="DEVICE_UNKNOWN")
    return redirect(request, "signin.devices", Notice(key="signin.ended"))


@router.post("/signin/everywhere", name="signin.everywhere")
async def sign_out_everywhere(request: Request) -> Response:
    """Sign all other devices out."""
    site, viewer = site_of(request), request.state.viewer
    network = caller_of(request).network
    n = await site.write(lambda c: _end_others(c, site, viewer, network))
    return redirect(request, "signin.devices", Notice(key="signin.ended_n", values={"n": n}))


def _end_others(conn: psycopg.Connection, site: Site, viewer: Viewer, network: str) -> int:
    now = site.clock.now()
    events.note(conn, EventKind.SIGNED_OUT_EVERYWHERE, viewer.subject, now=now, network=network)
    factors.forget_devices(conn, viewer.subject)
    return sessions.end_sessions(conn, viewer.subject, now=now, why="everywhere", but=viewer.session_id)


@router.post("/signin/freeze", name="signin.freeze")
async def freeze_all(request: Request) -> Response:
    """One key: no new purchases, nobody else signed in."""
    answer = await freeze(site_of(request), request.state.viewer)
    if answer["outcome"] == DONE:
        notice = Notice(key="signin.frozen", tone="warn")
    else:
        why = sentence_of(answer, request.state.viewer.language) or answer.get("code", "?")
        notice = Notice(key="signin.not_frozen", values={"why": why}, tone="bad")
    return redirect(request, "signin.devices", notice)


@router.get("/signin/outbox", name="signin.outbox")
async def outbox(request: Request) -> Response:
    """What the demonstration's gateway was handed; there is no such page anywhere else."""
    site = site_of(request)
    if not site.is_demo:
        raise NotFound("there is nothing at this address", code="ROUTE_UNKNOWN")
    await send_now(request)
    messages = await site.read(lambda c: list_messages(c, site.vault))
    return await page(request, "signin/outbox.html", messages=messages)
