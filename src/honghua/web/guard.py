"""The guard in front of every route: who asks, may they, and did one of our own pages ask.

It stands outside the framework's router and asks it which route would answer, so that a route that somebody forgot to give a row in the
table of rights answers to nobody. Bodies are bounded here, before anything reads them.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fastapi.routing import RouteContext, iter_route_contexts
from starlette.datastructures import MutableHeaders
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from honghua.web.body_bounds import find_body_bytes_max
from honghua.web.ground import Site
from honghua.web.refusing import Asked, Refused, refuse_plainly
from honghua.web.roles import PUBLIC, SIGNING, Rights, Role
from honghua.web.signin import cookies, sessions
from honghua.web.viewer import LANGUAGE_COOKIE, LARGE_TEXT_COOKIE, Viewer

LOG: Final = logging.getLogger("honghua.web.guard")
FORBIDDEN: Final = 403
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_FIELDS_MAX: Final = 200
FORM_FILES_MAX: Final = 10
FILES: Final = ("/static/", "/favicon.ico", "/widget/checkout.js")

SignedDoor = Callable[[Request], Awaitable[Viewer | Response]]
"""Checks a signed request (its body may be read, it is kept): its signer as a viewer with the door's role, or the refusal."""
Refuse = Callable[[Request, Refused], Awaitable[Response]]
"""Words a refusal: a page for people, problem+json for programs."""
Routes = Callable[[], Sequence[BaseRoute]]


@dataclass(slots=True)
class Guard:
    """ASGI middleware. routes: of the application, asked at the first request, when all of them are there. doors: where requests are
    signed, by the role of who signs them."""

    app: ASGIApp
    site: Site
    rights: Rights
    routes: Routes
    doors: Mapping[Role, SignedDoor] = field(default_factory=dict)
    refuse: Refuse = refuse_plainly
    _known: list[RouteContext] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through with its viewer, or refuse it."""
        if scope["type"] != "http":
            assert scope["type"] == "lifespan", f"no route takes a {scope['type']}"
            await self.app(scope, receive, send)
            return
        bounded = _Bounded(receive, find_body_bytes_max(scope["path"]))
        request = Request(scope, bounded)
        try:
            found = await self._admit(request)
            if isinstance(found, Response):
                await found(scope, bounded, send)
                return
            await self.app(scope, found.receive or bounded, found.wrap(send))
        except BodyTooLarge:
            response = await self._refusal(request, Refused(status=413, code="BODY_TOO_LARGE"))
            await response(scope, receive, send)

    async def _admit(self, request: Request) -> Response | _Admitted:
        """Everything that is asked of a request before its route sees it."""
        request.state.viewer, request.state.session = Viewer(), None
        name, has_method = find_route(self._routes(), request.scope)
        allowed = self.rights.get(name, frozenset()) if name is not None else frozenset({Role.ANYONE})
        length = request.headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > find_body_bytes_max(request.url.path):
            return await self._refusal(request, Refused(status=413, code="BODY_TOO_LARGE"))
        if allowed & SIGNING:
            (role,) = allowed
            return await self._admit_signed(request, role)
        if allowed == PUBLIC and request.method in SAFE_METHODS and request.url.path.startswith(FILES):
            return _Admitted(is_shared=True)  # the same bytes for everybody: who asks does not matter
        visit = await self._recognise(request)
        viewer: Viewer = request.state.viewer
        if not viewer.may(allowed):
            return await self._refusal(request, self._name_refusal(request, allowed))
        if request.method in SAFE_METHODS or not has_method:
            return _Admitted(visit=visit, is_shared=not viewer.is_signed_in)
        return await self._check_form(request, visit)

    def _routes(self) -> list[RouteContext]:
        if not self._known:
            self._known = list(iter_route_contexts(self.routes()))
        return self._known

    async def _admit_signed(self, request: Request, role: Role) -> Response | _Admitted:
        door = self.doors.get(role)
        if door is None:
            return await self._refusal(request, Refused(status=401, code="SIGNATURE_MISSING"))
        body = await request.body()
        answer = await door(request)
        if isinstance(answer, Response):
            return answer
        assert answer.roles == frozenset({role}), "whoever signs requests has that role and nothing else"
        request.state.viewer = answer
        return _Admitted(receive=replay(body, request.receive))

    async def _recognise(self, request: Request) -> str | None:
        """Put the viewer on the request; the Set-Cookie of a visit that begins here."""
        address, key = self.site.address, self.site.secrets.session_key
        token = request.cookies.get(cookies.cookie_name(cookies.SESSION, address), "")
        session = await self._find_session(token) if token else None
        if session is not None:
            request.state.session = session
            request.state.viewer = make_viewer(session, request, cookies.derive_form_token(key, token))
            return None
        name = cookies.cookie_name(cookies.VISIT, address)
        visit, header = request.cookies.get(name, ""), None
        if not visit:
            visit = secrets.token_urlsafe(cookies.VISIT_BYTES)
            header = cookies.visit_cookie(visit, address).header()
        language, large_text = read_wishes(request)
        request.state.viewer = Viewer(
            language=language, large_text=large_text, csrf=cookies.derive_form_token(key, visit)
        )
        return header

    async def _find_session(self, token: str) -> sessions.Session | None:
        now = self.site.clock.now()
        session = await self.site.read(lambda conn: sessions.find_session(conn, token, now=now))
        if session is not None and now - session.seen_at >= sessions.TOUCH_EVERY:
            await self.site.write(lambda conn: sessions.touch_session(conn, session.session_id, now=now))
        return session

    async def _check_form(self, request: Request, visit: str | None) -> Response | _Admitted:
        """An unsafe request must carry the form token that belongs to its cookie, and come from our own pages."""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return await self._refusal(request, Refused(status=403, code="FORM_FOREIGN"))
        body = await request.body()
        again = Request(request.scope, replay(body, request.receive))
        given = request.headers.get(cookies.FORM_HEADER) or await read_form_token(again)
        expected: str = request.state.viewer.csrf
        if visit is not None or not secrets.compare_digest(expected.encode(), given.encode()):
            return await self._refusal(request, Refused(status=403, code="FORM_STALE"))
        return _Admitted(receive=replay(body, request.receive))

    def _name_refusal(self, request: Request, allowed: frozenset[Role]) -> Refused:
        viewer: Viewer = request.state.viewer
        if viewer.is_signed_in or not allowed:
            return Refused(status=403, code="NOT_ALLOWED")
        return Refused(status=401, code="SIGN_IN_FIRST", allowed=allowed)

    async def _refusal(self, request: Request, refused: Refused) -> Response:
        if refused.status == FORBIDDEN:
            name, _ = find_route(self._routes(), request.scope)
            who = request.state.viewer.subject or "nobody"
            LOG.warning("refused %s %s to %s: %s", request.method, name, who, refused.code)
        return await self.refuse(request, refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Admitted:
    """A request that may go on. receive: its body again, where the guard has read it; visit: a cookie to set."""

    receive: Receive | None = None
    visit: str | None = None
    is_shared: bool = False

    def wrap(self, send: Send) -> Send:
        """Send with the visit's cookie, and so that pages of signed-in people stay out of caches."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if self.visit is not None:
                    headers.append("set-cookie", self.visit)
                if not self.is_shared or self.visit is not None:
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        return sending


