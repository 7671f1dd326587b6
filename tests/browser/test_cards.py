"""Paying with a bank card in Chromium: the choice beside credit, the acquirer's answer, the dispute; every page seen by axe."""

from __future__ import annotations

from playwright.sync_api import expect

from honghua.web.cards.fake import FakeAcquirer
from honghua.web.roles import Role
from tests.browser.conftest import PHONE, watching

ME = "韩梅"


def test_an_order_is_paid_with_a_card_and_disputed(chromium, town, shots):
    town.app.state.cards = bank = FakeAcquirer(1)
    town.add_customer(ME, "13800138111")
    name, token = town.begin_session(Role.CUSTOMER, ME)
    try:
        with watching(chromium, town, {name: token}, viewport=PHONE, shots=shots) as eye:
            page = eye.page
            eye.go(town.make_link(80_00))
            eye.shoot("customer-checkout-card")
            page.get_by_role("button", name="用银行卡支付").click()
            expect(page.get_by_role("link", name="去付款")).to_be_visible()
            eye.shoot("customer-card-waiting")
            (key,) = bank.payments
            bank.choose(key, pays=True)
            eye.go(f"/my/cards/{key}")
            expect(page.get_by_text("尾号 4242")).to_be_visible()
            page.get_by_role("button", name="这不是我买的").click()
            expect(page.get_by_text("银行正在处理争议").first).to_be_visible()
            eye.shoot("customer-card-disputed")
            eye.go("/my/cards")
            eye.shoot("customer-cards")
    finally:
        town.app.state.cards = None
