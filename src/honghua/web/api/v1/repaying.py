"""Instalments and repayments over the API: quotes with their whole cost, plans, early settlement, money that comes in."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import psycopg
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from honghua.credit import api as credit
from honghua.credit.core import InstalBill, Instalments, Repay, ReturnOverpayment, SettlePlan
from honghua.merchants import api as merchants
from honghua.merchants.core import Asked as Order
from honghua.web.api.purchases_wire import PAYERS
from honghua.web.api.v1.accounts import check_customer, get_view
from honghua.web.api.v1.accounts_shown import InstalmentQuoteShown, PlanShown, SettlementShown
from honghua.web.api.v1.wire import (
    COMMANDED,
    READ,
    Asked,
    Caller,
    CommandKey,
    CustomerPath,
    Done,
    IdPath,
    Minor,
    MinorOrZero,
    OptionalText,
    Page,
    Periods,
    Text,
    answer_command,
    shown,
)
from honghua.web.ground import Site, site_of
from honghua.web.problems import Trouble

router = APIRouter(prefix="/v1", tags=["repaying"])
QUOTE_MINOR_MAX: Final = 100_000_000


class QuoteAsked(Asked):
    """What instalments would cost. merchant and category: of the order, so that campaigns which bear the fee are found."""

    amount_minor: Annotated[int, Field(ge=1, le=QUOTE_MINOR_MAX)]
    of_bill: bool = False
    payer: Literal["consumer", "merchant", "platform"] = "consumer"
    merchant: OptionalText = ""
    category: OptionalText = ""


class SettleAsked(Asked):
    """The quoted amount, to the cent."""

    amount_minor: Minor


class BillInstalmentsAsked(Asked):
    """Split this part of the last bill. fee_minor: as quoted and confirmed; absent: the quote of the moment."""

    amount_minor: Minor
    periods: Periods
    fee_minor: MinorOrZero | None = None


class RepaymentAsked(Asked):
    """Money from the customer. source: 0 by hand, 1 balance, 2 debit card, 3 money fund. reference: the payment's own, at its bank."""

    amount_minor: Minor
    source: Annotated[int, Field(ge=0, le=3)] = 0
    reference: Text | None = None


class OverpaymentAsked(Asked):
    """Of the customer's own money, this much goes back."""

    amount_minor: Minor


@router.get("/accounts/{customer}/instalment-quotes", name="v1.accounts.quotes", responses=READ)
async def list_quotes(
    request: Request, partner: Caller, customer: CustomerPath, asked: Annotated[QuoteAsked, Query()]
) -> list[InstalmentQuoteShown]:
    """The periods on offer for a purchase of this amount, or for that part of the last bill, each with its full cost table.

    With a shop and a category of goods, periods whose fee a campaign bears are quoted so, under its `campaign_id`.
    """
    site = site_of(request)
    await check_customer(request, partner, customer)
    quotes = await site.read(lambda conn: find_quotes(conn, site, customer, asked, PAYERS[asked.payer]))
    if not quotes:
        raise Trouble("ACCOUNT_UNKNOWN", "this customer has no account")
    found = {quote.periods: shown(InstalmentQuoteShown, quote) for quote in quotes}
    if asked.merchant and asked.category and not asked.of_bill:
        partner.check_merchant(asked.merchant)
        order = Order(
            merchant=asked.merchant, customer=customer, category=asked.category, amount_minor=asked.amount_minor,
            at=site.clock.now(), zone=site.zone,
        )  # fmt: skip
        await site.write(lambda conn: merchants.note_exposure(conn, order))
        found |= await site.read(lambda conn: quote_offers(conn, site, asked, order))
    return list(found.values())


def find_quotes(
    conn: psycopg.Connection, site: Site, customer: str, asked: QuoteAsked, payer: int
) -> list[credit.InstalmentQuote]:
    """The books' quotes, when this payer bears the fee."""
    return credit.list_instalment_quotes(
        conn, site.registry, customer, amount_minor=asked.amount_minor, of_bill=asked.of_bill, payer=payer
    )


