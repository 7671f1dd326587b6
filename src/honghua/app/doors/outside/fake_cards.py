"""A bank that acquires card payments and is none, over HTTP: `FakeAcquirer` behind the addresses of a real one, with its page."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from honghua.app.doors.outside.acquiring import CARD_PAGE, DisputeAsked
from honghua.base.errors import BadInput
from honghua.web.cards.fake import FakeAcquirer
from honghua.web.cards.port import CardAnswer, CardAsked, DisputeState, RefundAsked

PAGE: Final = (
    "<!doctype html><html lang=zh><meta charset=utf-8><link rel=icon href='data:,'>"
    "<meta name=viewport content='width=device-width'><title>模拟收单行</title>"
    "<main><h1>模拟收单行 · Fake acquiring bank</h1><p>这里没有真实资金,也没有真实的卡。No money moves here, no card is real.</p>"
    "<p>{order}: <b>{amount} {currency}</b></p>"
    "<form method=post><button name=do value=pay>用尾号 4242 的卡付款 Pay with card 4242</button>"
    " <button name=do value=fail>放弃 Give up</button></form></main>"
)
DISPUTED: Final = {"won": DisputeState.WON, "lost": DisputeState.LOST}


@dataclass(slots=True, kw_only=True)
class FakeCards:
    """What the services of a gateway need of it. disputes_end: what it decides when it is asked about a dispute again, "" = nothing yet."""

    bank: FakeAcquirer
    disputes_end: str = ""

    def pay(self, request: Request, body: bytes) -> object:
        """A payment, once a key; its page is ours."""
        asked = msgspec.json.decode(body, type=CardAsked)
        return self._at_home(request, self.bank.pay(asked))

    def find(self, request: Request, _: bytes) -> object:
        """How it stands."""
        found = self.bank.find(request.query_params["key"])
        return None if found is None else self._at_home(request, found)

    def refund(self, _: Request, body: bytes) -> object:
        """Money back."""
        return self.bank.refund(msgspec.json.decode(body, type=RefundAsked))

    def dispute(self, _: Request, body: bytes) -> object:
        """A dispute, opened, or how it stands; asked again it may be decided."""
        key = msgspec.json.decode(body, type=DisputeAsked).payment
        is_known = key in self.bank.disputes
        if is_known and self.disputes_end:
            self.bank.decide(key, DISPUTED[self.disputes_end])
        return self.bank.dispute(key)

    @property
    def page(self) -> Route:
        """Where customers pay, or give up."""
        return Route(CARD_PAGE + "/{key}", self.serve, methods=["GET", "POST"])

    async def serve(self, request: Request) -> Response:
        """The page, and what was chosen on it."""
        key = request.path_params["key"]
        if request.method == "GET":
            return self._show(key)
        form = await request.form()
        return self._choose(key, pays=form.get("do") == "pay")

    def _show(self, key: str) -> Response:
        asked = self.bank.asked.get(key)
        if not isinstance(asked, CardAsked):
            return Response(status_code=404)
        amount = f"{asked.amount_minor / 100:.2f}"
        return HTMLResponse(
            PAGE.format(order=html.escape(asked.order), amount=amount, currency=html.escape(asked.currency))
        )

    def _choose(self, key: str, *, pays: bool) -> Response:
        asked = self.bank.asked.get(key)
        if not isinstance(asked, CardAsked):
            return Response(status_code=404)
        try:
            self.bank.choose(key, pays=pays)
        except BadInput:
            return Response(status_code=404)
        return RedirectResponse(asked.return_url, status_code=303)

    def _at_home(self, request: Request, answer: CardAnswer) -> CardAnswer:
        return replace(answer, pay_url=f"{str(request.base_url).rstrip('/')}{CARD_PAGE}/{answer.key}")


__all__ = ["FakeCards"]
