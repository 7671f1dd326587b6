"""Bills: all of them, and one with every item and how its total comes about."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from honghua.credit import api as credit
from honghua.web.consumer.asking import customer_of, get_account
from honghua.web.ground import site_of
from honghua.web.ui.pages import page, writing_of

router = APIRouter(include_in_schema=False)
SHOWN: Final = 12
NUMBER_MAX: Final = 1_000_000


@router.get("/my/bills", name="consumer.bills")
async def bills(request: Request, *, before: Annotated[int | None, Query(ge=1, le=NUMBER_MAX)] = None) -> Response:
    """Closed statements, newest first, and what the next one holds so far."""
    site, customer = site_of(request), customer_of(request)
    account = await get_account(request)
    statements = await site.read(
        lambda conn: credit.list_statements(conn, site.registry, customer, limit=SHOWN + 1, before=before)
    )
    shown = statements[:SHOWN]
    more = shown[-1].number if len(statements) > SHOWN else None
    writing = writing_of(request)
    bars = [(writing.short_day(one.cut_on), float(one.total_minor)) for one in reversed(shown)]
    return await page(
        request, "consumer/bills.html", account=account, statements=shown, more=more, before=before, bars=bars,
        write_money=writing.money_in(account.currency),
    )  # fmt: skip


@router.get("/my/bills/{number}", name="consumer.statement")
async def statement(request: Request, number: int) -> Response:
    """One statement; NotFound for a number that this customer does not have."""
    site, customer = site_of(request), customer_of(request)
    account = await get_account(request)
    detail = await site.read(lambda conn: credit.get_statement(conn, site.registry, customer, number))
    return await page(request, "consumer/statement.html", account=account, detail=detail, one=detail.statement)
