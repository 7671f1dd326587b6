"""Which lines may pay for an order; what an order or a bill may be split into, and what each choice costs whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from fastapi import Request

from honghua.base.errors import Refusal
from honghua.credit import api as credit
from honghua.credit.core import Purpose, holder_of, line_of
from honghua.merchants import api as merchants
from honghua.merchants.core import Asked
from honghua.web.consumer.asking import NoAccount, customer_of
from honghua.web.consumer.readings import Reading, digest_shown
from honghua.web.ground import Site, site_of
from honghua.web.tickets import Ticket

CONSUMER, MERCHANT = 1, 2


@dataclass(frozen=True, slots=True)
class Choice:
    """One number of periods with its whole cost. campaign: the one that pays the fee, None = nobody else does."""

    quote: credit.InstalmentQuote
    payer: int
    campaign: merchants.Offer | None = None

    @property
    def periods(self) -> int:
        """How many instalments."""
        return self.quote.periods

    @property
    def digest(self) -> bytes:
        """Of everything that the cost table shows."""
        plan = self.quote.plan
        dates = [(one.due_on, one.total_minor) for one in plan.periods]
        return digest_shown(self.payer, plan.principal_minor, plan.fee_minor, plan.effective_percent, dates)


def list_choices(conn: psycopg.Connection, site: Site, line: str, ticket: Ticket, *, now: dt.datetime) -> list[Choice]:
    """The periods on offer for an order on a line; a campaign, or the shop by its ticket, may pay for some of them."""
    asked = ask(ticket, holder_of(line), site, now=now)
    campaigns = merchants.bear_periods(merchants.find_offers(conn, asked))
    payers = {n: offer.campaign.draft.payer for n, offer in campaigns.items()}
    payers |= {n: MERCHANT for n in ticket.merchant_pays if n not in campaigns}
    own = credit.list_instalment_quotes(conn, site.registry, line, amount_minor=ticket.amount_minor)
    paid: dict[int, dict[int, credit.InstalmentQuote]] = {}
    for payer in set(payers.values()):
        quotes = credit.list_instalment_quotes(conn, site.registry, line, amount_minor=ticket.amount_minor, payer=payer)
        paid[payer] = {quote.periods: quote for quote in quotes}
    return [
        Choice(paid[payers[q.periods]][q.periods], payers[q.periods], campaigns.get(q.periods)) if q.periods in payers
        else Choice(q, CONSUMER)
        for q in own
    ]  # fmt: skip


def ask(ticket: Ticket, customer: str, site: Site, *, now: dt.datetime) -> Asked:
    """The order as campaigns look at it."""
    return Asked(
        merchant=ticket.merchant, customer=customer, category=ticket.category, amount_minor=ticket.amount_minor, at=now,
        zone=site.zone,
    )  # fmt: skip


def list_bill_choices(conn: psycopg.Connection, site: Site, customer: str, amount_minor: int) -> list[Choice]:
    """The periods on offer for a part of the last bill."""
    quotes = credit.list_instalment_quotes(conn, site.registry, customer, amount_minor=amount_minor, of_bill=True)
    return [Choice(quote, CONSUMER) for quote in quotes]


def find_choice(choices: Sequence[Choice], periods: int) -> Choice | None:
    """The choice of so many periods."""
    return next((choice for choice in choices if choice.periods == periods), None)


async def find_payers(request: Request, category: str) -> list[credit.Payer] | Refusal:
    """The viewer's lines that may pay for goods of a category, or why none may; NoAccount for whoever has no line for consumption yet
    and wants to buy for it."""
    site, customer = site_of(request), customer_of(request)
    found = await site.read(lambda conn: credit.list_payers(conn, site.registry, customer, category))
    if isinstance(found, Refusal) and found.code == "CONSUMPTION_LINE_NEEDED" and not await list_lines(request):
        raise NoAccount("no credit account yet")
    return found


async def list_lines(request: Request) -> list[credit.Payer]:
    """All lines of the viewer, the one for consumption first."""
    site, customer = site_of(request), customer_of(request)
    refs = {purpose: line_of(customer, purpose) for purpose in Purpose}
    views = await site.read(
        lambda conn: {one: credit.find_account_view(conn, site.registry, ref) for one, ref in refs.items()}
    )
    return [credit.Payer(refs[one], one, view) for one, view in views.items() if view is not None]


async def find_line_account(request: Request, reading: Reading) -> credit.AccountView | None:
    """The account of the line that a contract is of, None before there is one."""
    site = site_of(request)
    return await site.read(lambda conn: credit.find_account_view(conn, site.registry, reading.line))
