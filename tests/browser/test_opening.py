"""From a stranger to an account: the landing page, the agreements one by one, identity, application, decision, contract."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from playwright.sync_api import Page, expect

from honghua.web.consumer.tests.walking import CARD, NATIONAL_ID, make_ports
from honghua.web.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, Eye, watching

ME = "新人"


def test_a_stranger_becomes_a_customer(chromium, town, shots):
    town.app.state.joining = make_ports(town.clock)
    town.add_customer(ME, "13700137000", limit_minor=0)
    with watching(chromium, town, {}, viewport=PHONE, shots=shots) as eye:
        become_customer(eye, town.begin_session(Role.CUSTOMER, ME), eye.shoot)


def become_customer(eye: Eye, session: tuple[str, str], look: Callable[[str], None]) -> None:
    """From the landing page to the signed contract; `look` is told the name of each page."""
    page, town = eye.page, eye.town
    eye.go("/")
    look("landing-phone")
    eye.context.add_cookies([{"name": session[0], "value": session[1], "url": town.address}])
    eye.go("/")
    expect(page.get_by_text("这是一笔贷款")).to_be_visible()
    look("customer-welcome")
    page.get_by_role("button", name="阅读协议").click()
    boxes = page.get_by_role("checkbox")
    assert not any(boxes.nth(i).is_checked() for i in range(boxes.count())), "nothing is ticked ahead"
    look("customer-agreements")
    expect(page.locator("button[data-after-reading]")).to_be_disabled()
    town.clock.advance(dt.timedelta(seconds=60))
    page.reload()
    for box in page.locator("input[type=checkbox][required]").all():
        box.check()
    page.locator("input[name=agree_automated_decision]").check()  # optional: without it a person decides
    page.get_by_role("button", name="同意并继续").click()
    prove_and_apply(page, look)
    granted = page.locator("p.big-number").inner_text()
    page.get_by_role("button", name="阅读合同").click()
    button = page.get_by_role("button", name="签署并开通")
    expect(button).to_be_disabled()
    look("customer-contract")
    town.clock.advance(dt.timedelta(seconds=60))
    page.reload()
    page.locator("input[name=agreed]").check()
    button.click()
    expect(page.get_by_text("开通成功")).to_be_visible()
    expect(page.get_by_text(granted).first).to_be_visible()


def show_face(page: Page, look: Callable[[str], None]) -> None:
    """Agree to one film, and let the camera take it."""
    expect(page.get_by_role("checkbox")).not_to_be_checked()
    look("customer-face-consent")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="显示数字").click()
    expect(page.locator("p.code-big")).to_be_visible()
    look("customer-face")
    page.get_by_role("button", name="打开摄像头并录制").click()
    expect(page.get_by_text("人脸核验已通过").first).to_be_visible()


def prove_and_apply(page: Page, look: Callable[[str], None]) -> None:
    """Identity by the fake service, then the application, as a person types them."""
    expect(page.get_by_role("heading", name="证明是您本人")).to_be_visible()
    expect(page.get_by_text("核验机构是假的")).to_be_visible()
    look("customer-identity")
    page.get_by_role("link", name="人脸核验").click()
    show_face(page, look)
    page.get_by_label("姓名").fill("李示范")
    page.get_by_label("身份证号").fill(NATIONAL_ID)
    page.get_by_label("银行卡号").fill(CARD)
    page.get_by_label("把这台设备绑定给我").check()
    expect(page.locator("input[name=device_key]")).not_to_have_value("")
    page.get_by_role("button", name="提交核验").click()
    expect(page.get_by_role("heading", name="申请额度")).to_be_visible()
    look("customer-application")
    page.locator("input[name=asked]").fill("5000")
    page.locator("input[name=student][value=no]").check()
    for name, value in {"income": "9000", "service": "500", "debts": "2000", "lenders": "1"}.items():
        page.locator(f"input[name={name}]").fill(value)
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_role("heading", name="审批通过")).to_be_visible()
    look("customer-granted")


def test_the_landing_page_on_a_desktop_and_a_page_that_is_not_there(chromium, town, shots):
    with watching(chromium, town, {"honghua_language": "en"}, viewport=DESKTOP, shots=shots) as eye:
        eye.go("/")
        eye.shoot("landing-desktop-en")
        eye.page.goto(town.address + "/nowhere")
        expect(eye.page.get_by_role("heading", name="We can't find this page")).to_be_visible()
        eye.shoot("not-found")
        assert all("404" in trouble for trouble in eye.troubles)
        eye.troubles.clear()
