"""Purchases over the API. The first two routes are answered by the raw lane where it runs; these documented ones do the very same."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, Literal

import msgspec
import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, Field

from honghua.credit.core import (
    LABEL_CUSTOMER,
    CapturePurchase,
    ClearReport,
    Instalments,
    RefundPurchase,
    ReportFraud,
    VoidAuthorisation,
)
from honghua.decision import api as decision
from honghua.decision.core import REASONS, Outcome
from honghua.merchants import api as merchants
from honghua.merchants.core import EvidenceItem, EvidenceKind
from honghua.web.api import purchases_lane, purchases_wire
from honghua.web.api.partners import Partner
from honghua.web.api.v1.orders import get_order
from honghua.web.api.v1.wire import (
    COMMANDED,
    READ,
    Asked,
    Caller,
    CommandKey,
    Done,
    IdPath,
    Minor,
    MinorOrZero,
    Periods,
    Shown,
    Words,
    answer_command,
    shown,
)
from honghua.web.ground import site_of
from honghua.web.problems import PROBLEM_JSON, Trouble

router = APIRouter(prefix="/v1", tags=["purchases"])
JSON: Final = "application/json"
SCHEMAS: Final[dict[str, Any]] = msgspec.json.schema_components(
    [purchases_wire.PurchaseAsked, purchases_wire.BatchAsked, purchases_wire.PurchaseAnswer],
    ref_template="#/components/schemas/{name}",
)[1]
"""Schemas of the raw forms, for the OpenAPI page."""


def body_of(name: str) -> dict[str, Any]:
    """How OpenAPI is told of a body that we read ourselves."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def answer_of(schema: dict[str, Any], about: str) -> dict[int | str, dict[str, Any]]:
    """The same for an answer that we write ourselves."""
    return {**COMMANDED, 200: {"description": about, "content": {JSON: {"schema": schema}}}}


ANSWER: Final = {"$ref": "#/components/schemas/PurchaseAnswer"}
ANSWERS: Final = {
    "type": "object",
    "required": ["answers"],
    "properties": {
        "answers": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["status"],
                "properties": {
                    "status": {"type": "integer"},
                    "answer": ANSWER,
                    "problem": {"$ref": "#/components/schemas/ProblemShown"},
                },
            },
        }
    },
}


class CaptureAsked(Asked):
    """The part that was received; final: the rest of the hold is given back."""

    amount_minor: Minor
    final: bool = True
    periods: Periods | None = None
    payer: Literal["consumer", "merchant", "platform"] = "consumer"
    fee_minor: MinorOrZero | None = None


class RefundAsked(Asked):
    """The part that comes back."""

    amount_minor: Minor


class LogisticsAsked(Asked):
    """What became of an order: a parcel taken over, delivered or gone back, or goods or a service given at a till.

    reference: the waybill, receipt or voucher; place: a digest of where it went, never an address; grams, scans: 0 = not told.
    """

    kind: Literal["shipped", "delivered", "handed_over", "returned"]
    reference: str = Field(min_length=1, max_length=200)
    happened_at: AwareDatetime
    region: str = Field(default="", max_length=200)
    place: str = Field(default="", max_length=200)
    grams: int = Field(default=0, ge=0, le=100_000_000)
    scans: int = Field(default=0, ge=0, le=100_000_000)


class LogisticsKept(Shown):
    """It is kept. repeated: it was told before."""

    outcome: Literal["done"]
    repeated: bool


class OrderShown(Shown):
    """One purchase, or the attempt at one, with what has happened to it since."""

    purchase_id: int
    customer: str
    merchant: str
    order: str
    began: Literal["authorised", "bought", "refused", "suspended"]
    began_at: dt.datetime
    asked_minor: int
    held_minor: int
    bought_minor: int
    refunded_minor: int
    is_reported: bool


class DecisionShown(Shown):
    """What was decided and why, in words for the customer; signals that were seen are never told."""

    decision_id: int
    outcome: str
    code: str
    sentence: Words
    adverse: Words | None


def check_json(request: Request) -> None:
    """Trouble for a body that says it is something else."""
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind != JSON:
        raise Trouble("MEDIA_TYPE_UNKNOWN", "")


def written(status: int, body: bytes) -> Response:
    """Bytes of the lane as a response."""
    return Response(body, status_code=status, media_type=JSON if status == 200 else PROBLEM_JSON)


@router.post(
    "/purchases",
    name="v1.purchases.make",
    responses=answer_of(ANSWER, "judged, and booked when approved"),
    openapi_extra=body_of("PurchaseAsked"),
)
async def make_purchase(request: Request, partner: Caller, key: CommandKey) -> Response:
    """A purchase on credit: judged, and booked when approved. A suspended one goes on with `continues`, under a new key."""
    check_json(request)
    site = site_of(request)
    told = request.headers["idempotency-key"]
    now = site.clock.now()
    command = purchases_lane.read_one(await request.body(), told, partner, site.currency, arrived_at=now)
    assert command.key == key, "the header was read twice and differs"
    await purchases_lane.require_sales(site, partner, [command])
    return written(*purchases_lane.write_one((await site.booker.submit([command]))[0]))


@router.post(
    "/purchases:batch",
    name="v1.purchases.batch",
    responses=answer_of(ANSWERS, "each with its own status, in order"),
    openapi_extra=body_of("BatchAsked"),
)
async def make_purchases(request: Request, partner: Caller) -> Response:
    """Up to 64 purchases in one call, each with its own key."""
    check_json(request)
    site = site_of(request)
    now = site.clock.now()
    commands = purchases_lane.read_many(await request.body(), partner, site.currency, arrived_at=now)
    await purchases_lane.require_sales(site, partner, commands)
    return written(*purchases_lane.write_many(await site.booker.submit(commands)))


