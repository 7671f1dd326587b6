"""How tests of customers' pages walk: a demonstration site, one customer, forms read off the pages that they stand on."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape

import httpx

from honghua.base.clock import FixedClock
from honghua.credit.jobs import FakeProver
from honghua.customers import api as customers
from honghua.store.database import Database
from honghua.web.app import build_app
from honghua.web.ground import Site
from honghua.web.roles import Role
from honghua.web.tests.doors import NOON, Browser, make_site, open_account, signed_in

ME = "李雷"
PHONE = "13800138000"


@dataclass
class Walk:
    """One customer's browser on a site of their own."""

    site: Site
    browser: Browser
    clock: FixedClock
    prover: FakeProver

    def get(self, path: str) -> str:
        page = self.browser.get(path)
        assert page.status_code == 200, (path, page.status_code, page.headers.get("location"), page.text[-500:])
        return page.text

    def send(self, path: str, /, **fields: str) -> httpx.Response:
        return self.browser.send(self.site, path, **fields)

    def follow(self, answer: httpx.Response) -> str:
        """The page after a form, through every redirect."""
        for _ in range(5):
            if answer.status_code != 303:
                break
            answer = self.browser.get(answer.headers["location"])
        assert answer.status_code == 200, (answer.status_code, answer.text[-500:])
        return answer.text

    def sign(self, answer: httpx.Response, *, wait_s: int = 10) -> str:
        """Read the contract behind a redirect for so long, agree, and see what comes of it."""
        path = answer.headers["location"]
        self.get(path)
        self.clock.advance(dt.timedelta(seconds=wait_s))
        return self.follow(self.send(path, agreed="yes"))


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, f"no hidden field {name}"
    return unescape(found[1])


@contextmanager
def walk(database: Database, *, limit_minor: int = 10_000_00, has_account: bool = True) -> Iterator[Walk]:
    """A signed-in customer, registered by phone, with an account unless told otherwise."""
    clock, prover = FixedClock(NOON), FakeProver()
    with make_site(database, clock=clock, is_demo=True, prover=prover) as site, Browser(build_app(site)) as browser:
        vault = customers.Vault(site.secrets.field_keys, site.secrets.index_key)
        with site.pool.connection() as conn, conn.transaction():
            customers.publish_texts(conn, now=NOON)
            customers.register(conn, vault, PHONE, now=NOON, customer=ME)
        if has_account:
            open_account(site, ME, limit_minor=limit_minor)
        signed_in(browser, site, role=Role.CUSTOMER, subject=ME)
        yield Walk(site, browser, clock, prover)
