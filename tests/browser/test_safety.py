"""What a customer does for their own safety in real Chromium: a second factor, a cap of one's own, a repayment through a gateway."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from playwright.sync_api import expect

from honghua.base.clock import to_micros
from honghua.credit.core import BuyNow
from honghua.web.payments.fake import FakeGatewayApp, Faults
from honghua.web.payments.gateway import HttpPaymentGateway
from honghua.web.roles import Role
from honghua.web.signin.staff import totp
from tests.browser.conftest import PHONE, watching

ME = "韩梅梅"


@pytest.fixture
def eye(chromium, town, shots):
    town.add_customer(ME, "13900139000")
    name, token = town.begin_session(Role.CUSTOMER, ME)
    with watching(chromium, town, {name: token}, viewport=PHONE, shots=shots) as watched:
        yield watched


@pytest.fixture
def gateway(town) -> Iterator[FakeGatewayApp]:
    """The fake gateway at an address of its own; it repeats every notice and sends the later ones first."""

    def now_s() -> int:
        return to_micros(town.clock.now()) // 1_000_000

    fake = FakeGatewayApp(secret="s" * 40, now_s=now_s, faults=Faults(repeats=1, is_shuffled=True))
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(fake.app, log_level="warning", lifespan="off", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[door])))
    thread.start()
    address = f"http://127.0.0.1:{door.getsockname()[1]}"
    with httpx.Client() as client:
        town.app.state.payments = HttpPaymentGateway(url=address, secret="s" * 40, now_s=now_s, client=client)
        yield fake
    server.should_exit = True
    thread.join()
    door.close()


def test_a_second_factor_is_set_up_and_a_cap_is_held(eye, town):
    page = eye.page
    eye.go("/signin/second")
    page.get_by_role("button", name="开启").click()
    secret = page.locator("code").inner_text()
    eye.shoot("customer-second-enrol")
    page.get_by_label("动态验证码").fill(totp.current_code(secret, town.clock.now()))
    page.get_by_role("button", name="继续").click()
    expect(page.get_by_role("heading", name="请保存恢复码")).to_be_visible()
    eye.shoot("customer-recovery")
    eye.go("/signin/second")
    expect(page.get_by_text("已开启", exact=True)).to_be_visible()
    eye.shoot("customer-second")
    eye.go("/my/cap")
    page.get_by_label("每月上限").fill("300")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("¥300.00").first).to_be_visible()
    eye.shoot("customer-cap")
    eye.go(town.make_link(400_00))
    expect(page.get_by_text("超出您为自己设定的本月上限")).to_be_visible()
    eye.shoot("customer-cap-checkout")


def test_a_repayment_goes_through_the_gateway_and_is_booked_once(eye, town, gateway):
    town.book([BuyNow(key="b", customer=ME, amount_minor=80_00, merchant="书店", order="o", category="books")])
    page = eye.page
    eye.go("/my/repay")
    page.get_by_role("radio", name=re.compile("全部|80")).first.check()
    page.get_by_role("button", name="确认还款").click()
    expect(page.get_by_role("heading", name="等待支付")).to_be_visible()
    eye.shoot("customer-payment")
    page.get_by_role("link", name="去付款").click()
    expect(page.get_by_text("No money moves here")).to_be_visible()
    page.get_by_role("button", name="确认付款").click()
    expect(page.get_by_role("heading", name="已还款")).to_be_visible()
    eye.shoot("customer-payment-booked")
    assert len(gateway.asked) == 1
    eye.go("/my/repay")
    expect(page.get_by_text("已还款").first).to_be_visible()
