"""What surrounds every request: headers, bounds, ids, problems in the right form, and no route without its row of rights."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from honghua.base.clock import FixedClock
from honghua.store.database import Database
from honghua.web.app import build_app
from honghua.web.ground import Site
from honghua.web.tests.doors import NOON, Browser, make_site


@pytest.fixture(scope="module")
def site(module_database: Database) -> Iterator[Site]:
    with make_site(module_database, clock=FixedClock(NOON), address="https://honghua.example") as made:
        yield made


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:
    with Browser(build_app(site, consoles=("ui", "signin", "api")), address=site.address) as made:
        yield made


def test_every_answer_carries_the_security_headers_and_an_id(browser):
    for path in ("/v1/openapi.json", "/nowhere", "/v1/business-day", "/signin"):
        headers = browser.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["strict-transport-security"].startswith("max-age=")
        assert headers["x-request-id"]
        assert "no-store" in headers["cache-control"]


def test_a_browser_sees_a_page_and_a_program_a_problem(browser):
    page = browser.get("/nowhere")
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    problem = browser.get("/v1/nowhere", headers={"accept": "application/json"})
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["code"] == "ROUTE_UNKNOWN"
    assert problem.json()["request_id"] == problem.headers["x-request-id"]


def test_what_is_too_large_is_turned_away_before_it_is_read(browser):
    large = browser.post("/v1/purchases", content=b"x" * 300_000)
    assert (large.status_code, large.json()["code"]) == (413, "BODY_TOO_LARGE")

    async def pieces() -> Any:
        for _ in range(40):
            yield b"x" * 10_000

    unsized = browser.request("POST", "/v1/purchases", content=pieces())
    assert (unsized.status_code, unsized.json()["code"]) == (413, "BODY_TOO_LARGE")
    long = browser.get("/v1/problems?x=" + "y" * 9_000)
    assert (long.status_code, long.json()["code"]) == (414, "TARGET_TOO_LONG")


def test_a_bug_is_told_as_one_without_its_words_and_noted_with_its_place(site, caplog):
    app = build_app(site, consoles=("ui", "api"))

    async def buggy(customer: str) -> None:
        raise KeyError(customer)

    app.add_api_route("/v1/buggy", buggy, name="v1.problems")
    with Browser(app, accept="application/json") as browser, caplog.at_level(logging.INFO, "honghua.web"):
        answer = browser.get("/v1/buggy?customer=secret-name")
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert "secret-name" not in answer.text
    noted = caplog.text
    assert answer.headers["x-request-id"] in noted
    assert "test_app.py" in noted
    assert "secret-name" not in noted


def test_every_route_has_a_name_of_its_own_and_a_row_of_rights(browser):
    app: Any = browser.app
    names = [route.name for route in iter_route_contexts(app.routes)]
    assert len(names) == len(set(names))
    assert set(names) == set(app.state.rights)


def test_a_database_that_is_gone_is_told_as_such_also_where_the_guard_meets_it(module_database):
    with (
        make_site(module_database, clock=FixedClock(NOON)) as site,
        Browser(build_app(site, consoles=("ui", "api")), accept="application/json") as browser,
    ):
        site.pool.close()
        answer = browser.get("/v1/business-day", headers={"honghua-key": "x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "WORLD_FAILED")
    assert answer.headers["retry-after"]
