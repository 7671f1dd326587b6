"""How tests come in: a site over a scratch database, a browser of their own, a real session for any role.

    with make_site(database, clock=clock) as site:
        browser = Browser(build_app(site))
        signed_in(browser, site, role=Role.CUSTOMER, subject="李雷")
        page = browser.get("/my/bill")
        browser.post("/my/repay", data={"csrf": browser.csrf(site), "amount": "12.30"})

Everything is real: the tables, the guard, cookies, form tokens. Only the network is left out.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import httpx
import psycopg
from fastapi import FastAPI
from psycopg_pool import ConnectionPool
from starlette.types import ASGIApp

from honghua.base.clock import Clock, FixedClock
from honghua.credit.api import Registry, open_registry, start_book
from honghua.credit.core import Command, OpenAccount
from honghua.credit.core.commands import BuyNow
from honghua.credit.jobs import Prover
from honghua.store.arrays import register
from honghua.store.database import Database, run_unit
from honghua.web.answers import install_handlers, refuse
from honghua.web.ground import Site
from honghua.web.guard import Guard
from honghua.web.hot.local import LocalBooker
from honghua.web.keyring import Secrets
from honghua.web.rights import join_rights
from honghua.web.roles import Rights, Role
from honghua.web.signin import cookies, sessions
from honghua.web.ui.pages import install_pages

PATIENCE_S = 120.0  # setting up waits for its books however busy the machine is
NOON = dt.datetime(2026, 1, 1, 4, tzinfo=dt.UTC)  # noon in Shanghai, on the first business date of test books
ZONE = dt.timezone(dt.timedelta(hours=8))
KEYS = Secrets(session_key=b"s" * 32, index_key=b"i" * 32, field_keys={1: b"f" * 32})


@contextmanager
def make_site(
    database: Database,
    *,
    clock: Clock | None = None,
    address: str = "http://testserver",
    is_demo: bool = False,
    keys: Secrets = KEYS,
    prover: Prover | None = None,
) -> Iterator[Site]:
    """A site on a database of the test's own, its book begun on the clock's day."""
    clock = clock or FixedClock(NOON)
    pool = ConnectionPool(
        database.dsn, min_size=1, max_size=4, kwargs={"autocommit": True}, configure=register, open=True
    )

    def attach(conn: psycopg.Connection) -> Registry:
        made = open_registry(conn)
        made.prover = prover
        return made

    with pool:
        with pool.connection() as conn:
            start_book(conn, day=clock.now().astimezone(ZONE).date())
            registry = open_registry(conn)
        with LocalBooker(database, clock=clock, attach=attach) as booker:
            yield Site(
                pool=pool, booker=booker, clock=clock, registry=registry, secrets=keys, zone=ZONE, is_demo=is_demo,
                address=address,
            )  # fmt: skip


def build_part(site: Site, *consoles: str) -> FastAPI:
    """`build_app` with some consoles only, `ui` and `signin` always: for tests of what they alone do."""
    app = FastAPI(openapi_url=None)
    app.state.site = site
    tables: list[Rights] = []
    words: dict[str, tuple[str, str]] = {}
    for console in dict.fromkeys(("ui", "signin", *consoles)):
        routes, rights, said = (
            import_module(f"honghua.web.{console}.{part}") for part in ("routes", "rights", "words")
        )
        app.include_router(routes.router)
        if hasattr(routes, "install"):
            routes.install(app, site)
        tables.append(rights.RIGHTS)
        words |= said.WORDS
    install_pages(app, site, site.brand.fill(words))
    install_handlers(app)
    rights_of_all = join_rights(tables)
    app.state.rights = rights_of_all
    app.add_middleware(Guard, site=site, rights=rights_of_all, routes=lambda: app.routes, refuse=refuse)
    return app


class Browser:
    """A client that keeps cookies and one event loop, and does not follow redirects unless told to."""

    def __init__(self, app: ASGIApp, *, address: str = "http://testserver", accept: str = "text/html") -> None:
        self.app, self.address = app, address
        self.runner = asyncio.Runner()
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=address, headers={"accept": accept}
        )

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.runner.run(self.client.aclose())
        self.runner.close()

    @property
    def cookies(self) -> httpx.Cookies:
        return self.client.cookies

    def request(self, method: str, path: str, **values: Any) -> httpx.Response:
        return self.runner.run(self.client.request(method, path, **values))

    def get(self, path: str, **values: Any) -> httpx.Response:
        return self.request("GET", path, **values)

    def post(self, path: str, **values: Any) -> httpx.Response:
        return self.request("POST", path, **values)

    def csrf(self, site: Site) -> str:
        """The form token of whoever this browser is now."""
        for kind in (cookies.SESSION, cookies.VISIT):
            carried = self.client.cookies.get(cookies.cookie_name(kind, site.address))
            if carried:
                return cookies.derive_form_token(site.secrets.session_key, carried)
        raise AssertionError("no page has been loaded yet: there is no cookie")

    def send(self, site: Site, path: str, /, **fields: Any) -> httpx.Response:
        """Post a form with the right form token."""
        return self.post(path, data={**fields, "csrf": self.csrf(site)})


def signed_in(browser: Browser, site: Site, *, role: Role, subject: str, merchant: str = "") -> sessions.Begun:
    """Sign a browser in by a session as sign-in makes them."""
    person = sessions.Person(subject=subject, roles=frozenset({role}), display_name=subject, merchant=merchant)
    with site.pool.connection() as conn:
        begun = run_unit(
            conn, lambda c: sessions.begin_session(c, person, sessions.Device("test", "-"), now=site.clock.now())
        )
    browser.cookies.set(cookies.cookie_name(cookies.SESSION, site.address), begun.token)
    return begun


def book(site: Site, commands: Sequence[Command]) -> list[dict[str, Any]]:
    """Submit commands; every one must be done."""
    answers = asyncio.run(site.booker.submit(commands, seconds_max=PATIENCE_S))
    for answer in answers:
        assert answer["outcome"] in ("done", "approved"), answer
    return answers


def open_account(site: Site, customer: str, *, limit_minor: int = 10_000_00) -> None:
    """A customer with a limit."""
    book(site, [OpenAccount(key=f"open:{customer}", customer=customer, limit_minor=limit_minor)])


def buy(site: Site, customer: str, amounts: Sequence[int], *, merchant: str = "书店") -> list[dict[str, Any]]:
    """Purchases of these amounts, each an order of its own."""
    mark = secrets.token_hex(4)
    commands = [
        BuyNow(
            key=f"buy:{mark}:{i}", customer=customer, amount_minor=amount, merchant=merchant, order=f"o-{mark}-{i}",
            category="books",
        )
        for i, amount in enumerate(amounts)
    ]  # fmt: skip
    return book(site, commands)
