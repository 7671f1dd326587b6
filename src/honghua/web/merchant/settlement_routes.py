"""Settlements of a merchant: by day, item by item, and as a file."""

from __future__ import annotations

import datetime as dt
from typing import Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.base.errors import NotFound
from honghua.merchants import api as merchants
from honghua.merchants.api import Movement, Settlement, SettlementStatement
from honghua.web.address_parts import read_day
from honghua.web.ground import site_of
from honghua.web.merchant import seeing
from honghua.web.ui.files import csv_file
from honghua.web.ui.pages import page, pages_of, writing_of
from honghua.web.ui.vocabulary import look_up
from honghua.web.ui.writing import major

router = APIRouter()

PAGE: Final = 31
HEADS: Final = ("when", "order", "what", "price", "fee", "net")


@router.get("/merchant/settlements", name="merchant.settlements")
async def settlements(request: Request) -> Response:
    """Settlements, the newest first."""
    site = site_of(request)
    before = read_day(request.query_params.get("before"))

    def read(conn: psycopg.Connection) -> list[Settlement]:
        merchant_id = seeing.find_merchant_id(conn, request.state.viewer.merchant)
        return merchants.list_settlements(conn, merchant_id, before=before, limit=PAGE)

    rows = await site.read(read)
    path = request.app.url_path_for("merchant.settlements")
    older = f"{path}?before={rows[-1].day.isoformat()}" if len(rows) == PAGE else None
    return await page(request, "merchant/settlements.html", rows=rows, older=older, currency=site.currency)


async def read_statement(request: Request, day: str) -> SettlementStatement:
    """The statement of a day of this merchant; NotFound for another one."""
    site = site_of(request)
    try:
        wanted = dt.date.fromisoformat(day)
    except ValueError as error:
        raise NotFound(f"{day[:20]!r} is no day", code="SETTLEMENT_UNKNOWN") from error

    def read(conn: psycopg.Connection) -> SettlementStatement:
        merchant_id = seeing.find_merchant_id(conn, request.state.viewer.merchant)
        return merchants.get_statement(conn, merchant_id, wanted)

    return await site.read(read)


@router.get("/merchant/settlements/{day}", name="merchant.settlement")
async def settlement(request: Request, day: str) -> Response:
    """One settlement with what it is made of."""
    statement = await read_statement(request, day)
    site = site_of(request)
    one, currency = statement.settlement, site.currency
    words, language = pages_of(request).words, request.state.viewer.language
    parts = ("sales", "refunds", "fees", "carried")
    steps = [(look_up(words, language, f"merchant.{name}", {}), getattr(one, f"{name}_minor")) for name in parts]
    start = None if statement.from_day is None else statement.from_day + dt.timedelta(days=1)
    return await page(
        request, "merchant/settlement.html", one=one, start=start, steps=steps, currency=currency,
        rows=[seeing.show_movement(row) for row in statement.movements], sums=sums_of(statement.movements),
        write=writing_of(request).money_in(currency),
    )  # fmt: skip


def sums_of(rows: tuple[Movement, ...]) -> tuple[int, int, int]:
    """(price, fee, net) of all items."""
    return sum(r.gross_minor for r in rows), sum(r.fee_minor for r in rows), sum(r.net_minor for r in rows)


@router.get("/merchant/settlements/{day}/file", name="merchant.settlement_file")
async def settlement_file(request: Request, day: str) -> Response:
    """The items as CSV, amounts in major units; texts can't become formulas."""
    statement = await read_statement(request, day)
    site = site_of(request)
    currency = site.currency
    rows: list[list[object]] = [list(HEADS)]
    for shown in map(seeing.show_movement, statement.movements):
        row = shown.row
        amounts = [major(minor, currency) for minor in (row.gross_minor, row.fee_minor, row.net_minor)]
        when = row.happened_at.astimezone(site.zone).isoformat(timespec="seconds")
        rows.append([when, row.reference, shown.word, *amounts])
    return csv_file(f"settlement-{statement.settlement.day.isoformat()}.csv", rows)