class BodyTooLarge(Exception):
    """A body grew over its bound while it was read."""


@dataclass(slots=True)
class _Bounded:
    """A receive that counts what comes in."""

    receive: Receive
    bytes_max: int
    taken: int = 0

    async def __call__(self) -> Message:
        message = await self.receive()
        self.taken += len(message.get("body", b""))
        if self.taken > self.bytes_max:
            raise BodyTooLarge
        return message


def replay(body: bytes, after: Receive) -> Receive:
    """A receive that hands out a body that was read before, then what comes `after` it: that the caller has gone away."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else await after()

    return receive


def find_route(routes: Sequence[RouteContext], scope: Scope) -> tuple[str | None, bool]:
    """(name of the route that will answer or None, whether it takes the method); a route without a name is ""."""
    partial: str | None = None
    for route in routes:
        match, _ = route.matches(scope)
        if match is Match.FULL:
            return route.name or "", True
        if match is Match.PARTIAL and partial is None:
            partial = route.name or ""
    return partial, False


async def read_form_token(request: Request) -> str:
    """The form token in a form's body, "" without one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return ""
    try:
        async with request.form(max_files=FORM_FILES_MAX, max_fields=FORM_FIELDS_MAX) as form:
            given = form.get(cookies.FORM_FIELD, "")
            return given if isinstance(given, str) else ""
    except (MultiPartException, ValueError):  # an unreadable form carries no token
        return ""


def make_viewer(session: sessions.Session, request: Request, csrf: str) -> Viewer:
    """The person of a session as routes see them."""
    language, large_text = read_wishes(request)
    return Viewer(
        roles=frozenset(Role(role) for role in session.roles) | {Role.ANYONE},
        subject=session.subject,
        display_name=session.display_name,
        merchant=session.merchant,
        language=language,
        large_text=large_text,
        session_id=session.session_id,
        csrf=csrf,
    )


def read_wishes(request: Request) -> tuple[str, bool]:
    """(language, whether large letters): as the cookies say, else as the browser asks."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen not in ("zh", "en"):
        first = request.headers.get("accept-language", "").partition(",")[0].strip().lower()
        chosen = "en" if first.startswith("en") else "zh"
    return chosen, request.cookies.get(LARGE_TEXT_COOKIE) == "1"


__all__ = ["Asked", "Guard", "Refuse", "SignedDoor", "find_route"]
