"""A coupon by hand: a strategist asks, operations grants, the customer takes it; nothing binds before that."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from honghua.limits import api as limits
from honghua.store.database import run_unit
from honghua.web.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, watching
from tests.browser.test_desk import staff

ME, OTHER = "李雷", "韩梅梅"


@pytest.fixture
def people(town):
    """One whom risk assessed with room above the limit, one who was never assessed."""
    for name, phone in ((ME, "13800138000"), (OTHER, "13800138001")):
        town.add_customer(name, phone, limit_minor=100_000)
    with town.site.pool.connection() as conn:
        run_unit(conn, lambda c: limits.assess(c, ME, 200_000, reason="APPLICATION", lenders=1, now=town.clock.now()))


def test_a_coupon_is_asked_for_granted_and_taken(chromium, town, people, shots):
    with watching(chromium, town, staff(town, Role.STRATEGIST, "ann"), viewport=PHONE, shots=shots) as eye:
        page = eye.page
        eye.go("/desk/giving")
        expect(page.get_by_text("没有等待批准的申请")).to_be_visible()
        eye.shoot("desk-giving-empty")
        page.locator("select[name=kind]").select_option("coupon")
        page.locator("textarea[name=customers]").fill(f"{ME}\n{OTHER}")
        page.locator("input[name=amount]").fill("500")
        page.locator("input[name=why]").last.fill("春季骑行")
        page.get_by_role("button", name="提出申请").click()
        expect(page.get_by_role("alert")).to_be_visible()  # a coupon needs its scene
        eye.shoot("desk-giving-wrong")
        assert all("422" in trouble for trouble in eye.troubles)
        eye.troubles.clear()
        page.locator("input[name=name]").fill("骑行")
        page.locator("input[name=until_on]").fill("2026-12-31")
        page.locator("textarea[name=categories]").fill("goods")
        page.get_by_role("button", name="提出申请").click()
        expect(page.get_by_role("status")).to_contain_text("等待另一人批准")
        expect(page.get_by_role("button", name="批准")).to_have_count(0)
    with watching(chromium, town, staff(town, Role.OPERATIONS, "olga"), viewport=DESKTOP, shots=shots) as eye:
        page = eye.page
        eye.go("/desk/giving")
        eye.shoot("desk-giving")
        page.get_by_placeholder("理由(会被保存)").fill("在上限之内")
        page.get_by_role("button", name="批准").click()
        expect(page.get_by_role("status")).to_contain_text("已发放给 1 位客户")
        expect(page.get_by_text("HEADROOM_SHORT")).to_be_visible()
        eye.shoot("desk-giving-granted")
    name, token = town.begin_session(Role.CUSTOMER, ME)
    with watching(chromium, town, {name: token}, viewport=PHONE, shots=shots) as eye:
        eye.go("/my/growth")
        expect(eye.page.get_by_text("骑行").first).to_be_visible()
        eye.shoot("customer-growth-coupon")
