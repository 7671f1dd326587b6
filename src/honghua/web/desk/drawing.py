"""What every page of the desk has: the navigation that this person may follow, the currency, and refusals told on the page before."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import psycopg
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from honghua.base.errors import HonghuaError
from honghua.credit.core import CLASS_WORDS, STATUS_WORDS
from honghua.web.desk.acts import WHY_CHARS_MAX
from honghua.web.desk.rights import RIGHTS
from honghua.web.ground import Site, site_of
from honghua.web.ui.pages import Notice, page, redirect
from honghua.web.viewer import viewer_of

# (route, words, the path that lights it up, icon)
NAVIGATION: Final = (
    ("desk.home", "desk.nav_home", "/desk/", "home"),
    ("desk.feed", "desk.nav_feed", "/desk/feed", "clock"),
    ("desk.reviews", "desk.nav_reviews", "/desk/reviews", "check"),
    ("desk.journeys", "desk.nav_journeys", "/desk/journeys", "person"),
    ("desk.complaints", "desk.nav_complaints", "/desk/complaints", "help"),
    ("desk.orders", "desk.nav_orders", "/desk/orders", "list"),
    ("desk.evidence", "desk.nav_evidence", "/desk/evidence", "check"),
    ("desk.rings", "desk.nav_rings", "/desk/rings", "graph"),
    ("desk.customers", "desk.nav_customers", "/desk/customers", "person"),
    ("desk.policy", "desk.nav_policy", "/desk/policy", "shield"),
    ("desk.lab", "desk.nav_lab", "/desk/lab", "plan"),
    ("desk.lists", "desk.nav_lists", "/desk/lists", "list"),
    ("desk.books", "desk.nav_books", "/desk/books", "bill"),
    ("desk.business", "desk.nav_business", "/desk/business", "bill"),
    ("desk.payments", "desk.nav_payments", "/desk/payments", "help"),
    ("desk.closing", "desk.nav_closing", "/desk/closing", "plan"),
    ("desk.webhooks", "desk.nav_webhooks", "/desk/webhooks", "gear"),
    ("desk.portfolio", "desk.nav_portfolio", "/desk/portfolio", "chart"),
    ("desk.prudence", "desk.nav_prudence", "/desk/prudence", "warn"),
    ("desk.givings", "desk.nav_givings", "/desk/giving", "gift"),
    ("desk.temporary", "desk.nav_temporary", "/desk/temporary", "gift"),
    ("desk.lenders", "desk.nav_lenders", "/desk/lenders", "graph"),
    ("desk.reliefs", "desk.nav_reliefs", "/desk/relief", "help"),
)
SECONDS_MAX: Final = 15


def offset_of(site: Site, now: dt.datetime) -> int:
    """Minutes by which the site's zone is ahead of UTC: scripts tell moments as pages do."""
    return round((now.astimezone(site.zone).utcoffset() or dt.timedelta()) / dt.timedelta(minutes=1))


async def draw(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of the desk, with `may(route name)` for what this person may do."""
    viewer, site = viewer_of(request), site_of(request)
    now = site.clock.now()
    entries = [entry for entry in NAVIGATION if viewer.may(RIGHTS[entry[0]])]
    return await page(
        request, template, status=status, nav_entries=entries, may=lambda name: viewer.may(RIGHTS[name]),
        currency=site.currency, now=now, offset_minutes=offset_of(site, now),
        status_words=STATUS_WORDS, class_words=CLASS_WORDS, **values,
    )  # fmt: skip


def told(request: Request, name: str, words: str, *, tone: str = "good", **parts: Any) -> RedirectResponse:
    """On to a page, with a notice there. Words under `values` fill the notice."""
    filled = parts.pop("values", {})
    return redirect(request, name, Notice(key=words, values=filled, tone=tone), **parts)


def refused(request: Request, name: str, error: HonghuaError, **parts: Any) -> RedirectResponse:
    """Back to a page that says why it was refused."""
    values = {"code": error.code, "sentence": str(error)}
    return redirect(request, name, Notice(key="desk.refused", values=values, tone="bad"), **parts)


def bound(conn: psycopg.Connection) -> None:
    """No query of this look may take longer than people wait: decisions come first."""
    conn.execute(f"SET LOCAL statement_timeout = '{SECONDS_MAX}s'")


__all__ = ["WHY_CHARS_MAX", "bound", "draw", "refused", "told"]