def quote_offers(
    conn: psycopg.Connection, site: Site, asked: QuoteAsked, order: Order
) -> dict[int, InstalmentQuoteShown]:
    """The periods whose fee a campaign bears, quoted so, to stand in the place of the customer's."""
    bearers = {n: offer.campaign for n, offer in merchants.bear_periods(merchants.find_offers(conn, order)).items()}
    found: dict[int, InstalmentQuoteShown] = {}
    for payer in {campaign.draft.payer for campaign in bearers.values()}:
        for quote in find_quotes(conn, site, order.customer, asked, payer):
            campaign = bearers.get(quote.periods)
            if campaign is not None and campaign.draft.payer == payer:
                own = shown(InstalmentQuoteShown, quote)
                found[quote.periods] = own.model_copy(update={"campaign_id": campaign.campaign_id})
    return found


@router.get("/accounts/{customer}/plans", name="v1.accounts.plans", responses=READ)
async def list_plans(request: Request, partner: Caller, customer: CustomerPath) -> Page[PlanShown]:
    """Instalment plans with something left to bill: an account has few, so there is one page."""
    view = await get_view(request, partner, customer)
    return Page(items=[shown(PlanShown, plan) for plan in view.plans])


@router.get("/accounts/{customer}/plans/{plan_id}/settlement", name="v1.accounts.settlement", responses=READ)
async def quote_settlement(
    request: Request, partner: Caller, customer: CustomerPath, plan_id: IdPath
) -> SettlementShown:
    """What ends a plan today."""
    site = site_of(request)
    await check_customer(request, partner, customer)
    quote = await site.read(lambda conn: credit.find_settlement_quote(conn, site.registry, customer, plan_id))
    if quote is None:
        raise Trouble("PLAN_UNKNOWN", "there is no such plan, or it is settled")
    return shown(SettlementShown, quote)


@router.post(
    "/accounts/{customer}/plans/{plan_id}/settlement",
    name="v1.accounts.settle",
    response_model=Done,
    responses=COMMANDED,
)
async def settle_plan(
    request: Request, partner: Caller, customer: CustomerPath, plan_id: IdPath, key: CommandKey, asked: SettleAsked
) -> Response:
    """Pay a plan off with exactly the quoted amount."""
    await check_customer(request, partner, customer)
    command = SettlePlan(key=key, customer=customer, plan_id=plan_id, amount_minor=asked.amount_minor)
    return await answer_command(request, command)


@router.post(
    "/accounts/{customer}/bill-instalments",
    name="v1.accounts.bill_instalments",
    response_model=Done,
    responses=COMMANDED,
)
async def split_bill(
    request: Request, partner: Caller, customer: CustomerPath, key: CommandKey, asked: BillInstalmentsAsked
) -> Response:
    """Split part of the last bill, from its statement day to its due day."""
    await check_customer(request, partner, customer)
    choice = Instalments(periods=asked.periods, fee_minor=asked.fee_minor)
    command = InstalBill(key=key, customer=customer, amount_minor=asked.amount_minor, instalments=choice)
    return await answer_command(request, command)


@router.post("/accounts/{customer}/repayments", name="v1.accounts.repay", response_model=Done, responses=COMMANDED)
async def repay(
    request: Request, partner: Caller, customer: CustomerPath, key: CommandKey, asked: RepaymentAsked
) -> Response:
    """Book money that the customer paid."""
    await check_customer(request, partner, customer)
    command = Repay(
        key=key, customer=customer, amount_minor=asked.amount_minor, source=asked.source, reference=asked.reference
    )
    return await answer_command(request, command)


@router.post(
    "/accounts/{customer}/overpayment-returns",
    name="v1.accounts.overpayment_return",
    response_model=Done,
    responses=COMMANDED,
)
async def return_overpayment(
    request: Request, partner: Caller, customer: CustomerPath, key: CommandKey, asked: OverpaymentAsked
) -> Response:
    """Pay the customer's own money back out."""
    await check_customer(request, partner, customer)
    return await answer_command(request, ReturnOverpayment(key=key, customer=customer, amount_minor=asked.amount_minor))


__all__ = ["router"]
