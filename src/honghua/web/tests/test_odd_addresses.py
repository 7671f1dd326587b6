"""No address, however odd, meets an error of ours: the path and query of every page are tried with what nobody would type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import pytest
from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

from honghua.base.errors import BadInput
from honghua.web.address_parts import read_day, read_number
from honghua.web.app import build_app
from honghua.web.roles import MERCHANTS, Role
from honghua.web.tests.doors import Browser, buy, make_site, open_account, signed_in

ODD = ("0", "-1", "9" * 18, "9" * 40, "0001-01-01", "9999-12-31", "1970-01-01", "²", "\0", "%", "x" * 300, "nan", "=1")
PART = re.compile(r"\{(\w+)[^}]*\}")
USUAL = {"table": "outcomes", "kind": "customer", "label": "李雷", "after": "0"}
# What handlers read of the query beside what they declare.
STREAMS = ("desk.feed_live",)  # they do not end: desk/tests/test_live_feed.py
READ = {
    "merchant.orders": ("from", "until", "before"),
    "merchant.settlements": ("before",),
    "merchant.campaigns": ("before",),
    "desk.feed": ("outcome", "reason", "least", "most", "shop", "customer", "before"),
    "desk.feed_news": ("reason", "least", "most", "shop", "customer"),
    "desk.lists": ("list", "q", "entity", "label"),
    "desk.portfolio": ("since", "until", "release", "late", "terms", "least", "most"),
    "desk.portfolio_csv": ("since", "until", "release", "late", "terms", "least", "most"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its name and path, and what may stand in its query; needed: what must."""

    name: str
    path: str
    asked: tuple[str, ...]
    needed: tuple[str, ...]

    def addresses(self) -> Iterator[str]:
        """The page with each part of its path and of its query made odd in each way, one at a time."""
        for odd in ODD:
            for part in PART.findall(self.path):
                yield self.write({part: odd}, {})
            for part in self.asked:
                yield self.write({}, {part: odd})

    def write(self, path: dict[str, str], query: dict[str, str]) -> str:
        """The address with these parts, the others as usual."""
        filled = PART.sub(lambda m: quote(path.get(m[1], USUAL.get(m[1], "7")), safe=""), self.path)
        return f"{filled}?{urlencode({**{part: USUAL[part] for part in self.needed}, **query})}"


def list_pages(app: FastAPI) -> list[Page]:
    """Every page that people get."""
    return [
        Page(route.name, route.path, (*declared, *READ.get(route.name, ())), tuple(p for p in declared if p in USUAL))
        for route in iter_route_contexts(app.routes)
        if route.name and route.path and "GET" in (route.methods or ())
        if Role.PARTNER not in app.state.rights[route.name] and route.name not in STREAMS
        for declared in [list_declared(route)]
    ]


def list_declared(route: RouteContext) -> tuple[str, ...]:
    """The names that a handler declares of its query."""
    dependant = getattr(route.original_route, "dependant", None)
    return () if dependant is None else tuple(field.alias for field in dependant.query_params)


def test_no_address_meets_an_error_of_ours(database):
    with make_site(database, is_demo=True) as site:
        open_account(site, "李雷")
        buy(site, "李雷", [100])
        app = build_app(site)
        pages = list_pages(app)
        assert READ.keys() <= {page.name for page in pages}
        tried, broken = 0, []
        for page in pages:
            with Browser(app) as browser:
                role = min(app.state.rights[page.name])
                if role is not Role.ANYONE:
                    shop = "书店" if role in MERCHANTS else ""
                    signed_in(browser, site, role=role, subject="李雷", merchant=shop)
                    assert browser.get(page.write({}, {})).status_code not in (401, 403), page.name
                for address in page.addresses():
                    answer = browser.get(address)
                    tried += 1
                    if answer.status_code >= 500:
                        broken.append((page.name, address[:100]))
        assert not broken
        assert tried > 1_000


def test_nul_in_a_form_is_refused(database):
    with make_site(database) as site, Browser(build_app(site)) as browser:
        browser.get("/signin")
        answer = browser.send(site, "/signin", phone="138", next="/my\0")
        assert answer.status_code == 422


@pytest.mark.parametrize("text", ["2026-02-30", "20260230", "0001-01-01", "9999-12-31", "today", "\0"])
def test_days_that_are_none(text):
    with pytest.raises(BadInput):
        read_day(text)


@pytest.mark.parametrize("text", ["-1", "1.0", "²", "٣", "9" * 19, "x"])
def test_numbers_that_are_none(text):
    with pytest.raises(BadInput):
        read_number(text)


def test_nothing_is_not_a_mistake():
    assert read_day("") is None is read_day(None)
    assert read_number("") is None is read_number(" ") is read_number(None)
    assert read_number("9" * 18) == int("9" * 18)
