"""No address, however odd, is answered by an error of ours: every page's path and query are tried with what nobody would type."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import iter_route_contexts

from honghua.web.app import build_app
from honghua.web.roles import MERCHANTS, PUBLIC, Role
from honghua.web.tests.doors import Browser, buy, make_site, open_account, signed_in

ODD = (
    "0",
    "-1",
    "7",
    "9" * 18,
    "9" * 40,
    "0001-01-01",
    "9999-12-31",
    "²",
    "\x00",
    "%",
    "李雷",
    "x" * 300,
    "nan",
    "1e99",
    "=1",
)
# What handlers read of the query without declaring it.
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


@pytest.fixture(scope="module")
def nothing():
    return None


def test_odd(database):
    bad = set()
    with make_site(database, is_demo=True) as site:
        open_account(site, "李雷")
        buy(site, "李雷", [100], merchant="书店")
        app = build_app(site)
        routes = [r for r in iter_route_contexts(app.routes) if "GET" in (r.methods or ())]
        for routectx in routes:
            route = routectx
            name = route.name
            allowed = app.state.rights.get(name)
            if allowed is None or Role.PARTNER in allowed:
                continue
            with Browser(app) as browser:
                if allowed != PUBLIC:
                    role = sorted(allowed)[0]
                    signed_in(browser, site, role=role, subject="李雷", merchant="书店" if role in MERCHANTS else "")
                path = route.path
                parts = re.findall(r"\{(\w+)[^}]*\}", path)
                import httpx

                q = httpx.QueryParams
                from urllib.parse import quote

                def go(p, params=None):
                    try:
                        r = browser.get(p, params=params or {})
                        code = r.status_code
                    except Exception as e:
                        code = repr(e)[:100]
                    if code not in range(200, 500):
                        bad.add((name, p[:60], str(params)[:60], code))

                import time

                t = time.time()
                n = 0
                base = path
                for part in parts:
                    base = re.sub(r"\{%s[^}]*\}" % part, "7", base)
                for part in parts:
                    for odd in ODD:
                        p = re.sub(r"\{%s[^}]*\}" % part, lambda m: quote(odd, safe=""), path)
                        for other in parts:
                            p = re.sub(r"\{%s[^}]*\}" % other, "7", p)
                        go(p)
                        n += 1
                declared = (
                    [f.alias for f in route.original_route.dependant.query_params]
                    if hasattr(route, "original_route") and hasattr(route.original_route, "dependant")
                    else []
                )
                for query in (*declared, *READ.get(name, ())):
                    for odd in ODD:
                        if "." in base and "{table}" in path:
                            base = path.replace("{table}", "outcomes")
                        more = {"label": "x"} if "around" in name and query != "label" else {}
                        if "around" in name:
                            more["kind"] = "customer"
                        if name == "desk.feed_news":
                            more["after"] = "0"
                        go(base, {**more, query: odd})
                        n += 1
                print(name, n, declared, round(time.time() - t, 2))
    for b in sorted(bad, key=str):
        print("BAD", b)
    assert not bad
