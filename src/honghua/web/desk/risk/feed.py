"""The live feed of decisions: pages by cursor, and what is new since the newest that the page shows."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import psycopg
from fastapi import APIRouter, Query, Request, Response

from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.decision import api as decision
from honghua.decision.core import REASONS, Outcome
from honghua.web.address_parts import read_number
from honghua.web.desk.drawing import bound, draw
from honghua.web.desk.risk.naming import FeedRow, name_rows
from honghua.web.ground import Site, site_of
from honghua.web.ui.pages import fragment, writing_of
from honghua.web.ui.writing import Writing

router = APIRouter(prefix="/desk/feed")
SHOWN: Final = 50
NEWS_MAX: Final = 100
AMOUNT_MAX: Final = 10**15
WORDS: Final = {one.name.lower(): one for one in Outcome}


@router.get("", name="desk.feed")
async def feed(request: Request) -> Response:
    """The newest decisions that pass the filter."""
    site = site_of(request)
    asked = read_query(request)
    try:
        found = await site.read(lambda conn: find_rows(conn, site, asked, writing=writing_of(request), limit=SHOWN))
        trouble = ""
    except BadInput as error:
        found, trouble = {"rows": [], "scanned_to": None, "older": None}, str(error)
    is_filtered = bool(asked["outcome"]) or any(asked[name] for name in ("reason", "least", "most", "shop", "customer"))
    older = page_address({**asked, "before": str(found["older"])}) if found["older"] else None
    return await draw(
        request, "desk/feed.html", **found, asked=asked, trouble=trouble, reasons=sorted(REASONS), outcomes=list(WORDS),
        is_filtered=is_filtered, older_address=older,
    )  # fmt: skip


@router.get("/news", name="desk.feed_news")
async def news(request: Request, *, after: int = Query(ge=0)) -> Response:
    """Rows newer than one, the newest first, to be put on top of the table."""
    site = site_of(request)
    asked = {**read_query(request), "after": str(after), "before": ""}
    found = await site.read(lambda conn: find_rows(conn, site, asked, writing=writing_of(request), limit=NEWS_MAX))
    return await fragment(request, "desk/feed.html", "rows", **found, currency=site.currency)


def read_query(request: Request) -> dict[str, Any]:
    """The filter as it stands in the address, texts all."""
    query = request.query_params
    names = ("reason", "least", "most", "shop", "customer", "before")
    return {
        "outcome": [w for w in query.getlist("outcome") if w in WORDS],
        **{n: query.get(n, "")[:200] for n in names},
    }


def page_address(asked: dict[str, Any]) -> str:
    """The address of a page with this filter."""
    texts = [(name, text) for name, text in asked.items() if name != "outcome" and text]
    return "?" + urlencode([*(("outcome", word) for word in asked["outcome"]), *texts])


def find_rows(
    conn: psycopg.Connection, site: Site, asked: dict[str, Any], *, writing: Writing, limit: int
) -> dict[str, Any]:
    """Named rows, where looking stopped, and the cursor of the next page. BadInput for a filter that nobody can mean."""
    bound(conn)
    currency = site.currency
    account_id = None
    if asked["customer"]:
        account_id = credit.find_account_ids(conn, [asked["customer"]]).get(asked["customer"])
        if account_id is None:
            return {"rows": [], "scanned_to": None, "older": None}
    amounts = [writing.read_amount(asked[name], currency) if asked[name] else None for name in ("least", "most")]
    wanted = decision.FeedFilter(
        outcomes=tuple(WORDS[word] for word in asked["outcome"]), reason=asked["reason"], least_minor=amounts[0],
        most_minor=amounts[1], merchant=asked["shop"], account_id=account_id, before=read_number(asked["before"]),
        after=read_number(asked.get("after", "")),
    )  # fmt: skip
    page = decision.list_judged(conn, wanted, limit=limit)
    rows: list[FeedRow] = name_rows(conn, page.rows)
    older = rows[-1].judged.decision_id if len(rows) == limit else page.scanned_to
    return {"rows": rows, "scanned_to": page.scanned_to, "older": older}


__all__ = ["find_rows", "router"]
