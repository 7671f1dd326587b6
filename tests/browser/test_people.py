"""What machines could not settle: care says where a disputed payment's money is, operations confirms, the books follow."""

from __future__ import annotations

from playwright.sync_api import expect

from honghua.credit import api as credit
from honghua.web.desk.tests.test_human import ME, pay
from honghua.web.payments.states import Status
from honghua.web.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, watching
from tests.browser.test_desk import buy, staff

OWED = 100_00
FOUND = 39_00


def test_a_disputed_payment_is_settled_by_two_people(chromium, town, shots):
    town.add_customer(ME, "13800138000")
    assert buy(town, ME, OWED, "o1")["outcome"] == "approved"
    pay(town.site, (1, Status.PAID, FOUND))
    with watching(chromium, town, staff(town, Role.CARE, "carl"), viewport=PHONE, shots=shots) as eye:
        page = eye.page
        eye.go("/desk/payments")
        expect(page.get_by_text("AMOUNT_DIFFERS").first).to_be_visible()
        eye.shoot("desk-payments")
        page.get_by_label("钱已到账").check()
        page.get_by_label("核实的金额").fill("39")
        page.get_by_label("理由(会被保存)").fill("银行对账单")
        page.get_by_role("button", name="交另一人确认").click()
        expect(page.get_by_role("status")).to_contain_text("等待另一人确认")
        expect(page.get_by_role("button", name="确认", exact=True)).to_have_count(0)
    with watching(chromium, town, staff(town, Role.OPERATIONS, "olga"), viewport=DESKTOP, shots=shots) as eye:
        page = eye.page
        eye.go("/desk/")
        page.get_by_role("link", name="1 笔存疑付款").click()
        expect(page.get_by_placeholder("理由(会被保存)")).to_be_visible()
        eye.shoot("desk-payments-asked")
        page.get_by_placeholder("理由(会被保存)").fill("与对账单一致")
        page.get_by_role("button", name="确认", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("已确认并处理")
        expect(page.get_by_text("没有等待处理的付款")).to_be_visible()
        eye.shoot("desk-payments-settled")
    with town.site.pool.connection() as conn:
        view = credit.find_account_view(conn, town.site.registry, ME)
    assert view is not None
    assert view.owed_minor == OWED - FOUND
