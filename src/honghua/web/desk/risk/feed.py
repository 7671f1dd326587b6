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
from honghua.web.address_parts import ID_MAX, read_number
from honghua.web.desk.drawing import bound, draw
from honghua.web.desk.risk.live import LiveResponse, News, Streams, listen
from honghua.web.desk.risk.naming import FeedRow, name_rows
from honghua.web.ground import Site, site_of
from honghua.web.problems import Trouble
from honghua.web.roles import Rights
from honghua.web.signin.sessions import is_alive
from honghua.web.ui.pages import fragment, writing_of
from honghua.web.ui.writing import Writing
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/feed")
SHOWN: Final = 50
NEWS_MAX: Final = 100
RELOAD_S: Final = 15  # how often the page loads itself where no script runs and its reader wants it
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
        is_filtered=is_filtered, older_address=older, reloads=request.query_params.get("reload") == "1",
        reload_address=page_address({**asked, "reload": "1"}), still_address=page_address(asked), reload_s=RELOAD_S,
    )  # fmt: skip


@router.get("/news", name="desk.feed_news")
async def news(request: Request, *, after: int = Query(ge=0)) -> Response:
    """Rows newer than one, the newest first, to be put on top of the table."""
    site = site_of(request)
    asked = {**read_query(request), "after": str(after), "before": ""}
    found = await site.read(lambda conn: find_rows(conn, site, asked, writing=writing_of(request), limit=NEWS_MAX))
    return await fragment(request, "desk/feed.html", "rows", **found, currency=site.currency)


@router.get("/live", name="desk.feed_live")
async def live(request: Request, *, after: int = Query(default=0, ge=0, le=ID_MAX)) -> Response:
    """The same rows as they come, as events. A browser that comes back says the last row that it has."""
    viewer, streams = viewer_of(request), streams_of(request)
    place = max(after, read_number(request.headers.get("last-event-id", "")) or 0)
    asked = {**read_query(request), "before": ""}
    await look(request, asked, place)  # a filter that nobody can mean is told before anything streams
    pulse = request.app.state.pulse
    streams.join(viewer.subject)
    try:
        pulse.join()
    except Trouble:
        streams.leave(viewer.subject)
        raise

    def leave() -> None:
        pulse.leave()
        streams.leave(viewer.subject)

    return LiveResponse(listen(pulse, lambda behind: look(request, asked, behind), place), leave)


async def look(request: Request, asked: dict[str, Any], place: int) -> News:
    """What was decided behind a place and passes the filter, if the viewer is still signed in with a role that may see it."""
    site, viewer = site_of(request), viewer_of(request)
    rights: Rights = request.app.state.rights
    writing = writing_of(request)

    def read(conn: psycopg.Connection) -> tuple[int, list[FeedRow]] | None:
        if not is_alive(conn, viewer.session_id, rights["desk.feed_live"], now=site.clock.now()):
            return None
        newest = decision.list_judged(conn, decision.FeedFilter(), limit=1).rows
        found = find_rows(conn, site, {**asked, "after": str(place)}, writing=writing, limit=NEWS_MAX)
        return max([place, *(one.decision_id for one in newest)]), found["rows"]

    seen = await site.read(read)
    if seen is None:
        return News(place, is_over=True)
    newest, rows = seen
    if not rows:
        return News(newest)
    drawn = await fragment(request, "desk/feed.html", "rows", rows=rows, currency=site.currency)
    return News(newest, bytes(drawn.body).decode(), has_skipped=len(rows) == NEWS_MAX)


def streams_of(request: Request) -> Streams:
    """The open streams of this process."""
    state = request.app.state
    if not hasattr(state, "desk_streams"):
        state.desk_streams = Streams()
    streams: Streams = state.desk_streams
    return streams


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
