"""Every answer that an order may get, as the customer meets it: warned and delayed, reviewed, less, more limit, refused."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import expect

from honghua.web.roles import Role
from tests.browser.conftest import PHONE, watching

ME = "韩梅梅"
DELAYED, REVIEWED, REFUSED, EXTRA, LESS = 222_22, 333_33, 444_44, 10_555_55, 12_000_00


@pytest.fixture
def eye(chromium, town, shots):
    town.add_customer(ME, "13900139000")
    name, token = town.begin_session(Role.CUSTOMER, ME)
    with watching(chromium, town, {name: token}, viewport=PHONE, shots=shots) as watched:
        yield watched


def pay(eye, amount_minor: int, *, accepts_less: bool = False) -> None:
    """Take a payment link to its end, with the next bill."""
    eye.go(eye.town.make_link(amount_minor, accepts_less=accepts_less))
    eye.page.locator('input[name="plan"][value="0"]').check()
    eye.page.get_by_role("button", name="下一步").click()
    eye.page.get_by_role("checkbox").check()
    eye.page.locator("button[data-after-reading]").click()


def test_a_payment_that_may_be_a_scam_waits_and_is_confirmed_later(eye, town):
    page = eye.page
    pay(eye, DELAYED)
    expect(page.get_by_role("heading", name="这笔付款可能是骗局")).to_be_visible()
    expect(page.get_by_text("请拨打 96110")).to_be_visible()
    expect(page.get_by_role("button", name="仍要支付")).to_have_count(0)
    eye.shoot("customer-delayed")
    eye.go("/my")
    expect(page.get_by_role("link", name="这笔付款可能是骗局")).to_be_visible()
    town.clock.advance(dt.timedelta(minutes=29))
    page.reload()
    town.clock.advance(dt.timedelta(minutes=29))
    page.reload()
    town.clock.advance(dt.timedelta(minutes=3))
    page.get_by_role("link", name="这笔付款可能是骗局").click()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="仍要支付").click()
    expect(page.get_by_role("heading", name="付款成功")).to_be_visible()


@pytest.mark.parametrize("approve", [True, False])
def test_a_payment_under_review_goes_on_when_a_person_has_approved_it(eye, town, approve):
    page = eye.page
    pay(eye, REVIEWED)
    expect(page.get_by_role("heading", name="正在人工审核")).to_be_visible()
    eye.shoot("customer-review")
    assert town.settle_reviews(approve=approve) == 1
    page.reload()
    if not approve:
        expect(page.get_by_text("人工审核没有通过")).to_be_visible()
        return
    page.get_by_role("button", name="支付 ¥333.33").click()
    expect(page.get_by_role("heading", name="付款成功")).to_be_visible()


def test_refused_more_and_less(eye):
    page = eye.page
    pay(eye, REFUSED)
    expect(page.get_by_text("为保护您的资金安全,这笔支付未能通过")).to_be_visible()
    expect(page.get_by_text("请申请人工复核")).to_be_visible()

    pay(eye, LESS)
    expect(page.get_by_role("heading", name="可以支付其中一部分")).to_be_visible()
    expect(page.get_by_text("可用信用支付 ¥10,000.00")).to_be_visible()
    eye.shoot("customer-less")

    pay(eye, EXTRA)
    expect(page.get_by_role("heading", name="付款成功")).to_be_visible()
    expect(page.get_by_text("已为这笔订单临时增加 ¥555.55 额度")).to_be_visible()
    eye.shoot("customer-temporary")
    eye.go("/my/limit")
    expect(page.get_by_text("¥555.55").first).to_be_visible()
    eye.shoot("customer-limit-temporary")


def test_a_shop_that_takes_a_part_gets_it_when_the_customer_says_so(eye):
    page = eye.page
    pay(eye, LESS, accepts_less=True)
    expect(page.get_by_text("现在用信用支付 ¥10,000.00,其余 ¥2,000.00")).to_be_visible()
    page.get_by_role("link", name="查看用信用支付 ¥10,000.00 的方式").click()
    expect(page.locator('input[name="plan"]:checked')).to_have_count(0)
    eye.shoot("customer-part")
    page.locator('input[name="plan"][value="0"]').check()
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_text("¥2,000.00")).to_be_visible()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="支付 ¥10,000.00").click()
    expect(page.get_by_role("heading", name="付款成功")).to_be_visible()
    expect(page.get_by_text("其余 ¥2,000.00 请用其他方式付给商家")).to_be_visible()
    eye.shoot("customer-part-paid")


def test_a_wrong_code_is_said_at_the_field(eye, town):
    page = eye.page
    pay(eye, 459_900)
    town.send_codes()
    page.get_by_label("验证码").fill("000 000")
    eye.troubles.clear()
    page.get_by_role("button", name="验证并支付").click()
    expect(page.get_by_text("验证未通过")).to_be_visible()
    expect(page.get_by_text("还可以试 4 次")).to_be_visible()
    # A form that came back with something wrong is a 422, which Chromium writes on its console.
    assert all("422" in trouble for trouble in eye.troubles)
    eye.troubles.clear()
    eye.shoot("customer-wrong-code")
