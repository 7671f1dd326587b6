"""How tests of customers' pages walk: one demonstration site for a file of tests, a customer of their own for each; forms are read off
the pages that they stand on."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape

import httpx
from fastapi import FastAPI

from honghua.base.clock import FixedClock
from honghua.bureau import api as bureau
from honghua.customers import api as customers
from honghua.customers.core import find_check_digit
from honghua.customers.facing.api import FakeFaceService
from honghua.customers.materials import api as materials
from honghua.merchants.api import FakePayoutBank
from honghua.store.database import Database
from honghua.web.app import build_app
from honghua.web.consumer.evidence.ports import MaterialPorts
from honghua.web.consumer.joining.ports import JoiningPorts
from honghua.web.ground import Site
from honghua.web.roles import Role
from honghua.web.tests.doors import NOON, Browser, make_site, open_account, signed_in

NATIONAL_ID = "11010519900307123" + find_check_digit("11010519900307123")  # of nobody
CARD = "6222021234567890123"


@dataclass
class House:
    """A site with its application, where customers come in."""

    site: Site
    app: FastAPI
    clock: FixedClock
    numbers: Iterator[int] = field(default_factory=itertools.count)


@dataclass
class Walk:
    """One customer's browser."""

    name: str
    site: Site
    browser: Browser
    clock: FixedClock

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

    def film(self, aim: str, *, invented: str = "right", **fields: str) -> str:
        """Agree, get digits and send an invented film that says them, or others; the page after it."""
        begun = self.send(f"/my/face/{aim}", agreed="yes")
        path = begun.headers["location"]
        page = self.get(path)
        return self.follow(self.send(path, invented=invented, version=hidden(page, "version"), **fields))

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
def open_house(database: Database, *, is_demo: bool = True) -> Iterator[House]:
    """A site with nobody in it."""
    clock = FixedClock(NOON)
    with make_site(database, clock=clock, is_demo=is_demo) as site:
        with site.pool.connection() as conn, conn.transaction():
            customers.publish_texts(conn, now=NOON)
        app = build_app(site)
        if is_demo:
            app.state.joining = make_ports(clock)
            app.state.materials = make_material_ports(clock)
        yield House(site, app, clock)


def make_ports(clock: FixedClock) -> JoiningPorts:
    """Fakes that say so: the identity service believes everybody, the bureau knows one person well."""
    today = clock.now().date()
    digest = hashlib.sha256(NATIONAL_ID.encode()).digest()
    known = bureau.Exposure(
        as_of=today, lenders=1, accounts=1, limit_minor=1_000_000, balance_minor=200_000, monthly_due_minor=50_000, overdue_accounts=0,
        overdue_minor=0, worst_status=0, worst_class=1, inquiries_90d=0, inquiries_6m=1,
    )  # fmt: skip
    return JoiningPorts(
        identity=customers.FakeIdentityProvider(1),
        bureau=bureau.FakeBureau(1, lambda: clock.now().date(), known={digest: known}),
        bank=FakePayoutBank(1),
        face=FakeFaceService(1),
    )


def make_material_ports(clock: FixedClock) -> MaterialPorts:
    """A source and a reader that are none: one person's payroll is known, everything else is invented."""
    known = {(NATIONAL_ID, "payroll"): {"income_minor": 2_000_000}}
    source = materials.FakeMaterialSource(1, lambda: clock.now().date(), known=known)
    return MaterialPorts(source=source, reader=materials.FakeDocumentReader(1))


@contextmanager
def walk(house: House, *, limit_minor: int = 10_000_00, has_account: bool = True) -> Iterator[Walk]:
    """A customer nobody has met, registered by phone, signed in, with an account unless told otherwise."""
    site, number = house.site, next(house.numbers)
    name = f"客户{number}"
    vault = site.vault
    with site.pool.connection() as conn, conn.transaction():
        customers.register(conn, vault, f"138{number:08d}", now=house.clock.now(), customer=name)
    if has_account:
        open_account(site, name, limit_minor=limit_minor)
    with Browser(house.app) as browser:
        signed_in(browser, site, role=Role.CUSTOMER, subject=name)
        yield Walk(name, site, browser, house.clock)
