"""The desk's page of business lines: both lines of an owner side by side, and a shop said to be their own from the next order on."""

from __future__ import annotations

import asyncio
import datetime as dt

import msgspec

from honghua.credit import api as credit
from honghua.credit.core import BuyNow, Command, OpenAccount
from honghua.credit.journey.products import BUSINESS_TERMS
from honghua.credit.store import save_terms
from honghua.web.desk.tests.test_pages import enter
from honghua.web.roles import Role
from honghua.web.tests.doors import open_account


def test_both_lines_of_an_owner_and_a_shop_of_theirs(site, browser):
    open_account(site, "王店主")
    with site.pool.connection() as conn, conn.transaction():
        save_terms(conn, BUSINESS_TERMS, msgspec.json.encode(BUSINESS_TERMS.body()).decode())

    def ask(command: Command) -> tuple[str, str]:
        (answer,) = asyncio.run(site.booker.submit([command]))
        return str(answer["outcome"]), str(answer.get("code", ""))

    def buy(key: str, line: str, category: str) -> tuple[str, str]:
        return ask(BuyNow(key=key, customer=line, order=key, amount_minor=7_700, merchant="王家铺", category=category))

    opening = OpenAccount(key="b", customer="王店主~business", limit_minor=800_000, terms="business")
    assert ask(opening) == ("done", "")
    assert buy("1", "王店主~business", "stock") == ("approved", "")
    enter(browser, site, Role.OPERATIONS)
    page = browser.get("/desk/business").text
    assert "王店主~business" in page
    assert "8,000.00" in page
    assert "77.00" in page
    said = {"customer": "王店主~business", "merchant": "王家铺", "word": "own", "why": "licence of the shop"}
    assert browser.send(site, "/desk/business/shops", **{**said, "why": ""}).status_code == 303
    assert buy("2", "王店主", "groceries") == ("approved", ""), "nothing was said yet"
    assert browser.send(site, "/desk/business/shops", **said).status_code == 303
    assert [
        buy(key, line, goods) for key, line, goods in (("3", "王店主", "groceries"), ("4", "王店主~business", "stock"))
    ] == [("refused", "OWN_SHOP")] * 2
    assert "licence of the shop" in browser.get("/desk/business").text
    with site.pool.connection() as conn:
        (shop,) = credit.list_own_shops(conn, ["王店主"])
    assert (shop.said_by, shop.is_own, shop.said_at.tzinfo) == ("ann", True, dt.UTC)
    enter(browser, site, Role.AUDITOR)
    assert browser.send(site, "/desk/business/shops", **said).status_code == 403
