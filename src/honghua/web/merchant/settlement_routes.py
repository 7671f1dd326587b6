"""Settlements of a merchant: by day, item by item, and as a file."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import NotFound
from honghua.base.money import format_minor
from honghua.merchants import api as merchants
from honghua.merchants.api import Movement, Settlement, SettlementStatement
from honghua.web.ground import Site
from honghua.web.merchant import seeing
from honghua.web.merchant.orders_routes import read_day
from honghua.web.ui.pages import page, pages_of, writing_of
from honghua.web.ui.vocabulary import look_up

router = APIRouter()

PAGE: Final = 31
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so
HEADS: Final = ("when", "order", "what", "price", "fee", "net")


@router.get("/merchant/settlements", name="merchant.settlements")
async def settlements(request: Request) -> Response:
    """Settlements, the newest first."""
    site: Site = request.app.state.site
    before = read_day(request.query_params.get("before"))

    def read(conn: psycopg.Connection) -> list[Settlement]:
        merchant_id = seeing.find_merchant_id(conn, request.state.viewer.merchant)
        return merchants.list_settlements(conn, merchant_id, before=before, limit=PAGE)

    rows = await site.read(read)
    path = request.app.url_path_for("merchant.settlements")
    older = f"{path}?before={rows[-1].day.isoformat()}" if len(rows) == PAGE else None
    return await page(
        request, "merchant/settlements.html", rows=rows, older=older, currency=seeing.terms_of(site).currency
    )


async def read_statement(request: Request, day: str) -> SettlementStatement:
    """The statement of a day of this merchant; NotFound for another one."""
    site: Site = request.app.state.site
    wanted = read_day(day)
    if wanted is None:
        raise NotFound(f"{day!r} is no day", code="SETTLEMENT_UNKNOWN")

    def read(conn: psycopg.Connection) -> SettlementStatement:
        merchant_id = seeing.find_merchant_id(conn, request.state.viewer.merchant)
        return merchants.get_statement(conn, merchant_id, wanted)

    return await site.read(read)


@router.get("/merchant/settlements/{day}", name="merchant.settlement")
async def settlement(request: Request, day: str) -> Response:
    """One settlement with what it is made of."""
    statement = await read_statement(request, day)
    site: Site = request.app.state.site
    one, currency = statement.settlement, seeing.terms_of(site).currency
    words, language = pages_of(request).words, request.state.viewer.language
    parts = ("sales", "refunds", "fees", "carried")
    steps = [(look_up(words, language, f"merchant.{name}", {}), getattr(one, f"{name}_minor")) for name in parts]
    start = None if statement.from_day is None else statement.from_day + dt.timedelta(days=1)
    return await page(
        request, "merchant/settlement.html", one=one, start=start, steps=steps, currency=currency,
        rows=[seeing.show_movement(row) for row in statement.movements], sums=sums_of(statement.movements),
        write=seeing.write_money(writing_of(request), currency),
    )  # fmt: skip


def sums_of(rows: tuple[Movement, ...]) -> tuple[int, int, int]:
    """(price, fee, net) of all items."""
    return sum(r.gross_minor for r in rows), sum(r.fee_minor for r in rows), sum(r.net_minor for r in rows)


@router.get("/merchant/settlements/{day}/file", name="merchant.settlement_file")
async def settlement_file(request: Request, day: str) -> Response:
    """The items as CSV, amounts in major units; texts can't become formulas."""
    statement = await read_statement(request, day)
    site: Site = request.app.state.site
    currency = seeing.terms_of(site).currency
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADS)
    for shown in map(seeing.show_movement, statement.movements):
        row = shown.row
        amounts = [format_minor(minor, currency) for minor in (row.gross_minor, row.fee_minor, row.net_minor)]
        when = row.happened_at.astimezone(site.zone).isoformat(timespec="seconds")
        writer.writerow([when, harmless(row.reference), shown.word, *amounts])
    name = f"settlement-{statement.settlement.day.isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
