"""Lenders that a contract does not name: offered with their names, read, signed by a customer in Chromium (R-234)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from playwright.sync_api import expect

from honghua.funding import api as funding
from honghua.funding.core import parse_routings
from honghua.web.consumer.tests.walking import make_ports
from honghua.web.roles import Role
from tests.browser.conftest import PHONE, watching
from tests.browser.test_opening import become_customer

ME = "新人"


def test_a_supplement_names_them_before_anybody_agrees(chromium, town, shots):
    town.app.state.joining = make_ports(town.clock)
    town.add_customer(ME, "13700137000", limit_minor=0)
    with watching(chromium, town, {}, viewport=PHONE, shots=shots) as eye:
        page = eye.page
        become_customer(eye, town.begin_session(Role.CUSTOMER, ME), lambda _: None)
        route = {"channel": "joint-three", "share_ppm": 1_000_000, "quota_day_minor": 10**9, "named_in": "supplement"}
        rows = [{"effective_on": dt.date(2026, 1, 1), "source": "test", "route": [route]}]
        routings = parse_routings(rows, channels=funding.load_book().channels, source="test")
        town.app.state.joining = replace(town.app.state.joining, routings=routings)
        eye.go("/my/lenders")
        expect(page.get_by_text("目前不能为您出资")).to_be_visible()
        eye.shoot("customer-lenders-offer")
        page.get_by_role("button", name="阅读补充协议").click()
        button = page.get_by_role("button", name="签署补充协议")
        expect(button).to_be_disabled()
        for one in funding.name_lenders("joint-three"):
            expect(page.get_by_text(one.name).first).to_be_visible()
        eye.shoot("customer-supplement")
        town.clock.advance(dt.timedelta(seconds=10))
        page.reload()
        page.get_by_role("checkbox").check()
        button.click()
        expect(page.get_by_text("补充协议已签署")).to_be_visible()
        eye.shoot("customer-lenders-named")