@router.get("/purchases/{purchase_id}", name="v1.purchases.read", responses=READ)
async def read_purchase(request: Request, partner: Caller, purchase_id: IdPath) -> OrderShown:
    """One purchase of one of the partner's shops."""
    found = await site_of(request).read(lambda conn: get_order(conn, partner, purchase_id))
    return shown(OrderShown, found)


async def find_customer(request: Request, partner: Partner, purchase_id: int) -> str:
    """Whose purchase it is; Trouble when the shop is not the partner's."""
    return (await site_of(request).read(lambda conn: get_order(conn, partner, purchase_id))).customer


@router.post("/purchases/{purchase_id}/captures", name="v1.purchases.capture", response_model=Done, responses=COMMANDED)
async def capture(
    request: Request, partner: Caller, purchase_id: IdPath, key: CommandKey, asked: CaptureAsked
) -> Response:
    """Turn a hold into debt, wholly or in part."""
    customer = await find_customer(request, partner, purchase_id)
    choice = None
    if asked.periods is not None:
        choice = Instalments(periods=asked.periods, payer=purchases_wire.PAYERS[asked.payer], fee_minor=asked.fee_minor)
    command = CapturePurchase(
        key=key, customer=customer, purchase_id=purchase_id, amount_minor=asked.amount_minor, final=asked.final,
        instalments=choice,
    )  # fmt: skip
    return await answer_command(request, command)


@router.post("/purchases/{purchase_id}/void", name="v1.purchases.void", response_model=Done, responses=COMMANDED)
async def void(request: Request, partner: Caller, purchase_id: IdPath, key: CommandKey) -> Response:
    """Give a hold back: nothing was bought."""
    customer = await find_customer(request, partner, purchase_id)
    return await answer_command(request, VoidAuthorisation(key=key, customer=customer, purchase_id=purchase_id))


@router.post("/purchases/{purchase_id}/refunds", name="v1.purchases.refund", response_model=Done, responses=COMMANDED)
async def refund(
    request: Request, partner: Caller, purchase_id: IdPath, key: CommandKey, asked: RefundAsked
) -> Response:
    """Goods come back, wholly or in part."""
    customer = await find_customer(request, partner, purchase_id)
    command = RefundPurchase(key=key, customer=customer, purchase_id=purchase_id, amount_minor=asked.amount_minor)
    return await answer_command(request, command)


@router.post(
    "/purchases/{purchase_id}/fraud-reports", name="v1.purchases.report", response_model=Done, responses=COMMANDED
)
async def report_fraud(request: Request, partner: Caller, purchase_id: IdPath, key: CommandKey) -> Response:
    """The customer disputes this purchase: it was not them."""
    customer = await find_customer(request, partner, purchase_id)
    command = ReportFraud(key=key, customer=customer, purchase_id=purchase_id, source=LABEL_CUSTOMER)
    return await answer_command(request, command)


@router.post("/purchases/{purchase_id}/clearances", name="v1.purchases.clear", response_model=Done, responses=COMMANDED)
async def clear_report(request: Request, partner: Caller, purchase_id: IdPath, key: CommandKey) -> Response:
    """A disputed purchase was in order after all."""
    customer = await find_customer(request, partner, purchase_id)
    command = ClearReport(key=key, customer=customer, purchase_id=purchase_id, source=LABEL_CUSTOMER)
    return await answer_command(request, command)


@router.post("/purchases/{purchase_id}/logistics", name="v1.purchases.logistics", responses=COMMANDED)
async def tell_logistics(
    request: Request, partner: Caller, purchase_id: IdPath, asked: LogisticsAsked
) -> LogisticsKept:
    """What became of an order, by whoever carries it: evidence that it was a real trade. The same event twice is one event."""
    await find_customer(request, partner, purchase_id)
    site = site_of(request)
    item = EvidenceItem(
        purchase_id=purchase_id, kind=EvidenceKind(asked.kind), reference=asked.reference, at=asked.happened_at,
        region=asked.region, place=asked.place, grams=asked.grams, scans=asked.scans,
    )  # fmt: skip
    now = site.clock.now()
    is_new = await site.write(
        lambda conn: merchants.hear_evidence(conn, item, source=f"partner {partner.name}", now=now)
    )
    return LogisticsKept(outcome="done", repeated=not is_new)


@router.get("/decisions/{decision_id}", name="v1.decisions.read", responses=READ)
async def read_decision(request: Request, partner: Caller, decision_id: IdPath) -> DecisionShown:
    """What was decided on a purchase of one of the partner's shops, and why, in plain words."""
    site = site_of(request)
    await find_customer(request, partner, decision_id)
    found = await site.read(lambda conn: find_outcome(conn, decision_id))
    if found is None:
        raise Trouble("DECISION_UNKNOWN", "nobody judged this purchase")
    outcome, code = found
    reason = REASONS.get(code)
    said = (reason.zh, reason.en) if reason else ("", "")
    adverse = (reason.adverse_zh, reason.adverse_en) if reason and reason.is_adverse else None
    return DecisionShown.model_validate(
        {"decision_id": decision_id, "outcome": outcome, "code": code, "sentence": said, "adverse": adverse}
    )


def find_outcome(conn: psycopg.Connection, decision_id: int) -> tuple[str, str] | None:
    """(outcome, reason code) of a decision, of the risk engine's or the account rules'."""
    plain = decision.find_decision(conn, decision_id)
    if plain is not None:
        return Outcome(plain.outcome).name.lower(), plain.reason
    page = decision.list_judged(conn, decision.FeedFilter(before=decision_id + 1), limit=1)
    row = next((row for row in page.rows if row.decision_id == decision_id), None)
    return None if row is None else (row.outcome.name.lower(), row.reason)
