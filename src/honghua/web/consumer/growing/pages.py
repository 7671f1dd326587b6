"""How the limit grows, and what is on offer: rules with where one stands, offers to say yes or no to, coupons to take, changes so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import Conflict
from honghua.credit import api as credit
from honghua.limits import api as limits
from honghua.limits.core import Grant, Moment, State
from honghua.web.address_parts import Id
from honghua.web.consumer.asking import customer_of, get_account, is_done, refusal_notice, submit
from honghua.web.ground import site_of
from honghua.web.ui.forms import read_form
from honghua.web.ui.pages import Notice, page, redirect

router = APIRouter(include_in_schema=False)
AS_SHARE: Final = frozenset({"IN_USE"})  # rules whose figures are parts of a million
AS_MONEY: Final = frozenset({"BELOW_CEILING"})
COUNTED: Final = frozenset({"ON_TIME", "WAITED"})  # the others are met or not: a number would tell nothing


@dataclass(frozen=True, slots=True)
class Offered:
    """Everything on the page. view is None while the account is looked at by a person."""

    view: credit.GrowthView | None
    offers: list[limits.Offer]
    grants: list[Grant]


def read_offered(conn: psycopg.Connection, registry: credit.Registry, customer: str) -> Offered:
    """What a customer may know of their limit."""
    today = credit.get_business_day(conn)
    terms = limits.get_rulebook(conn, on=today).terms
    return Offered(
        credit.find_growth(conn, registry, terms, customer),
        limits.list_offers(conn, customer, on=today),
        [one for one in limits.list_grants(conn, customer) if one.until_on >= today],
    )


@router.get("/my/growth", name="consumer.growth")
async def growth(request: Request) -> Response:
    """The page."""
    site, customer = site_of(request), customer_of(request)
    account = await get_account(request)
    found = await site.read(lambda conn: read_offered(conn, site.registry, customer))
    return await page(
        request, "consumer/growth.html", account=account, view=found.view, offers=found.offers, grants=found.grants,
        issued=State.ISSUED, as_share=AS_SHARE, as_money=AS_MONEY, counted=COUNTED,
    )  # fmt: skip


@router.post("/my/growth/offers/{offer_id}", name="consumer.answer_offer")
async def answer_offer(request: Request, offer_id: Id) -> Response:
    """Yes or no to an offered limit. The yes is the consent that the change is recorded with."""
    site, customer = site_of(request), customer_of(request)
    form = await read_form(request)
    said = form.choice("say", frozenset({"yes", "no"}))
    now = site.clock.now()
    if not said:
        return redirect(request, "consumer.growth", Notice(key="ui.please_correct", tone="bad"))
    try:
        if said == "no":
            await site.write(
                lambda conn: decline(
                    conn, offer_id, customer=customer, moment=Moment(on=credit.get_business_day(conn), now=now)
                )
            )
            return redirect(request, "consumer.growth", Notice(key="consumer.offer_declined"))
        command = await site.run(lambda conn: credit.make_acceptance(conn, site.registry, offer_id, customer=customer))
    except Conflict as conflict:
        key = "consumer.offer_shrunk" if conflict.code == "OFFER_BEYOND_CEILING" else "consumer.offer_over"
        return redirect(request, "consumer.growth", Notice(key=key, tone="warn"))
    answer = await submit(request, command)
    if not is_done(answer):
        return redirect(request, "consumer.growth", refusal_notice(request, answer))
    await site.write(lambda conn: limits.settle_offer(conn, offer_id, is_accepted=True, now=now))
    return redirect(request, "consumer.growth", Notice(key="consumer.offer_accepted"))


def decline(conn: psycopg.Connection, offer_id: int, *, customer: str, moment: Moment) -> None:
    """No to an open offer; raises as `limits.accept_offer`, which locks it."""
    limits.accept_offer(conn, offer_id, customer=customer, on=moment.on)
    limits.settle_offer(conn, offer_id, is_accepted=False, now=moment.now)


@router.post("/my/growth/coupons/{grant_id}", name="consumer.claim_coupon")
async def claim_coupon(request: Request, grant_id: Id) -> Response:
    """Take a coupon: from now on orders of its scene may use it."""
    site, customer = site_of(request), customer_of(request)
    await read_form(request)
    now = site.clock.now()
    try:
        await site.write(
            lambda conn: limits.claim(
                conn, grant_id, customer=customer, at=Moment(on=credit.get_business_day(conn), now=now)
            )
        )
    except Conflict:
        return redirect(request, "consumer.growth", Notice(key="consumer.coupon_over", tone="warn"))
    return redirect(request, "consumer.growth", Notice(key="consumer.coupon_taken"))
