"""A merchant's way through Chromium: sell, refund, start a campaign that a customer uses, and read the settlement to the cent."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.merchants import api as merchants
from honghua.merchants.core import Asked
from honghua.store.database import run_unit
from honghua.web.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, watching

SHOP, BUYER = "书店", "李雷"
PAGES = ("/merchant", "/merchant/orders", "/merchant/settlements", "/merchant/campaigns", "/merchant/campaigns/new")


@pytest.fixture
def owner(town):
    town.add_customer(BUYER, "13800138000")
    return town.begin_session(Role.MERCHANT_OWNER, "店主", merchant=SHOP)


def sell(town, order: str, amount_minor: int, **more) -> int:
    command = c.BuyNow(
        key=f"sell:{order}",
        customer=BUYER,
        amount_minor=amount_minor,
        merchant=SHOP,
        order=order,
        category="books",
        **more,
    )
    return int(str(town.book([command])[0]["purchase_id"]))


def follow(town) -> None:
    with town.site.pool.connection() as conn:
        merchants.catch_up_wholly(conn, now=town.clock.now())


def settle(town) -> None:
    with town.site.pool.connection() as conn:
        today = credit.get_business_day(conn)
        last = today - dt.timedelta(days=1)
        merchants.settle_closed_day(conn, last, business_on=today, currency="CNY", now=town.clock.now())
        merchants.pay_out(conn, merchants.FakePayoutBank(1), now=town.clock.now())


def buy_by_campaign(town, amount_minor: int) -> None:
    """As checkout does: the fee is kept free, then the purchase is booked under the same key."""
    asked = Asked(
        merchant=SHOP,
        customer=BUYER,
        category="books",
        amount_minor=amount_minor,
        at=town.clock.now(),
        zone=town.site.zone,
    )
    fee = town.site.registry.terms[max(town.site.registry.terms)].fee_minor(1, 3, amount_minor)
    with town.site.pool.connection() as conn:
        (offer,) = merchants.find_offers(conn, asked)
        assert run_unit(conn, lambda x: merchants.reserve(x, offer, asked, key="sell:c1", plan=(3, fee)))
    sell(town, "c1", amount_minor, instalments=c.Instalments(periods=3, payer=2, fee_minor=fee))


def test_from_the_first_sale_to_the_settlement(chromium, town, owner, shots):
    name, token = owner
    with watching(chromium, town, {name: token}, viewport=DESKTOP, shots=shots) as eye:
        page = eye.page
        eye.go("/merchant")
        eye.shoot("merchant-home-empty")
        sell(town, "book-1", 128_00)
        follow(town)
        eye.go("/merchant/orders")
        page.get_by_role("link", name="book-1").click()
        page.get_by_label(re.compile("退款金额")).fill("28")
        page.get_by_role("button", name="退款").click()
        expect(page.get_by_role("status")).to_contain_text("已退款 ¥28.00")
        follow(town)
        page.reload()
        expect(page.get_by_text("¥100.00").first).to_be_visible()
        eye.shoot("merchant-order")
        run_campaign(eye, town)
        read_settlement(eye, town)


def run_campaign(eye, town) -> None:
    """Start one, let a customer use it, pause it."""
    page = eye.page
    eye.go("/merchant/campaigns/new")
    page.get_by_label(re.compile("活动名称")).fill("开学季免息")
    page.get_by_role("checkbox", name="3 期").check()
    page.get_by_label(re.compile("开始时间")).fill("2026-06-20T00:00")
    page.get_by_label(re.compile("结束时间")).fill("2026-07-20T00:00")
    page.locator("input[name=budget]").fill("1,000")
    page.get_by_role("radio", name=re.compile("不留对照组")).check()
    eye.shoot("merchant-campaign-new")
    page.get_by_role("button", name="发起活动").click()
    expect(page.get_by_role("status")).to_contain_text("活动已发起")
    buy_by_campaign(town, 600_00)
    follow(town)
    page.reload()
    expect(page.get_by_text("已使用").first).to_be_visible()
    expect(page.get_by_role("link", name="订单").last).to_be_visible()
    eye.shoot("merchant-campaign")
    page.get_by_label(re.compile("原因")).fill("缺货")
    page.get_by_role("button", name="暂停").click()
    expect(page.get_by_text("已暂停").first).to_be_visible()


def read_settlement(eye, town) -> None:
    """The day closes; the statement adds up and is paid."""
    page = eye.page
    town.pass_until(dt.date(2026, 6, 21))
    settle(town)
    name, token = town.begin_session(
        Role.MERCHANT_OWNER, "店主", merchant=SHOP
    )  # a day later, the first one is too old
    eye.context.add_cookies([{"name": name, "value": token, "url": town.address}])
    eye.go("/merchant/settlements")
    expect(page.get_by_text("已付款")).to_be_visible()
    page.locator("a[href^='/merchant/settlements/']").first.click()
    expect(page.get_by_text("明细合计与结算单一致")).to_be_visible()
    eye.shoot("merchant-settlement")
    eye.go("/merchant")
    eye.shoot("merchant-home")


@pytest.mark.parametrize(("look", "language"), [("light", "zh"), ("dark", "en")])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_page_is_seen_by_axe(chromium, town, owner, shots, viewport, look, language):
    sell(town, "book-1", 128_00)
    follow(town)
    name, token = owner
    cookies = {name: token, "honghua_language": language}
    with watching(chromium, town, cookies, viewport=viewport, shots=shots, color_scheme=look) as eye:
        width = "phone" if viewport is PHONE else "desktop"
        for path in PAGES:
            eye.go(path)
            eye.shoot(f"{path.strip('/').replace('/', '-')}-{width}-{look}-{language}")
