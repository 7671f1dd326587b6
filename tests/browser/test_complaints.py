"""A complaint in Chromium: written by a customer, seen with its clock at the desk, opened, answered, and read by the customer."""

from __future__ import annotations

from playwright.sync_api import expect

from honghua.web.consumer.tests.test_complaining import SCRIPT
from honghua.web.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, watching

ME = "李雷"


def test_a_complaint_is_answered(chromium, town, shots):
    town.add_customer(ME, "13800138000")
    name, token = town.begin_session(Role.CUSTOMER, ME)
    with watching(chromium, town, {name: token}, viewport=PHONE, shots=shots) as eye:
        page = eye.page
        eye.go("/my/complaints")
        page.locator("input[name=about][value=bureau]").check()
        page.get_by_label("用您自己的话").fill(SCRIPT)
        page.get_by_role("button", name="提交投诉").click()
        expect(page.get_by_text("很像中介提供的模板")).to_be_visible()
        eye.context.add_cookies([{"name": "honghua_language", "value": "en", "url": town.address}])
        name, token = town.begin_session(Role.CARE, "cora")
        eye.context.add_cookies([{"name": name, "value": token, "url": town.address}])
        page.set_viewport_size({"width": DESKTOP["width"], "height": DESKTOP["height"]})
        eye.go("/desk/complaints")
        eye.shoot("desk-complaints")
        page.get_by_role("link", name="Complaint 1").click()
        page.get_by_role("button", name="Read it").click()
        expect(page.get_by_text("like any other")).to_be_visible()
        eye.shoot("desk-complaint-open")
        page.get_by_label("To the customer").fill("我们已核对,记录无误;异议免费,请勿付费给中介。")
        page.get_by_label("Our reason").fill("the record is right")
        page.get_by_role("button", name="Answer").click()
        expect(page.get_by_text("answered on")).to_be_visible()
        eye.shoot("desk-complaint-answered")
        name, token = town.begin_session(Role.CUSTOMER, ME)
        eye.context.add_cookies([{"name": name, "value": token, "url": town.address}])
        page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        eye.go("/my/complaints")
        expect(page.get_by_text("记录无误")).to_be_visible()
        eye.shoot("customer-complaint-answered")
