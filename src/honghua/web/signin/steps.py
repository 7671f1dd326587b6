"""What the routes of sign-in share: who calls, the cookie between two steps, the end of a sign-in, messages that leave after commit."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from honghua.web.ground import Site, site_of
from honghua.web.refusing import safe_next
from honghua.web.roles import Role
from honghua.web.signin import cookies, sessions
from honghua.web.signin.bound.door import begin_greeting
from honghua.web.signin.bounds import name_network
from honghua.web.signin.messages import Gateway, deliver_messages
from honghua.web.signin.outcomes import Caller, Outcome
from honghua.web.signin.sessions import Begun, Device
from honghua.web.ui.forms import Form

STEP: Final = "honghua_step"
STEP_SECONDS: Final = 600
TRUSTED: Final = "honghua_trusted"
HOMES: Final = {"customer": "/my", "staff": "/desk", "merchant": "/merchant"}
ADMIN_HOME: Final = "/signin/users"
BROWSERS: Final = (
    ("MicroMessenger", "微信"), ("AlipayClient", "支付宝"), ("Edg", "Edge"),
    ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def caller_of(request: Request) -> Caller:
    """From where somebody asks."""
    host = request.client.host if request.client is not None else ""
    device = Device(name_device(request.headers.get("user-agent", "")), name_network(host))
    return Caller(device, request.cookies.get(cookies.cookie_name(TRUSTED, site_of(request).address), ""))


def name_device(agent: str) -> str:
    """A browser's own words, as short as people would say it."""
    return f"{_find_word(agent, BROWSERS)} · {_find_word(agent, SYSTEMS)}"


def _find_word(agent: str, words: Sequence[tuple[str, str]]) -> str:
    return next((shown for mark, shown in words if mark in agent), "?")


def carry_step(response: Response, request: Request, token: str) -> None:
    """Let the browser carry a challenge's token to the next step; no token: forget it."""
    _carry(response, request, STEP, token, seconds=STEP_SECONDS if token else 0)


def carry_trust(response: Response, request: Request, token: str, *, seconds: int) -> None:
    """Let the browser keep that it is trusted; it is no sign-in."""
    _carry(response, request, TRUSTED, token, seconds=seconds)


def _carry(response: Response, request: Request, kind: str, token: str, *, seconds: int) -> None:
    address = site_of(request).address
    cookie = cookies.Cookie(
        name=cookies.cookie_name(kind, address), value=token, is_secure=cookies.is_secure(address), seconds=seconds
    )
    response.headers.append("set-cookie", cookie.header())


def step_of(request: Request) -> str:
    """The token of the challenge that this browser is in; "" for none."""
    return request.cookies.get(cookies.cookie_name(STEP, site_of(request).address), "")


def blame(form: Form, field: str, outcome: Outcome) -> int:
    """Put what went wrong beside a field; the status of the page."""
    if outcome.wait is not None:
        form.blame(field, "signin.too_many", minutes=count_minutes(outcome.wait))
        return 429
    form.blame(field, "signin.code_over" if outcome.code == "CODE_OVER" else "signin.wrong")
    return 422


def count_minutes(wait: dt.timedelta) -> int:
    """Whole minutes to wait, rounded up."""
    return max(1, math.ceil(wait / dt.timedelta(minutes=1)))


async def come_in(request: Request, begun: Begun, way_back: str, realm: str, *, customer: str = "") -> RedirectResponse:
    """The browser is somebody's now: a fresh cookie, the old session of this browser ended, and on to where they wanted to go.

    A customer who has bound a device passes the page on which it answers.
    """
    target = safe_next(way_back)
    target = find_home(realm, begun.roles) if target == "/" else target
    response = RedirectResponse(await ask_device(request, customer, target) if customer else target, status_code=303)
    await carry_session(request, response, begun)
    return response


async def ask_device(request: Request, customer: str, target: str) -> str:
    """Where a customer goes first: to the page of their bound device, and from there on, or straight on where none is bound."""
    site = site_of(request)
    number = await site.write(lambda conn: begin_greeting(conn, customer, now=site.clock.now()))
    if number is None:
        return target
    return f"{request.app.url_path_for('signin.bound', challenge_id=number)}?{urlencode({'next': target})}"


def find_home(realm: str, roles: frozenset[Role]) -> str:
    """Where somebody begins who asked for no page."""
    return ADMIN_HOME if Role.ADMINISTRATOR in roles else HOMES[realm]


async def carry_session(request: Request, response: Response, begun: Begun) -> None:
    """Give the browser its new session and end the one it had."""
    site, old = site_of(request), request.state.session
    if old is not None:
        now = site.clock.now()
        await site.write(lambda c: sessions.end_session(c, old.session_id, old.subject, now=now, why="replaced"))
    response.headers.append("set-cookie", cookies.session_cookie(begun.token, site.address).header())
    response.headers.append("set-cookie", cookies.dropped_cookie(cookies.VISIT, site.address).header())
    carry_step(response, request, "")


async def send_now(request: Request) -> None:
    """Hand waiting messages to the gateway: what does not go now goes by the clock."""
    gateway: Gateway | None = request.app.state.gateway
    if gateway is not None:
        await asyncio.to_thread(_deliver, site_of(request), gateway)


def _deliver(site: Site, gateway: Gateway) -> None:
    with site.pool.connection() as conn:
        deliver_messages(conn, gateway, site.vault, now=site.clock.now())
