"""Who lends to me: the lenders that my contracts name, what each has out in my debt, and notices of parts that changed hands."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import Response

from honghua.credit import api as credit
from honghua.credit.core import Purpose, line_of
from honghua.funding import api as funding
from honghua.funding.core import OWN
from honghua.web.consumer.asking import customer_of
from honghua.web.consumer.bureau.supplement import find_first
from honghua.web.ground import site_of
from honghua.web.ui.pages import page

router = APIRouter(include_in_schema=False)
NOTICES_SHOWN: Final = 50


@router.get("/my/lenders", name="consumer.lenders")
async def show(request: Request) -> Response:
    """Every lender by name and code, what the viewer was told of them, and those whom a supplement would name."""
    site, customer = site_of(request), customer_of(request)

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        lines = [line_of(customer, purpose) for purpose in Purpose]
        accounts = list(credit.find_account_ids(conn, lines).values())
        return {
            "others": funding.find_lenders_of(conn, lines, accounts, today=credit.get_business_day(conn)),
            "notices": funding.list_notices(conn, lines, limit=NOTICES_SHOWN),
        }  # fmt: skip

    own = funding.load_book().partners[OWN]
    unnamed = await find_first(request)
    return await page(
        request, "consumer/lenders.html", own=own, currency=site.currency, unnamed=unnamed, **await site.read(read)
    )


__all__ = ["router"]
