"""The raw lane in front of the application: two routes without a framework, everything else passed on.

Same bytes in, same bytes out as the documented routes of these names (`web.api.purchases_lane` reads and writes for both).
"""

from __future__ import annotations

import datetime as dt
import math
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import psycopg

from honghua.base.errors import HonghuaError, WorldFailed
from honghua.store.failures import find_meaning
from honghua.web.api.partners import Partner, PartnerBook
from honghua.web.api.purchases_lane import read_many, read_one, require_sales, write_many, write_one
from honghua.web.api.purchases_wire import BATCH_BYTES_MAX, PURCHASE_BYTES_MAX
from honghua.web.api.rights import SCOPE_OF
from honghua.web.api.signing import SKEW_S, Signed
from honghua.web.booker import SECONDS_MAX
from honghua.web.ground import Site
from honghua.web.hot.nonces import SharedNonces
from honghua.web.problems import PROBLEM_JSON, Trouble, problem_bytes

SCOPE: Final = SCOPE_OF["v1.purchases.make"]
ONE: Final = "/v1/purchases"
MANY: Final = "/v1/purchases:batch"
HEALTH: Final = "/healthz"
OK: Final = 200
JSON: Final = b"application/json"
WAIT_HEADER: Final = b"honghua-wait-ms"  # how long the caller waits for the books
WAIT_MS: Final = (1, 30_000)
NONCE_KEEP_S: Final = 2 * SKEW_S
FIXED: Final = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
LEAVING: Final = [*FIXED, (b"connection", b"close")]

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
Health = Callable[[], Awaitable[tuple[bool, dict[str, Any]]]]


class HotLane:
    """An ASGI application. partners: who may sign, as the wide edge knows them. health: what /healthz tells besides that we are here."""

    def __init__(self, app: App, site: Site, partners: PartnerBook, nonces: SharedNonces, health: Health) -> None:
        self.app, self.site, self.partners, self.nonces, self.health = app, site, partners, nonces, health
        self.is_leaving = False  # callers on kept connections are asked to come again on another
        self.currency = site.currency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer our own routes; pass on the others."""
        if scope["type"] == "http":
            path = scope["path"]
            if scope["method"] == "POST":
                if path == ONE:
                    await self.answer(scope, receive, send, self.buy_one, PURCHASE_BYTES_MAX)
                    return
                if path == MANY:
                    await self.answer(scope, receive, send, self.buy_many, BATCH_BYTES_MAX)
                    return
            elif path == HEALTH:
                await self.tell_health(send)
                return
        await self.app(scope, receive, send if not self.is_leaving else say_farewell(send))

    async def answer(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        work: Callable[[Scope, bytes, dt.datetime], Awaitable[tuple[int, bytes]]],
        bytes_max: int,
    ) -> None:
        """One of our routes, with every error as a problem."""
        arrived_at = self.site.clock.now()
        headers = LEAVING if self.is_leaving else FIXED
        try:
            status, body = await work(scope, await read_body(scope, receive, bytes_max), arrived_at)
        except (HonghuaError, psycopg.Error) as error:
            status, retry_after_s, body = problem_bytes(say_ours(error), request_id=secrets.token_hex(8))
            if retry_after_s:
                headers = [*headers, (b"retry-after", b"%d" % max(1, math.ceil(retry_after_s)))]
        kind = JSON if status == OK else PROBLEM_JSON.encode()
        length = b"%d" % len(body)
        start = [*headers, (b"content-type", kind), (b"content-length", length)]
        await send({"type": "http.response.start", "status": status, "headers": start})
        await send({"type": "http.response.body", "body": body})

    async def buy_one(self, scope: Scope, body: bytes, arrived_at: dt.datetime) -> tuple[int, bytes]:
        """`POST /v1/purchases`."""
        signed = await self.check(scope, body, arrived_at)
        self.partners.check_rate(signed.signer)
        command = read_one(body, signed.idempotency_key, signed.signer, self.currency, arrived_at=arrived_at)
        await require_sales(self.site, signed.signer, [command])
        (answer,) = await self.site.booker.submit([command], seconds_max=find_wait_s(scope))
        return write_one(answer)

    async def buy_many(self, scope: Scope, body: bytes, arrived_at: dt.datetime) -> tuple[int, bytes]:
        """`POST /v1/purchases:batch`."""
        signed = await self.check(scope, body, arrived_at)
        commands = read_many(body, signed.signer, self.currency, arrived_at=arrived_at)
        self.partners.check_rate(signed.signer, cost=len(commands))
        await require_sales(self.site, signed.signer, commands)
        return write_many(await self.site.booker.submit(commands, seconds_max=find_wait_s(scope)))

    async def check(self, scope: Scope, body: bytes, arrived_at: dt.datetime) -> Signed[Partner]:
        """Who signed; Trouble when it is nobody, or nobody who may do this, or the same request again."""
        now_s = int(arrived_at.timestamp())
        signed = await self.partners.identify(self.site, scope, body, now_s=now_s)
        signed.signer.check_scope(SCOPE)
        nonce = f"{signed.key_id} {signed.timestamp} {signed.nonce}".encode()
        if not self.nonces.is_first(nonce, now_s=now_s):
            raise Trouble("NONCE_REUSED", "")
        return signed

    async def tell_health(self, send: Send) -> None:
        """200 when purchases can be booked here, else 503; as JSON."""
        try:
            is_well, told = await self.health()
        except WorldFailed as error:
            is_well, told = False, {"problem": str(error)}
        body = msgspec.json.encode({"ok": is_well, **told})
        start = [*FIXED, (b"content-type", JSON), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": OK if is_well else 503, "headers": start})
        await send({"type": "http.response.body", "body": body})


async def read_body(scope: Scope, receive: Receive, bytes_max: int) -> bytes:
    """The whole body; Trouble when it is too large, or no JSON by its own word (without a word it is taken for JSON, as by the
    documented routes)."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            if value != JSON and value.split(b";")[0].strip().lower() != JSON:
                raise Trouble("MEDIA_TYPE_UNKNOWN", "send application/json")
            break
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts = [body]
        length = len(body)
        while message.get("more_body") and length <= bytes_max:
            message = await receive()
            parts.append(message.get("body", b""))
            length += len(parts[-1])
        body = b"".join(parts)
    if message["type"] == "http.disconnect":
        raise Trouble("REQUEST_UNREADABLE", "the caller has gone")
    if len(body) > bytes_max:
        raise Trouble("BODY_TOO_LARGE", f"at most {bytes_max} bytes")
    return body


def say_ours(error: HonghuaError | psycopg.Error) -> HonghuaError:
    """What our own reads of the database raise, in our words; a wrong statement of ours is raised as it is."""
    ours = error if isinstance(error, HonghuaError) else find_meaning(error)
    if ours is None:
        raise error
    return ours


def say_farewell(send: Send) -> Send:
    """Answers after which the connection ends."""

    async def out(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        await send(message)

    return out


def find_wait_s(scope: Scope) -> float:
    """How long the caller waits."""
    for name, value in scope["headers"]:
        if name == WAIT_HEADER:
            least, most = WAIT_MS
            if not value.isdigit() or not least <= int(value) <= most:
                raise Trouble("REQUEST_INVALID", f"{WAIT_HEADER.decode()}: {least} … {most}")
            return int(value) / 1_000
    return SECONDS_MAX


__all__ = ["NONCE_KEEP_S", "WAIT_HEADER", "HotLane"]
