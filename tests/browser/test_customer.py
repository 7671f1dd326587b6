"""A customer's way through Chromium: buy → refuse → step-up → approve → bill → instalment → early settlement → refund."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from playwright.sync_api import expect

from honghua.credit import core as c
from honghua.web.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, watching

ME = "李雷"
PAGES = (
    "/my", "/my/limit", "/my/bills", "/my/repay", "/my/sources", "/my/split", "/my/plans", "/my/days?cut=5&due=15", "/my/purchases",
    "/my/code", "/shop", "/my/settings", "/my/consents", "/my/data", "/my/help", "/signin/devices", "/signin/outbox",
    "/my/growth", "/my/lenders", "/my/business", "/my/evidence", "/my/complaints", "/my/bureau", "/my/profile", "/my/device",
)  # fmt: skip
KB_MAX = 300


@pytest.fixture
def customer(town):
    town.add_customer(ME, "13800138000")
    return town.begin_session(Role.CUSTOMER, ME)


def take(eye, goods: str, plan: str, *, shot: str = "") -> None:
    """From the shelf to the contract, with this many instalments."""
    eye.go("/shop")
    eye.page.get_by_role("button", name=re.compile(goods)).click()
    radios = eye.page.get_by_role("radio")
    assert not any(radios.nth(i).is_checked() for i in range(radios.count())), "credit is never chosen ahead"
    eye.page.locator(f'input[name="plan"][value="{plan}"]').check()
    if shot:
        eye.shoot(shot)
        expect(eye.page.locator(".cost:visible")).to_have_count(1)  # the whole cost of what was chosen, in plain sight
    eye.page.get_by_role("button", name="下一步").click()


def sign(eye, town, *, wait_s: int = 0) -> None:
    """Read for so long, agree, sign."""
    button = eye.page.locator("button[data-after-reading]")
    expect(button).to_be_visible()  # who reads has the page before them: its clock runs from then on
    town.clock.advance(dt.timedelta(seconds=wait_s))
    if wait_s:
        eye.page.reload()
    eye.page.get_by_role("checkbox").check()
    button.click()


def test_from_the_first_purchase_to_the_refund(chromium, town, customer, shots):
    name, token = customer
    with watching(chromium, town, {name: token}, viewport=PHONE, shots=shots) as eye:
        page = eye.page
        eye.go("/my")
        eye.shoot("customer-home-empty")

        take(eye, "龙井茶", "0")
        eye.shoot("customer-confirm")
        sign(eye, town)
        expect(page.get_by_role("heading", name="付款成功")).to_be_visible()
        eye.shoot("customer-paid")

        take(eye, "电钢琴", "0")
        sign(eye, town)
        expect(page.get_by_role("heading", name="这笔没有成功")).to_be_visible()
        expect(page.get_by_text("可用额度不足以支付这笔订单")).to_be_visible()
        expect(page.get_by_role("link", name="请真人处理")).to_be_visible()
        eye.shoot("customer-refused")

        take(eye, "手机", "6", shot="customer-checkout")
        eye.shoot("customer-contract")
        expect(page.locator("button[data-after-reading]")).to_be_disabled()
        sign(eye, town, wait_s=10)
        expect(page.get_by_role("heading", name="需要验证是您本人")).to_be_visible()
        eye.shoot("customer-step-up")
        (code,) = town.send_codes()
        page.get_by_label("验证码").fill(code)
        page.get_by_role("button", name="验证并支付").click()
        expect(page.get_by_role("heading", name="付款成功")).to_be_visible()

        live_on_with_the_bill(eye, town)


def live_on_with_the_bill(eye, town) -> None:
    """The bill comes: it is split, one plan is settled early, what was bought goes back."""
    page = eye.page
    town.pass_until(dt.date(2026, 7, 2))
    name, token = town.begin_session(Role.CUSTOMER, ME)
    eye.context.add_cookies([{"name": name, "value": token, "url": town.address}])
    eye.go("/my")
    eye.shoot("customer-home")
    eye.go("/my/bills")
    page.locator("a[href^='/my/bills/']").first.click()
    expect(page.get_by_text("红花小店").first).to_be_visible()
    eye.shoot("customer-bill")

    eye.go("/my/split")
    page.locator('input[name="plan"][value="3"]').check()
    eye.shoot("customer-split")
    page.get_by_role("button", name="下一步").click()
    sign(eye, town, wait_s=10)
    expect(page.get_by_role("heading", name="分期办理成功")).to_be_visible()

    eye.go("/my/plans")
    expect(page.get_by_role("link", name="查看")).to_have_count(2)
    eye.shoot("customer-plans")
    page.get_by_role("link", name="查看").first.click()
    eye.shoot("customer-settle")
    page.get_by_role("button", name="结清").click()
    expect(page.get_by_role("status")).to_contain_text("分期已结清")
    expect(page.get_by_role("link", name="查看")).to_have_count(1)

    eye.go("/shop")
    page.get_by_role("button", name="退货").first.click()
    expect(page.get_by_role("status")).to_contain_text("商家已退款")
    expect(page.get_by_text("已退款").first).to_be_visible()
    eye.shoot("customer-refund")


@pytest.mark.parametrize(
    ("look", "language", "large"),
    [("light", "zh", "0"), ("dark", "en", "0"), ("light", "en", "1")],
)
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_page_is_seen_by_axe(chromium, town, customer, shots, viewport, look, language, large):
    live_a_month(town)
    name, token = town.begin_session(Role.CUSTOMER, ME)
    cookies = {name: token, "honghua_language": language, "honghua_large": large}
    with watching(chromium, town, cookies, viewport=viewport, shots=shots, color_scheme=look) as eye:
        width = "phone" if viewport is PHONE else "desktop"
        for path in PAGES:
            eye.go(path)
            name = path.split("?")[0].strip("/").replace("/", "-")
            eye.shoot(f"{name}-{width}-{look}-{language}{'-large' if large == '1' else ''}")


def live_a_month(town) -> None:
    """Purchases, instalments, a bill, a repayment, a refund, a hold."""

    def buy(number: int, amount: int, merchant: str, **more: Any) -> int:
        command = c.BuyNow(
            key=f"b{number}", customer=ME, amount_minor=amount, merchant=merchant, order=f"o-{number}", category="goods", **more,
        )  # fmt: skip
        return int(str(town.book([command])[0]["purchase_id"]))

    buy(1, 128_00, "书店")
    buy(2, 1999_00, "电器城", instalments=c.Instalments(periods=6))
    town.pass_until(dt.date(2026, 7, 3))
    town.book([c.Repay(key="r1", customer=ME, amount_minor=100_00)])
    flowers = buy(3, 88_00, "花店")
    town.book([c.RefundPurchase(key="f1", customer=ME, purchase_id=flowers, amount_minor=30_00)])
    town.book([c.AuthorisePurchase(
        key="a1", customer=ME, amount_minor=450_00, merchant="酒店", order="h1", category="travel",
    )])  # fmt: skip


def test_the_first_load_is_small(chromium, town, customer, shots):
    name, token = customer
    with watching(chromium, town, {name: token}, viewport=PHONE, shots=shots) as eye:
        sizes: list[int] = []
        eye.page.on("response", lambda answer: sizes.append(len(answer.body())))
        eye.go("/my")
        eye.page.wait_for_load_state("networkidle")
        assert 0 < sum(sizes) < KB_MAX * 1024, sizes


def test_pages_work_without_script(chromium, town, customer, shots):
    name, token = customer
    with watching(chromium, town, {name: token}, viewport=PHONE, shots=shots, java_script_enabled=False) as eye:
        take(eye, "龙井茶", "3")
        town.clock.advance(dt.timedelta(seconds=10))
        eye.page.get_by_role("checkbox").check()
        eye.page.locator("button[data-after-reading]").click()
        expect(eye.page.get_by_role("heading", name="付款成功")).to_be_visible()
