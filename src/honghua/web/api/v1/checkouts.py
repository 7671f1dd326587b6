"""Checkouts over the API: opened by the shop, paid by a link, a code on the customer's phone, or a face — with one and the same result."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from typing import Annotated, Any, Final, Literal, Self

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import Field, model_validator

from honghua.credit.core import Instalments, Scene
from honghua.web.address_parts import ID_MAX
from honghua.web.api import checkouts
from honghua.web.api.faces import FaceReader
from honghua.web.api.purchases_wire import PAYERS
from honghua.web.api.v1.accounts import check_customer
from honghua.web.api.v1.purchases import ANSWER, answer_of
from honghua.web.api.v1.wire import (
    COMMANDED,
    READ,
    Asked,
    Caller,
    CommandKey,
    CustomerPath,
    Minor,
    MinorOrZero,
    OptionalText,
    Periods,
    Shown,
    Text,
    problems,
    shown,
    write_answer,
)
from honghua.web.ground import Site, site_of
from honghua.web.pay_codes import LIFE, issue_code, redeem_code
from honghua.web.problems import Trouble
from honghua.web.tickets import Ticket

router = APIRouter(prefix="/v1", tags=["checkouts"])
MINUTES_USUAL: Final = 15
MINUTES_MAX: Final = 60 * 24
CAPTURE_CHARS_MAX: Final = 100_000
CheckoutPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
PAID: Final = answer_of(ANSWER, "judged, and booked when approved")


class CheckoutAsked(Asked):
    """An order that a customer will pay. paid_by_shop: numbers of periods whose fee the shop bears. accepts_less: where credit does not
    cover the order, the customer may pay a part of it; the shop collects the rest itself, as `paid_minor` of the checkout tells it.
    card_discount_minor: what the shop takes off, once, for whoever pays with a bank card; less than the amount."""

    merchant: Text
    order: Text
    category: Text
    amount_minor: Minor
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    title: Text
    return_to: Annotated[str, Field(max_length=500, pattern=r"^(https://[\x21-\x7e]+)?$")] = ""
    paid_by_shop: Annotated[list[Periods], Field(max_length=10, default_factory=list)]
    minutes: Annotated[int, Field(ge=1, le=MINUTES_MAX)] = MINUTES_USUAL
    accepts_less: bool = False
    card_discount_minor: MinorOrZero = 0

    @model_validator(mode="after")
    def check_discount(self) -> Self:
        """Something is left to pay."""
        if self.card_discount_minor >= self.amount_minor:
            raise ValueError("card_discount_minor is less than amount_minor")
        return self


class CardShown(Shown):
    """What the shop sees of a payment by card. amount_minor: what the customer paid, discount_minor is off; reference: the
    acquirer's, which settles with the shop."""

    amount_minor: int
    discount_minor: int
    refunded_minor: int
    last_four: str
    reference: str
    dispute: Literal["dispute_asked", "dispute_open", "dispute_won", "dispute_lost"] | None


class CheckoutShown(Shown):
    """url: where the customer pays; as a picture it is the code that the shop shows. answer: what the books said last.
    paid_minor: what was paid; on credit less than the amount where the shop accepts less, by card without the card's discount.
    paid_by: how it was paid, null before. card: the payment by card that is under way, or paid."""

    checkout_id: str
    state: Literal["open", "suspended", "refused", "paid"]
    url: str
    merchant: str
    order: str
    amount_minor: int
    paid_minor: int
    paid_by: Literal["credit", "card"] | None
    card_discount_minor: int
    card: CardShown | None
    accepts_less: bool
    currency: str
    expires_at: dt.datetime
    answer: dict[str, Any] | None


class Choice(Asked):
    """Instalments that the customer chose at the till; fee_minor: as quoted and confirmed; campaign_id: the campaign that bears it."""

    periods: Periods
    payer: Literal["consumer", "merchant"] = "consumer"
    fee_minor: MinorOrZero | None = None
    campaign_id: Annotated[int, Field(ge=1, le=ID_MAX)] | None = None


class ScanAsked(Asked):
    """The code that the customer's phone shows. till: the device that read it."""

    code: Annotated[str, Field(pattern=r"^[0-9 ]{18,30}$")]
    instalments: Choice | None = None
    till: OptionalText = ""


class FaceAsked(Asked):
    """What the reader saw (base64), and whom the customer said to be."""

    customer: Text
    capture: Annotated[str, Field(min_length=1, max_length=CAPTURE_CHARS_MAX)]
    instalments: Choice | None = None
    till: OptionalText = ""


class PayCodeShown(Shown):
    """A code for one payment, and for how many seconds it is good."""

    code: str
    seconds: int


def show(site: Site, checkout: checkouts.Checkout, attempts: checkouts.Attempts) -> CheckoutShown:
    """A checkout as its shop reads it: of the answer, not who paid."""
    return CheckoutShown(
        checkout_id=checkout.checkout_id,
        state=attempts.state,  # type: ignore[arg-type]
        url=f"{site.address}/checkout/{checkout.ticket}",
        merchant=checkout.merchant,
        order=checkout.order,
        amount_minor=checkout.amount_minor,
        paid_minor=attempts.paid_minor,
        paid_by=attempts.paid_by,
        card_discount_minor=checkout.card_discount_minor,
        card=None if attempts.card is None else shown(CardShown, attempts.card),
        accepts_less=checkout.accepts_less,
        currency=checkout.currency,
        expires_at=checkout.expires_at,
        answer=attempts.answers[-1] if attempts.answers else None,
    )


