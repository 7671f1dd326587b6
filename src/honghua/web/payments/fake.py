"""A payment gateway that is none: it says so on every page, keeps what it is asked for in memory, and fails as gateways do.

    fake = FakeGatewayApp(secret="…", now_s=lambda: int(time.time()), faults=Faults(repeats=1))
    uvicorn.run(fake.app)

Faults: creating that is not answered although it was done, notices that are lost, repeated, out of order, or lie about the amount.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from honghua.web.payments.gateway import SIGNATURE, TIMESTAMP, Asked, check_signature, sign
from honghua.web.payments.states import Notice, Status
from honghua.web.problems import Trouble

TIMEOUT_S: Final = 10.0
PAGE: Final = (
    "<!doctype html><html lang=zh><meta charset=utf-8><link rel=icon href='data:,'>"
    "<meta name=viewport content='width=device-width'><title>模拟收银台</title>"
    "<main><h1>模拟收银台 · Fake payment gateway</h1><p>这里没有真实资金。No money moves here.</p>"
    "<p>{subject}: <b>{amount} {currency}</b></p>"
    "<form method=post><button name=do value=pay>确认付款</button> <button name=do value=fail>放弃</button></form></main>"
)


@dataclass(slots=True, kw_only=True)
class Faults:
    """What goes wrong. silent_creates: so many first askings get no answer; lost: so many first notices never leave; repeats: each
    notice is sent so many times more; is_shuffled: later ones first; extra_minor: the amount that notices add to the true one."""

    silent_creates: int = 0
    lost: int = 0
    repeats: int = 0
    is_shuffled: bool = False
    extra_minor: int = 0


@dataclass(slots=True, kw_only=True)
class FakeGatewayApp:
    """The gateway's side. address: where customers find it; client: carries notices (a test's may end in our application)."""

    secret: str
    now_s: Callable[[], int]
    address: str = ""
    faults: Faults = field(default_factory=Faults)
    client: httpx.AsyncClient | None = None
    asked: dict[str, Asked] = field(default_factory=dict)
    said: dict[str, list[Notice]] = field(default_factory=dict)

    @property
    def app(self) -> Starlette:
        """Its pages and its API."""
        return Starlette(
            routes=[
                Route("/payments", self.create, methods=["POST"]),
                Route("/payments/{payment_id}", self.read),
                Route("/pay/{payment_id}", self.show),
                Route("/pay/{payment_id}", self.pay, methods=["POST"]),
            ]
        )

    async def create(self, request: Request) -> Response:
        """A payment, once per id."""
        body = await request.body()
        try:
            check_signature(self.secret, request.url.path, request.headers, body, now_s=self.now_s())
        except Trouble as trouble:
            return JSONResponse({"code": trouble.code}, status_code=401)
        asked = msgspec.json.decode(body, type=Asked)
        if self.asked.setdefault(asked.payment_id, asked) != asked:
            return JSONResponse({"code": "PAYMENT_DIFFERS"}, status_code=409)
        if self.faults.silent_creates > 0:
            self.faults.silent_creates -= 1
            return Response(status_code=504)
        where = self.address or f"{request.url.scheme}://{request.url.netloc}"
        return JSONResponse({"reference": f"F-{asked.payment_id}", "pay_url": f"{where}/pay/{asked.payment_id}"})

    async def read(self, request: Request) -> Response:
        """The last notice of a payment."""
        try:
            check_signature(self.secret, request.url.path, request.headers, b"", now_s=self.now_s())
        except Trouble as trouble:
            return JSONResponse({"code": trouble.code}, status_code=401)
        said = self.said.get(request.path_params["payment_id"])
        return Response(msgspec.json.encode(said[-1]) if said else b"{}", status_code=200 if said else 404)

    async def show(self, request: Request) -> Response:
        """The page at which a customer pays."""
        asked = self.asked.get(request.path_params["payment_id"])
        if asked is None:
            return HTMLResponse("unknown", status_code=404)
        shown = {"subject": asked.subject, "amount": f"{asked.amount_minor / 100:.2f}", "currency": asked.currency}
        return HTMLResponse(PAGE.format(**{name: html.escape(text) for name, text in shown.items()}))

    async def pay(self, request: Request) -> Response:
        """The customer pays or gives up; notices leave, and the customer goes back."""
        asked = self.asked[request.path_params["payment_id"]]
        form = parse_qs((await request.body()).decode())
        is_paid = form.get("do") == ["pay"]
        before = len(self.said.setdefault(asked.payment_id, []))
        story = [Status.PENDING, Status.PAID] if is_paid else [Status.FAILED]
        notices = [self.word(asked, before + n, status) for n, status in enumerate(story, 1)]
        self.said[asked.payment_id] += notices
        await self.send(asked, notices)
        return RedirectResponse(asked.return_url, status_code=303)

    def word(self, asked: Asked, sequence: int, status: Status) -> Notice:
        """A notice."""
        return Notice(
            notice_id=f"N-{asked.payment_id}-{sequence}", payment_id=asked.payment_id, reference=f"F-{asked.payment_id}",
            sequence=sequence, status=status, amount_minor=asked.amount_minor + self.faults.extra_minor, currency=asked.currency,
        )  # fmt: skip

    async def send(self, asked: Asked, notices: list[Notice]) -> list[int]:
        """Send notices, with all that goes wrong; the statuses that came back."""
        if self.client is not None:
            return await self._send(self.client, asked, notices)
        async with httpx.AsyncClient() as client:
            return await self._send(client, asked, notices)

    async def _send(self, client: httpx.AsyncClient, asked: Asked, notices: list[Notice]) -> list[int]:
        sending = [notice for notice in notices for _ in range(1 + self.faults.repeats)]
        answers = []
        for notice in reversed(sending) if self.faults.is_shuffled else sending:
            if self.faults.lost > 0:
                self.faults.lost -= 1
                continue
            body, stamp = msgspec.json.encode(notice), str(self.now_s())
            signature = sign(self.secret, stamp, urlsplit(asked.notify_url).path, body)
            headers = {TIMESTAMP: stamp, SIGNATURE: signature, "Content-Type": "application/json"}
            try:
                answer = await client.post(asked.notify_url, content=body, headers=headers, timeout=TIMEOUT_S)
            except httpx.HTTPError:
                continue
            answers.append(answer.status_code)
        return answers


__all__ = ["FakeGatewayApp", "Faults"]
