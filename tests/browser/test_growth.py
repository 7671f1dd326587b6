"""How a limit grows, in real Chromium: the rules, an offer that is agreed to, a coupon that is taken; in both languages."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import expect

from honghua.credit import api as credit
from honghua.limits import api as limits
from honghua.limits.core import Moment, Scope
from honghua.web.roles import Role
from tests.browser.conftest import PHONE, watching

ME = "韩梅梅"


@pytest.fixture
def eye(chromium, town, shots):
    town.add_customer(ME, "13900139000")
    with town.site.pool.connection() as conn, conn.transaction():
        today, now = credit.get_business_day(conn), town.clock.now()
        limits.assess(conn, ME, ceiling_minor=30_000_00, reason="APPLICATION", lenders=1.0, now=now)
        limits.offer_raise(conn, ME, 12_000_00, key="raise", rulebook="r", at=Moment(on=today, now=now))
        wanted = limits.Wanted(
            key="coupon", customer=ME, scope=Scope("家电节", categories=("appliances",)), amount_minor=800_00, from_on=today,
            until_on=today + dt.timedelta(days=9), taken_minor=10_000_00, coupon="spring",
        )  # fmt: skip
        limits.give(conn, wanted, now=now)
    name, token = town.begin_session(Role.CUSTOMER, ME)
    with watching(chromium, town, {name: token}, viewport=PHONE, shots=shots) as watched:
        yield watched


def test_a_raise_is_agreed_to_and_a_coupon_taken(eye):
    page = eye.page
    eye.go("/my")
    page.get_by_text("1 个额度优惠待确认").click()
    expect(page.get_by_role("heading", name="提额规则")).to_be_visible()
    eye.shoot("customer-growth")
    page.get_by_role("button", name="同意提额").click()
    expect(page.get_by_text("额度已调整")).to_be_visible()
    page.get_by_role("button", name="领取").click()
    expect(page.get_by_text("已领取")).to_be_visible()
    expect(page.get_by_role("button", name="领取")).to_have_count(0)
    eye.go("/preferences?language=en&back=/my/growth")
    expect(page.get_by_role("heading", name="Rules of growth")).to_be_visible()
    eye.shoot("customer-growth-en")
