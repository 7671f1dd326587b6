"""Orders in doubt: a reviewer sees what was said and withheld, and has the last word; the shop sees its own, an auditor reads."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager

from honghua.credit import api as credit
from honghua.credit.core import BuyNow, Instalments
from honghua.merchants import api as merchants
from honghua.merchants.invariants import check_merchants
from honghua.web.desk.acts import list_acts
from honghua.web.desk.tests.staff import enter, follow, read
from honghua.web.roles import Role
from honghua.web.tests.doors import Browser, book, open_account, signed_in

SHOP = "书店"
PLATFORM = 3


def sell(site):
    """Two orders whose fee the platform pays; the source never hears of either, and their time is over."""
    open_account(site, "李雷")
    orders = [
        BuyNow(
            key=f"k{i}", customer="李雷", amount_minor=120_000, merchant=SHOP, order=f"o-{i}", category="books",
            instalments=Instalments(periods=3, payer=PLATFORM),
        )
        for i in range(2)
    ]  # fmt: skip
    answers = book(site, orders)
    now = site.clock.now()
    with site.pool.connection() as conn:
        books = merchants.Books(credit.get_business_day(conn), site.currency)
        merchants.catch_up_wholly(conn, now=now)
        lost = merchants.FakeEvidenceSource(1, {"lost": 1.0})
        assert merchants.look_at_orders(conn, lost, books, now=now + dt.timedelta(hours=2)).states == {"awaited": 2}
        merchants.look_at_orders(conn, lost, books, now=now + dt.timedelta(days=20))
        merchants.catch_up_wholly(conn, now=now)
    return [int(answer["purchase_id"]) for answer in answers], int(answers[0]["fee_minor"])


@contextmanager
def shop_of(app, site):
    """The shop's owner, who reads English."""
    with Browser(app) as made:
        signed_in(made, site, role=Role.MERCHANT_OWNER, subject="owner", merchant=SHOP)
        made.cookies.set("honghua_language", "en")
        yield made


def test_from_the_flag_to_the_last_word(app, site):
    (false, real), fee = sell(site)
    with shop_of(app, site) as shop:
        listed = shop.get("/merchant/orders").text
        assert listed.count("nothing in time") == 2
        assert listed.count("Campaign money withheld") == 2
        page = shop.get(f"/merchant/orders/{false}").text
        assert "no evidence of delivery came in time" in page
        assert "No evidence has come yet" in page
    with Browser(app) as desk:
        enter(desk, site, Role.REVIEWER, "rita")
        queue = desk.get("/desk/orders").text
        assert f"/desk/orders/{false}" in queue
        assert f"/desk/orders/{real}" in queue
        page = desk.get(f"/desk/orders/{false}").text
        assert "no evidence of delivery came in time" in page
        assert "Nothing was said of it yet" in page
        path = f"/desk/orders/{false}/decide"
        assert "Please give a reason" in follow(desk, desk.send(site, path, word="false", why=""))
        waits = follow(desk, desk.send(site, path, word="false", why="an empty flat"))
        assert "somebody else must say the same first" in waits
        assert "rita says" in waits
        assert "[ORDER_TWO_PERSONS]" in follow(desk, desk.send(site, path, word="false", why="really"))
        enter(desk, site, Role.REVIEWER, "sam")
        assert "Found to be no trade" in follow(desk, desk.send(site, path, word="false", why="nobody there"))
        assert "[ORDER_DECIDED]" in follow(desk, desk.send(site, path, word="real", why="after all"))
        path = f"/desk/orders/{real}/decide"
        assert "Noted" in follow(desk, desk.send(site, path, word="real", why="the till's roll"))
        enter(desk, site, Role.REVIEWER, "rita")
        assert "Found to be a real trade" in follow(desk, desk.send(site, path, word="real", why="seen, too"))
        assert desk.get("/desk/orders/99").status_code == 404
        enter(desk, site, Role.AUDITOR, "ada")
        assert "You may read this" in desk.get(f"/desk/orders/{real}").text
        assert desk.send(site, path, word="real", why="me, too").status_code == 403
    rows = read(site, lambda conn: [merchants.get_order(conn, one) for one in (false, real)])
    assert [(row.state, row.withheld_minor) for row in rows] == [("false", fee), ("proved", 0)]
    acts = read(site, lambda conn: list_acts(conn, subject=f"order {false}", limit=5))
    assert [(one.action, one.outcome) for one in acts] == [
        ("order: real", "refused"), ("order: false", "done"), ("order: false", "refused"), ("order: false", "done"),
    ]  # fmt: skip
    assert read(site, lambda conn: [check for check in check_merchants(conn) if not check.ok]) == []


def test_an_empty_queue_says_so(app, site):
    with Browser(app) as desk:
        enter(desk, site, Role.REVIEWER, "rita")
        assert "No order is in doubt" in desk.get("/desk/orders").text
