"""Every route × every role, through the real guard, sessions and table of rights: who may not is told so before the route hears of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import iter_route_contexts
from starlette.responses import PlainTextResponse

from honghua.base.clock import FixedClock
from honghua.store.database import Database
from honghua.web.app import build_app
from honghua.web.ground import Site
from honghua.web.guard import SAFE_METHODS, Guard
from honghua.web.roles import SIGNED_IN, SIGNING, Role
from honghua.web.tests.doors import NOON, Browser, make_site, signed_in

ROLES = sorted(SIGNED_IN)
OWN_DOORS = ("signin.", "ui.")  # one's own sign-in, devices and way of reading: everybody's, auditors' too
LOOKS = {"desk.records_look"}  # an auditor looks by a form, which writes down that somebody looked, and nothing else
# What an administrator may call beside what is open to anybody: users, the log of the doors, and their own sign-in.
ADMINISTRATION = ("signin.",)
REACHED = "the route was reached"


@pytest.fixture(scope="module")
def site(module_database: Database) -> Iterator[Site]:
    with make_site(module_database, clock=FixedClock(NOON)) as made:
        yield made


@pytest.fixture(scope="module")
def app(site):
    return build_app(site)


@pytest.fixture(scope="module")
def routes(app):
    """(name, method, a path that matches) of every route."""
    found = []
    for route in iter_route_contexts(app.routes):
        path = re.sub(r"\{\w+(?::\w+)?\}", "1", route.path or "")
        found += [(route.name, method, path) for method in sorted((route.methods or {"GET"}) - {"HEAD"})]
    return found


@pytest.fixture(scope="module")
def browsers(site, app) -> Iterator[dict[Role, Browser]]:
    """A browser for each role, before an application that says only whether the guard let the request through."""

    async def probe(scope, receive, send):
        await PlainTextResponse(REACHED)(scope, receive, send)

    guarded = Guard(probe, site, app.state.rights, lambda: app.routes)
    made = {Role.ANYONE: Browser(guarded), **{role: Browser(guarded) for role in ROLES}}
    for role in ROLES:
        signed_in(made[role], site, role=role, subject=f"somebody-{role}", merchant="m" if "merchant" in role else "")
    made[Role.ANYONE].get("/signin")
    yield made
    for browser in made.values():
        browser.close()


def test_every_route_has_a_row_and_every_row_a_route(app, routes):
    names = [name for name, _, _ in routes]
    assert not set(names) - set(app.state.rights), "routes without a row"
    assert not set(app.state.rights) - set(names), "rows without a route"


def test_every_name_is_one_routes(app):
    seen: dict[str | None, str | None] = {}
    for route in iter_route_contexts(app.routes):
        assert seen.setdefault(route.name, route.path) == route.path, f"two routes are called {route.name}"


def test_every_role_reaches_what_its_row_says_and_nothing_else(site, app, routes, browsers):
    wrong = []
    for name, method, path in routes:
        allowed = app.state.rights[name]
        if allowed & SIGNING:
            continue
        for role, browser in browsers.items():
            headers = {} if method in SAFE_METHODS else {"x-csrf-token": browser.csrf(site)}
            answer = browser.request(method, path, headers=headers)
            may = Role.ANYONE in allowed or role in allowed
            told = answer.status_code == 303 if role is Role.ANYONE else answer.status_code == 403
            if (answer.text == REACHED) != may or (not may and not told):
                wrong.append((name, method, role, answer.status_code))
    assert wrong == []


def test_no_session_opens_what_partners_sign(routes, app, browsers):
    for name, method, path in routes:
        if app.state.rights[name] & SIGNING:
            for role in (Role.ANYONE, Role.OPERATIONS):
                assert browsers[role].request(method, path).status_code == 401, name


def test_no_unsafe_request_passes_without_its_form_token(site, routes, app, browsers):
    for name, method, path in routes:
        allowed = app.state.rights[name]
        if method in SAFE_METHODS or allowed & SIGNING:
            continue
        role = Role.ANYONE if Role.ANYONE in allowed else min(allowed)
        assert browsers[role].request(method, path).status_code == 403, name


def test_an_auditor_changes_nothing(routes, app):
    changing = [
        name
        for name, method, _ in routes
        if method not in SAFE_METHODS
        and Role.AUDITOR in app.state.rights[name]
        and not name.startswith(OWN_DOORS)
        and name not in LOOKS
    ]
    assert changing == []


def test_an_administrator_sees_no_business_data(app):
    seen = [
        name
        for name, allowed in app.state.rights.items()
        if Role.ADMINISTRATOR in allowed and not name.startswith(ADMINISTRATION)
    ]
    assert seen == []


def test_customers_and_merchants_never_reach_the_desk_nor_staff_their_pages(app):
    for name, allowed in app.state.rights.items():
        if name.startswith("desk."):
            assert not allowed - (SIGNED_IN - {Role.CUSTOMER, Role.MERCHANT_OWNER, Role.MERCHANT_STAFF}), name
        if name.startswith("consumer."):
            assert not allowed - {Role.CUSTOMER, Role.ANYONE}, name
