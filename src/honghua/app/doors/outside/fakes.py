"""Counterparties that are none, at addresses like those of real ones: the rooms' fakes, which fail by a seed, over HTTP.

A fake that would not answer answers 504, so that whoever asked knows as little as it would of a real one. No money moves.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from honghua.app.doors.outside.acquiring import CARD_DISPUTES, CARD_PAYMENTS, CARD_REFUNDS
from honghua.app.doors.outside.client import WrongAsked
from honghua.app.doors.outside.faces import FILMS, FilmAsked
from honghua.app.doors.outside.fake_cards import FakeCards
from honghua.app.doors.outside.fake_vouchers import FakeVouchers
from honghua.app.doors.outside.lenders import LENDER_STATEMENTS, LENDERS
from honghua.app.doors.outside.services import (
    CAPACITY,
    DEBITS,
    EVIDENCE,
    NOTICES,
    NOTICES_MAX,
    PAYOUTS,
    PROOFS,
    REPORTS,
    STATEMENTS,
    DebitAsked,
    DebitTold,
    NumberedNotice,
    OrdersAsked,
    PayoutAsked,
    ProofAsked,
    ReportAsked,
    ReportTold,
)
from honghua.app.doors.outside.vouching import BUSINESSES, DOCUMENTS, MATERIALS
from honghua.base.errors import BadInput, WorldFailed
from honghua.bureau.api import FakeBureau
from honghua.credit.core import Source
from honghua.credit.jobs import FakeBank
from honghua.customers.api import FakeIdentityProvider, ProofRequest
from honghua.customers.core import FilmKind, ProofKind
from honghua.customers.facing.api import FakeFaceService, Film
from honghua.funding.api import FakeLenderBank
from honghua.funding.core import LenderOrder
from honghua.merchants.api import FakeEvidenceSource, FakePayoutBank
from honghua.web.cards.fake import FakeAcquirer
from honghua.web.payments.gateway import SIGNATURE, TIMESTAMP, check_signature, sign
from honghua.web.problems import Trouble

WAIT_S: Final = 5.0
Answer = Callable[[Request, bytes], object]  # None: nothing is known


@dataclass(slots=True, kw_only=True)
class FakeServices:
    """One operator's counterparties. secrets: by service; those without one are not served.

    today: the day that it is at the bank.
    """

    secrets: dict[str, str] = field(repr=False)
    now_s: Callable[[], int]
    today: Callable[[], dt.date]
    bank: FakePayoutBank
    bureau: FakeBureau
    identity: FakeIdentityProvider
    debits: FakeBank
    evidence: FakeEvidenceSource
    lenders: FakeLenderBank
    vouchers: FakeVouchers
    faces: FakeFaceService = field(default_factory=lambda: FakeFaceService(1))
    cards: FakeCards = field(default_factory=lambda: FakeCards(bank=FakeAcquirer(1)))
    told: list[NumberedNotice] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)  # the fakes are no threads' friends

    @property
    def routes(self) -> list[Route]:
        """Those of the services that have a secret."""
        found = {
            "payouts": [
                self._route("payouts", PAYOUTS, {"POST": self.pay, "GET": self.find}),
                self._route("payouts", NOTICES, {"GET": self.notices}),
                self._route("payouts", STATEMENTS + "/{day}", {"GET": self.statement}),
            ],
            "debits": [self._route("debits", DEBITS, {"POST": self.debit, "GET": self.debited})],
            "evidence": [
                self._route("evidence", EVIDENCE, {"POST": self.trace}),
                self._route("evidence", CAPACITY, {"GET": self.fulfils}),
            ],
            "lenders": [
                self._route("lenders", LENDERS, {"POST": self.transfer, "GET": self.transferred}),
                self._route("lenders", LENDER_STATEMENTS + "/{day}", {"GET": self.lenders_day}),
            ],
            "bureau": [self._route("bureau", REPORTS, {"POST": self.report})],
            "identity": [self._route("identity", PROOFS, {"POST": self.prove, "GET": self.proven})],
            "faces": [self._route("faces", FILMS, {"POST": self.look})],
            "materials": [self._route("materials", MATERIALS, {"POST": self.vouchers.fetch})],
            "documents": [self._route("documents", DOCUMENTS, {"POST": self.vouchers.read})],
            "register": [self._route("register", BUSINESSES, {"POST": self.vouchers.look_up})],
            "cards": [
                self._route("cards", CARD_PAYMENTS, {"POST": self.cards.pay, "GET": self.cards.find}),
                self._route("cards", CARD_REFUNDS, {"POST": self.cards.refund}),
                self._route("cards", CARD_DISPUTES, {"POST": self.cards.dispute}),
                self.cards.page,
            ],
        }
        return [route for service, routes in found.items() if service in self.secrets for route in routes]

    @property
    def app(self) -> Starlette:
        """All of them."""
        return Starlette(routes=self.routes)

    def _route(self, service: str, path: str, methods: dict[str, Answer]) -> Route:
        async def serve(request: Request) -> Response:
            body = await request.body()
            return await run_in_threadpool(self._answer, self.secrets[service], request, body, methods[request.method])

        return Route(path, serve, methods=list(methods))

    def _answer(self, secret: str, request: Request, body: bytes, answer: Answer) -> Response:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        try:
            check_signature(secret, target, request.headers, body, now_s=self.now_s())
            with self.lock:
                self.bank.day = self.lenders.day = self.today()
                found, status = answer(request, body), 200
        except Trouble as trouble:
            found, status = WrongAsked(trouble.code), 401
        except BadInput as error:
            found, status = WrongAsked(error.code), 409
        except (msgspec.MsgspecError, ValueError):
            found, status = WrongAsked(), 400
        except WorldFailed:
            return Response(status_code=504)
        content, stamp = msgspec.json.encode(found), str(self.now_s())
        headers = {TIMESTAMP: stamp, SIGNATURE: sign(secret, stamp, target, content)}
        return Response(
            content, status_code=404 if found is None else status, headers=headers, media_type="application/json"
        )

    def pay(self, _: Request, body: bytes) -> object:
        """A payout, once a key."""
        asked = msgspec.json.decode(body, type=PayoutAsked)
        return self.bank.pay(
            key=asked.key, merchant=asked.merchant, amount_minor=asked.amount_minor, currency=asked.currency
        )

    def find(self, request: Request, _: bytes) -> object:
        """What became of a key."""
        return self.bank.find(_argument(request, "key"))

    def notices(self, request: Request, _: bytes) -> object:
        """What the bank tells by itself, behind a number."""
        after = int(_argument(request, "after"))
        self.told += [NumberedNotice(len(self.told) + n, one) for n, one in enumerate(self.bank.take_notices(), 1)]
        return self.told[after : after + NOTICES_MAX]

    def statement(self, request: Request, _: bytes) -> object:
        """A day that is over."""
        return self.bank.read_statement(dt.date.fromisoformat(request.path_params["day"]))

    def debit(self, _: Request, body: bytes) -> object:
        """A debit, once a key."""
        asked = msgspec.json.decode(body, type=DebitAsked)
        return DebitTold.of(
            asked.key,
            self.debits.debit(
                key=asked.key, source=Source(asked.kind, asked.reference), amount_minor=asked.amount_minor,
                currency=asked.currency, at_least_minor=asked.at_least_minor,
            ),
        )  # fmt: skip

    def debited(self, request: Request, _: bytes) -> object:
        """What became of a debit."""
        key = _argument(request, "key")
        found = self.debits.find(key)
        return None if found is None else DebitTold.of(key, found)

    def transfer(self, _: Request, body: bytes) -> object:
        """Money between lenders, once a key."""
        return self.lenders.transfer(msgspec.json.decode(body, type=LenderOrder))

    def transferred(self, request: Request, _: bytes) -> object:
        """What became of it."""
        return self.lenders.find(_argument(request, "key"))

    def lenders_day(self, request: Request, _: bytes) -> object:
        """A day that is over."""
        return self.lenders.read_statement(dt.date.fromisoformat(request.path_params["day"]))

    def trace(self, _: Request, body: bytes) -> object:
        """What became of orders, invented."""
        now = dt.datetime.fromtimestamp(self.now_s(), dt.UTC)
        return self.evidence.report(msgspec.json.decode(body, type=OrdersAsked).orders, now=now)

    def fulfils(self, request: Request, _: bytes) -> object:
        """How much a shop can do in a day."""
        return self.evidence.find_capacity(_argument(request, "merchant"))

    def report(self, _: Request, body: bytes) -> object:
        """Somebody's debts, invented."""
        asked = msgspec.json.decode(body, type=ReportAsked)
        told = self.bureau.ask(bytes.fromhex(asked.person), reason_code=asked.reason_code)
        return ReportTold(told.national_id_digest.hex(), dict(told.body))

    def prove(self, _: Request, body: bytes) -> object:
        """Whether somebody is who they say."""
        asked = msgspec.json.decode(body, type=ProofAsked)
        return self.identity.ask(
            ProofRequest(
                request_id=asked.request_id, kind=ProofKind(asked.kind), evidence=asked.evidence, seconds=WAIT_S
            )
        )

    def look(self, _: Request, body: bytes) -> object:
        """Whether a film's face is alive and says the digits."""
        asked = msgspec.json.decode(body, type=FilmAsked)
        film = Film(
            request_id=asked.request_id, clip=asked.clip, digits=asked.digits, kind=FilmKind(asked.kind), content=asked.content,
            seconds=WAIT_S,
        )  # fmt: skip
        return self.faces.look(film)

    def proven(self, request: Request, _: bytes) -> object:
        """What was said to a request."""
        return self.identity.find(_argument(request, "request_id"))


def _argument(request: Request, name: str) -> str:
    """One argument of the query, which the signature covers as it was written."""
    found: Any = parse_qs(request.url.query, strict_parsing=True).get(name, [])
    if len(found) != 1:
        raise ValueError(name)
    return str(found[0])


__all__ = ["FakeServices"]
