"""What surrounds every request: an id, bounds on its size, security headers, one line in the log, and no error that escapes."""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from honghua.web.answers import on_any, problem_response, route_name
from honghua.web.body_bounds import find_body_bytes_max
from honghua.web.problems import Problem
from honghua.web.viewer import Viewer

LOG: Final = logging.getLogger("honghua.web")
TARGET_BYTES_MAX: Final = 8_192
CONTENT_POLICY: Final = "; ".join((
    "default-src 'self'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "font-src 'self'", "connect-src 'self'",
    "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
))  # fmt: skip
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS: Final = "max-age=31536000; includeSubDomains"


@dataclass(slots=True)
class _Passage:
    """One request on its way through: when it came, what was answered."""

    request_id: str
    began: float
    status: int = 0


class Frame:
    """Pure ASGI, so that streams stream."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self.app = app
        self.headers = {**HEADERS, "Strict-Transport-Security": HSTS} if is_https else HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        passage = _Passage(secrets.token_hex(8), time.perf_counter())
        state = scope.setdefault("state", {})
        state["request_id"] = passage.request_id
        state.setdefault("viewer", Viewer())
        out = self._sender(scope, passage, send)
        request = Request(scope)
        try:
            code, bytes_max = find_bounds(scope)
            if code:
                await (await problem_response(request, Problem(code=code)))(scope, receive, out)
            else:
                await self.app(scope, bounded(receive, bytes_max), out)
        except Exception as error:  # a bug must not take its caller's answer with it
            if passage.status:
                raise  # too late to say anything: the connection breaks
            await (await on_any(request, error))(scope, receive, out)
        finally:
            took_ms = (time.perf_counter() - passage.began) * 1_000
            LOG.info(
                "%s %s %s %d %.1f ms", passage.request_id, scope["method"], route_name(scope), passage.status, took_ms
            )

    def _sender(self, scope: Scope, passage: _Passage, send: Send) -> Send:
        async def out(message: Message) -> None:
            if message["type"] == "http.response.start":
                passage.status = message["status"]
                headers = MutableHeaders(scope=message)
                may_be_framed = headers.get("Content-Security-Policy", CONTENT_POLICY) != CONTENT_POLICY
                for name, value in self.headers.items():
                    if not (may_be_framed and name == "X-Frame-Options"):  # it knows no origins: the policy says where
                        headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Request-Id"] = passage.request_id
            await send(message)

        return out


def find_bounds(scope: Scope) -> tuple[str, int]:
    """(code of what is too large already, "" = nothing; the largest body in bytes)."""
    bytes_max = find_body_bytes_max(scope["path"])
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > TARGET_BYTES_MAX:
        return "TARGET_TOO_LONG", bytes_max
    if not scope["query_string"].isascii() or b"%00" in scope["query_string"] or "\0" in scope["path"]:
        scope["query_string"] = (
            b""  # no part of the framework could read it, nor the page that says so; no database holds NUL
        )
        return "REQUEST_UNREADABLE", bytes_max
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value) > bytes_max):
            return "BODY_TOO_LARGE", bytes_max
    return "", bytes_max


def bounded(receive: Receive, bytes_max: int) -> Receive:
    """The same body, as long as it keeps to its bound: one without a length must be counted."""
    seen = 0

    async def take() -> Message:
        nonlocal seen
        message: Any = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > bytes_max:
                raise HTTPException(413)
        return message  # type: ignore[no-any-return]

    return take


__all__ = ["CONTENT_POLICY", "Frame"]
