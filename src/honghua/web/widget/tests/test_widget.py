"""The widget: it stands on registered origins only, says how a checkout stands and nothing else, and no other page is framed."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.base.errors import BadInput
from honghua.web.api.checkouts import id_of_ticket, open_checkout
from honghua.web.api.tests.partners_door import make_partner
from honghua.web.app import build_app
from honghua.web.tickets import Ticket
from honghua.web.widget.origins import add_origin, read_origin

SHOP = "https://shop.example"


@pytest.fixture
def app(site):
    return build_app(site)


@pytest.fixture
def checkout(site):
    key = make_partner(site, "bookshop", ["书店"])
    ticket = Ticket(
        merchant="书店", order="o-1", category="books", amount_minor=9_900, currency="CNY", title="三体",
        expires_at=site.clock.now() + dt.timedelta(minutes=15),
    )  # fmt: skip
    with site.pool.connection() as conn, conn.transaction():
        add_origin(conn, "bookshop", SHOP)
        row = conn.execute("SELECT partner_id FROM web_partner WHERE name = 'bookshop'").fetchone()
        made = open_checkout(conn, site, ticket, partner_id=row[0], key="k", now=site.clock.now())
    assert key
    return made


def test_the_frame_stands_on_the_shops_origin_and_nowhere_else(browser, checkout, site):
    here = f"/widget/{checkout.checkout_id}"
    good = browser.get(f"{here}?origin={SHOP}")
    assert good.status_code == 200
    assert f"frame-ancestors {SHOP}" in good.headers["content-security-policy"]
    assert "frame-ancestors 'none'" not in good.headers["content-security-policy"]
    assert "x-frame-options" not in good.headers
    assert "script-src 'self'" in good.headers["content-security-policy"]
    assert f"/checkout/{checkout.ticket}" in good.text
    for origin in ("", "https://evil.example", "https://shop.example.evil.example", "http://shop.example", "null", "*",
                   "https://shop.example/x", "https://shop.example https://evil.example", "https://shop.example;script-src *"):  # fmt: skip
        answer = browser.get(here, params={"origin": origin})
        assert answer.status_code == 404, origin
        assert answer.headers["x-frame-options"] == "DENY"
    assert browser.get("/widget/" + "0" * 32, params={"origin": SHOP}).status_code == 404
    for path in ("/signin", f"/checkout/{checkout.ticket}", f"{here}/state"):
        assert browser.get(path).headers["x-frame-options"] == "DENY", path


def test_the_state_says_nothing_of_anybody(browser, checkout, site):
    said = browser.get(f"/widget/{checkout.checkout_id}/state")
    assert said.json() == {"checkout_id": checkout.checkout_id, "state": "open"}
    assert "access-control-allow-origin" not in said.headers
    assert said.headers["cross-origin-resource-policy"] == "same-origin"
    assert id_of_ticket(checkout.ticket) == checkout.checkout_id


def test_the_script_is_everybodys_and_carries_no_cookie(browser):
    said = browser.get("/widget/checkout.js")
    assert said.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "set-cookie" not in said.headers
    assert "event.origin !== home" in said.text


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Shop.example", SHOP),
        ("https://shop.example:443", SHOP),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_an_origin_as_browsers_write_it(text, origin):
    assert read_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "shop.example",
        "http://shop.example",
        "https://a@b",
        "https://x/y",
        "https://*.x",
        "https://x:99999",
        "https://x y",
        "",
    ],
)
def test_what_is_no_origin(text):
    with pytest.raises(BadInput):
        read_origin(text)
