"""From a stranger to an account: the landing page, the agreements one by one, the demonstration's limit."""

from __future__ import annotations

import datetime as dt

from playwright.sync_api import expect

from honghua.web.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, watching

ME = "新人"


def test_a_stranger_becomes_a_customer(chromium, town, shots):
    town.add_customer(ME, "13700137000", limit_minor=0)
    name, token = town.begin_session(Role.CUSTOMER, ME)
    with watching(chromium, town, {}, viewport=PHONE, shots=shots) as eye:
        page = eye.page
        eye.go("/")
        eye.shoot("landing-phone")
        eye.context.add_cookies([{"name": name, "value": token, "url": town.address}])
        eye.go("/")
        expect(page.get_by_text("这是一笔贷款")).to_be_visible()
        eye.shoot("customer-welcome")
        page.get_by_role("button", name="阅读协议").click()
        boxes = page.get_by_role("checkbox")
        assert not any(boxes.nth(i).is_checked() for i in range(boxes.count())), "nothing is ticked ahead"
        eye.shoot("customer-agreements")
        expect(page.locator("button[data-after-reading]")).to_be_disabled()
        town.clock.advance(dt.timedelta(seconds=60))
        page.reload()
        for box in page.locator("input[type=checkbox][required]").all():
            box.check()
        page.get_by_role("button", name="同意并开通").click()
        expect(page.get_by_role("heading", name="开通成功")).to_be_visible()
        page.get_by_role("link", name="首页").last.click()
        expect(page.get_by_text("¥5,000.00").first).to_be_visible()


def test_the_landing_page_on_a_desktop_and_a_page_that_is_not_there(chromium, town, shots):
    with watching(chromium, town, {"honghua_language": "en"}, viewport=DESKTOP, shots=shots) as eye:
        eye.go("/")
        eye.shoot("landing-desktop-en")
        eye.page.goto(town.address + "/nowhere")
        expect(eye.page.get_by_role("heading", name="We can't find this page")).to_be_visible()
        eye.shoot("not-found")
        assert all("404" in trouble for trouble in eye.troubles)
        eye.troubles.clear()