@router.post("/checkouts", name="v1.checkouts.open", responses=COMMANDED)
async def open_checkout(request: Request, partner: Caller, key: CommandKey, asked: CheckoutAsked) -> CheckoutShown:
    """Open a checkout: the same key gives the same one."""
    site = site_of(request)
    partner.check_sale(asked.merchant, asked.amount_minor)
    if asked.currency != site.currency:
        raise Trouble("CURRENCY_UNKNOWN", f"this book is in {site.currency}")
    now = site.clock.now()
    ticket = Ticket(
        merchant=asked.merchant, order=asked.order, category=asked.category, amount_minor=asked.amount_minor,
        currency=asked.currency, title=asked.title, expires_at=now + dt.timedelta(minutes=asked.minutes),
        return_to=asked.return_to, merchant_pays=tuple(sorted(set(asked.paid_by_shop))), accepts_less=asked.accepts_less,
        card_discount_minor=asked.card_discount_minor,
    )  # fmt: skip
    made = await site.write(
        lambda conn: checkouts.open_checkout(conn, site, ticket, partner_id=partner.partner_id, key=key, now=now)
    )
    attempts = await site.read(lambda conn: checkouts.find_attempts(conn, made.checkout_id))
    return show(site, made, attempts)


@router.get("/checkouts/{checkout_id}", name="v1.checkouts.read", responses=READ)
async def read_checkout(request: Request, partner: Caller, checkout_id: CheckoutPath) -> CheckoutShown:
    """A checkout of the partner's, and whether it is paid."""
    site = site_of(request)
    own, attempts = await site.read(
        lambda conn: (
            checkouts.get_checkout(conn, checkout_id, partner_id=partner.partner_id),
            checkouts.find_attempts(conn, checkout_id),
        )
    )
    return show(site, own, attempts)


@router.post("/checkouts/{checkout_id}/scan", name="v1.checkouts.scan", responses=PAID)
async def scan(request: Request, partner: Caller, checkout_id: CheckoutPath, asked: ScanAsked) -> Response:
    """Pay by the code on the customer's phone. A code is good once; for the same checkout it may be sent again."""
    site = site_of(request)
    await site.read(lambda conn: checkouts.get_checkout(conn, checkout_id, partner_id=partner.partner_id))
    now, spender = site.clock.now(), f"checkout:{checkout_id}"
    customer = await site.write(lambda conn: redeem_code(conn, asked.code, spender=spender, now=now))
    if customer is None:
        raise Trouble("CODE_SPENT", "this code is unknown, too old, or was used before")
    return await pay(request, checkout_id, customer, asked)


@router.post("/checkouts/{checkout_id}/face", name="v1.checkouts.face", responses=PAID)
async def pay_by_face(request: Request, partner: Caller, checkout_id: CheckoutPath, asked: FaceAsked) -> Response:
    """Pay by a face that the reader at the till has seen."""
    site = site_of(request)
    await site.read(lambda conn: checkouts.get_checkout(conn, checkout_id, partner_id=partner.partner_id))
    reader: FaceReader = request.app.state.faces
    try:
        capture = base64.b64decode(asked.capture, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Trouble("REQUEST_INVALID", "the capture is not base64") from error
    found = await site.read(lambda conn: reader.identify(capture, hint=asked.customer))
    if found is None:
        raise Trouble("FACE_UNKNOWN", "this is not the face of that customer")
    if not found.is_live:
        raise Trouble("FACE_NOT_LIVE", "nobody stood before the reader")
    return await pay(request, checkout_id, found.customer, asked)


async def pay(request: Request, checkout_id: str, customer: str, asked: ScanAsked | FaceAsked) -> Response:
    """The same payment, however the customer was found: by the line that the goods are for."""
    site, choice = site_of(request), asked.instalments
    customer = await checkouts.choose_line(site, checkout_id, customer)
    instalments = offer = None
    if choice is not None:
        payer = PAYERS[choice.payer]
        if choice.campaign_id is not None:
            offer = await checkouts.find_offer(site, checkout_id, customer, choice.campaign_id)
            payer = offer.campaign.draft.payer
        instalments = Instalments(periods=choice.periods, payer=payer, fee_minor=choice.fee_minor)
    scene = Scene(device=asked.till) if asked.till else None
    payment = checkouts.Payment(customer=customer, instalments=instalments, scene=scene, offer=offer)
    return await write_answer(request, await checkouts.pay_checkout(site, checkout_id, payment))


@router.post("/accounts/{customer}/pay-codes", name="v1.accounts.pay_code", responses=problems(404))
async def make_pay_code(request: Request, partner: Caller, customer: CustomerPath) -> PayCodeShown:
    """A code for the phone of a customer of the partner's."""
    site = site_of(request)
    await check_customer(request, partner, customer)
    now = site.clock.now()
    code = await site.write(lambda conn: issue_code(conn, customer, now=now))
    if code is None:
        raise Trouble("RATE_EXCEEDED", "too many open codes", retry_after_s=LIFE.total_seconds())
    return PayCodeShown(code=code, seconds=int(LIFE.total_seconds()))


__all__ = ["router"]
