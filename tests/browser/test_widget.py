"""The sample shop with the widget in real Chromium: a book is paid on Honghua's own page, and the shop's page learns of it by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest
from honghua_client import Honghua
from playwright.sync_api import expect
from shop import Shop

from honghua.web.api.tests.partners_door import make_partner
from honghua.web.roles import Role
from honghua.web.widget.origins import add_origin
from tests.browser.conftest import DESKTOP, PHONE, watching

ME = "韩梅梅"


@pytest.fixture
def shop(town) -> Iterator[str]:
    """The bookshop at an address of its own; the address that it registered."""
    key = make_partner(town.site, "bookshop", ["书店"])
    with Honghua(town.address, key.key_id, key.secret, clock=lambda: town.clock.now().timestamp()) as api:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("OpenShop", (Shop,), {"api": api}))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        with town.site.pool.connection() as conn, conn.transaction():
            add_origin(conn, "bookshop", address)
        yield address
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_book_is_paid_in_a_window_of_ours_and_the_shop_hears_of_it(chromium, town, shop, shots):
    town.add_customer(ME, "13900139000")
    name, token = town.begin_session(Role.CUSTOMER, ME)
    with watching(chromium, town, {name: token}, viewport=DESKTOP, shots=shots) as eye:
        eye.page.goto(shop)
        eye.page.get_by_role("button", name="三体").click()
        button = eye.page.frame_locator("iframe").get_by_role("link", name="用红花支付 ¥99.00")
        expect(button).to_be_visible()
        eye.page.screenshot(path=shots / "widget-shop.png")
        with eye.context.expect_page() as opened:
            button.click()
        window = opened.value
        expect(window.get_by_role("heading", name="书店")).to_be_visible()
        assert window.evaluate("window.opener") is None, "the shop has no hold on our window"
        window.locator('input[name="plan"][value="0"]').check()
        window.get_by_role("button", name="下一步").click()
        window.get_by_role("checkbox").check()
        window.locator("button[data-after-reading]").click()
        expect(window.get_by_role("heading", name="付款成功")).to_be_visible()
        expect(eye.page.get_by_text(": paid")).to_be_visible()
        expect(eye.page.locator("iframe")).to_have_count(0)


def test_a_page_of_another_origin_gets_no_button(chromium, town, shop, shots):
    with watching(chromium, town, {}, viewport=PHONE, shots=shots) as eye:
        eye.page.goto(shop.replace("127.0.0.1", "localhost"))
        eye.page.get_by_role("button", name="三体").click()
        frame = eye.page.frame_locator("iframe")
        expect(frame.locator("main[data-checkout]")).to_have_count(0)
        eye.page.wait_for_load_state("networkidle")
        assert any(trouble.startswith("404: ") and "/widget/" in trouble for trouble in eye.troubles), eye.troubles
        eye.troubles.clear()


def test_the_page_of_the_api_is_readable_on_a_phone_and_on_a_desk(chromium, town, shots):
    for viewport, where in ((PHONE, "phone"), (DESKTOP, "desktop")):
        with watching(chromium, town, {}, viewport=viewport, shots=shots) as eye:
            eye.go("/v1/docs")
            eye.check_axe(f"api-docs-{where}")
            eye.page.screenshot(path=shots / f"api-docs-{where}.png")
