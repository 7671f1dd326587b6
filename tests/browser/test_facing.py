"""A face before the camera and the device it binds, in Chromium: joined by it, recognised at sign-in, asked for when a purchase waits."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import expect

from honghua.credit.jobs import find_customer_refs
from honghua.store.database import Database, connect
from honghua.web.consumer.tests.walking import make_ports
from honghua.web.roles import Role
from honghua.web.signin.messages import list_messages
from honghua.web.signin.proving import SmsProver
from tests.browser.conftest import DESKTOP, PHONE, Eye, watching
from tests.browser.test_customer import sign, take
from tests.browser.test_opening import become_customer, show_face
from tests.browser.town import SECRETS, Town, serve

ME = "新人"
NUMBER = "13700137000"


@pytest.fixture
def town(database: Database) -> Iterator[Town]:
    """As elsewhere, with the prover that every site has: it gives no code away before the face."""

    def find(conn: psycopg.Connection, account_id: int) -> str | None:
        return find_customer_refs(conn, [account_id]).get(account_id)

    with serve(database, prove=lambda clock: SmsProver(lambda: connect(database), SECRETS, find, clock)) as served:
        served.app.state.joining = make_ports(served.clock)
        yield served


def test_a_purchase_that_waits_goes_on_by_the_face(chromium, town, shots):
    town.add_customer(ME, NUMBER)
    name, token = town.begin_session(Role.CUSTOMER, ME)
    with watching(chromium, town, {name: token}, viewport=PHONE, shots=shots) as eye:
        take(eye, "手机", "6")
        sign(eye, town, wait_s=10)
        expect(eye.page.get_by_role("heading", name="需要验证是您本人")).to_be_visible()
        eye.page.get_by_role("link", name="改用人脸确认").click()
        show_face(eye.page, eye.shoot)
        eye.shoot("customer-face-confirmed")
        eye.page.get_by_role("button", name="确认并支付").click()
        expect(eye.page.get_by_role("heading", name="付款成功")).to_be_visible()


def test_a_device_is_bound_at_joining_recognised_at_sign_in_and_lost(chromium, town, shots):
    town.add_customer(ME, NUMBER, limit_minor=0)
    with watching(chromium, town, {}, viewport=DESKTOP, shots=shots) as eye:
        become_customer(eye, town.begin_session(Role.CUSTOMER, ME), lambda _: None)
        eye.go("/my/device")
        expect(eye.page.get_by_text("已绑定,就是这台")).to_be_visible()
        eye.page.get_by_role("button", name="退出").click()
        sign_in(eye, town)
        eye.go("/my/device")
        expect(eye.page.get_by_text("已绑定,就是这台")).to_be_visible()
        eye.shoot("customer-device")
        eye.page.get_by_role("button", name="解除绑定").click()
        expect(eye.page.get_by_text("已解除绑定")).to_be_visible()
        eye.go("/signin/devices")
        expect(eye.page.get_by_text("在绑定的设备上登录", exact=True)).to_be_visible()


def sign_in(eye: Eye, town: Town) -> None:
    """By phone and code; the bound device answers by itself on the way."""
    page = eye.page
    eye.go("/signin")
    page.get_by_label("手机号").fill(NUMBER)
    page.locator("main form button").click()
    with town.site.pool.connection() as conn:
        text = list_messages(conn, SECRETS.vault)[0].text
    code = re.search(r"\d{6}", text)
    assert code is not None
    page.get_by_label("验证码").fill(code[0])
    page.locator("main form button").first.click()
    page.wait_for_url("**/my")
