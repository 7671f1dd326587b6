"""The merchants' pages on a real site: what they show agrees with the books, and nobody sees another shop."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io

import pytest

from honghua.base.clock import FixedClock
from honghua.credit import api as credit
from honghua.credit.core import RefundPurchase
from honghua.credit.eod import close_day
from honghua.merchants import api as merchants
from honghua.merchants.core import Draft
from honghua.store.database import run_unit
from honghua.web.app import build_app
from honghua.web.roles import Role
from honghua.web.tests.doors import NOON, Browser, buy, make_site, open_account, signed_in

SHOP = "书店"


@pytest.fixture
def site(database):
    with make_site(database, clock=FixedClock(NOON)) as made:
        open_account(made, "李雷")
        yield made


@pytest.fixture
def browser(site):
    with Browser(build_app(site)) as made:
        signed_in(made, site, role=Role.MERCHANT_OWNER, subject="owner", merchant=SHOP)
        yield made


def follow(site):
    with site.pool.connection() as conn:
        return merchants.catch_up_wholly(conn, now=site.clock.now())


def test_empty_pages_say_what_will_stand_there(browser):
    for path in ("/merchant", "/merchant/orders", "/merchant/settlements", "/merchant/campaigns"):
        answer = browser.get(path)
        assert answer.status_code == 200
    assert "还没有成交" in browser.get("/merchant").text


def test_an_order_is_shown_and_refunded_once_however_often_the_form_is_sent(site, browser):
    (bought,) = buy(site, "李雷", [12_345])
    follow(site)
    assert "¥123.45" in browser.get("/merchant/orders").text
    path = f"/merchant/orders/{bought['purchase_id']}"
    assert browser.get(path).status_code == 200
    form = {"key": "0b7f6c2e-2f0e-4d0a-9d3e-6a8f1d7c0001", "amount": "23.45"}
    for _ in range(2):
        answer = browser.send(site, f"{path}/refund", **form)
        assert (answer.status_code, answer.headers["location"]) == (303, path)
    follow(site)
    page = browser.get(path).text
    assert page.count("-¥23.45") == 2  # price and net of one refund
    assert "¥100.00" in page


@pytest.mark.parametrize(("amount", "words"), [("abc", "请输入金额"), ("", "请填写此项"), ("500", "不能超过")])
def test_a_wrong_refund_stays_in_the_form_with_its_trouble(site, browser, amount, words):
    (bought,) = buy(site, "李雷", [12_345])
    follow(site)
    path = f"/merchant/orders/{bought['purchase_id']}"
    browser.get(path)
    answer = browser.send(site, f"{path}/refund", key="0b7f6c2e-2f0e-4d0a-9d3e-6a8f1d7c0002", amount=amount)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{amount}"' in answer.text


def test_what_the_books_refuse_is_said_beside_the_field(site, browser):
    (bought,) = buy(site, "李雷", [12_345])
    follow(site)
    refund = RefundPurchase(key="by phone", customer="李雷", purchase_id=bought["purchase_id"], amount_minor=12_000)
    asyncio.run(site.booker.submit([refund]))  # behind the page's back
    path = f"/merchant/orders/{bought['purchase_id']}"
    browser.get(path)
    answer = browser.send(site, f"{path}/refund", key="0b7f6c2e-2f0e-4d0a-9d3e-6a8f1d7c0003", amount="100")
    assert answer.status_code == 409
    assert "退款金额超过" in answer.text


def test_another_shop_sees_nothing_of_it(site, browser):
    (bought,) = buy(site, "李雷", [12_345])
    campaign = start(site)
    follow(site)
    with Browser(build_app(site)) as other:
        signed_in(other, site, role=Role.MERCHANT_OWNER, subject="eve", merchant="别家")
        assert "¥123.45" not in other.get("/merchant/orders").text
        path = f"/merchant/orders/{bought['purchase_id']}"
        assert other.get(path).status_code == 404
        sent = other.send(site, f"{path}/refund", key="0b7f6c2e-2f0e-4d0a-9d3e-6a8f1d7c0004", amount="1")
        assert sent.status_code == 404
        assert other.get(f"/merchant/campaigns/{campaign}").status_code == 404
        assert other.send(site, f"/merchant/campaigns/{campaign}", act="end", why="mine").status_code == 404


def start(site, **more):
    values = {
        "merchant": SHOP, "name": "开学季", "periods": (3, 6), "starts_at": NOON - dt.timedelta(hours=1),
        "ends_at": NOON + dt.timedelta(days=3), "budget_minor": 50_000, "holdout_ppm": 0, **more,
    }  # fmt: skip
    draft = Draft(**values)
    with site.pool.connection() as conn:
        campaign, problems = run_unit(
            conn, lambda c: merchants.start_campaign(c, draft, made_by="owner", offered={3, 6, 12}, now=NOON)
        )
    assert problems == ()
    return campaign


FORM = {
    "name": "双十一免息", "periods_3": "1", "periods_6": "1", "categories": "books，phone", "least": "100", "most": "5,000",
    "starts": "2026-01-01T00:00", "ends": "2026-01-12T00:00", "budget": "1,000", "daily": "200", "holdout": "100000",
}  # fmt: skip


def test_a_campaign_is_started_watched_paused_and_ended(site, browser):
    browser.get("/merchant/campaigns/new")
    answer = browser.send(site, "/merchant/campaigns/new", **FORM)
    assert answer.status_code == 303
    path = answer.headers["location"]
    page = browser.get(path).text
    assert "双十一免息" in page
    assert "¥1,000.00" in page
    assert browser.send(site, path, act="pause", why="缺货").status_code == 303
    assert "已暂停" in browser.get(path).text
    assert browser.send(site, path, act="end", why="卖完了").status_code == 303
    assert browser.send(site, path, act="resume", why="又有货").status_code == 409


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "请填写此项"),
        ("budget", "0", "不能低于"),
        ("ends", "2025-12-31T00:00", "结束须晚于"),
        ("daily", "2,000", "每日止损不能高于预算"),
        ("least", "9,000", "最低金额不能高于"),
        ("starts", "soon", "请填写日期"),
        ("holdout", "999999", "请选择其中一项"),
    ],
)
def test_a_wrong_campaign_keeps_what_was_typed_and_names_the_field(site, browser, field, value, words):
    browser.get("/merchant/campaigns/new")
    answer = browser.send(site, "/merchant/campaigns/new", **{**FORM, field: value})
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="books，phone"' in answer.text


def test_staff_of_a_shop_may_refund_but_not_spend_on_campaigns(site):
    with Browser(build_app(site)) as staff:
        signed_in(staff, site, role=Role.MERCHANT_STAFF, subject="clerk", merchant=SHOP)
        assert staff.get("/merchant/campaigns").status_code == 200
        assert staff.get("/merchant/campaigns/new").status_code == 403
        assert staff.send(site, "/merchant/campaigns/new", **FORM).status_code == 403


def test_a_settlement_and_its_file_agree_to_the_cent(site, browser, database):
    bought = buy(site, "李雷", [12_345, 700])
    asyncio.run(
        site.booker.submit(
            [RefundPurchase(key="r", customer="李雷", purchase_id=bought[1]["purchase_id"], amount_minor=300)]
        )
    )
    close_day(database)
    with site.pool.connection() as conn:
        today = credit.get_business_day(conn)
        day = today - dt.timedelta(days=1)
        merchants.settle_closed_day(conn, day, business_on=today, currency="CNY", now=NOON)
    path = f"/merchant/settlements/{day.isoformat()}"
    assert "¥127.45" in browser.get("/merchant/settlements").text
    assert "明细合计与结算单一致" in browser.get(path).text
    file = browser.get(f"{path}/file")
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [row["net"] for row in rows] == ["123.45", "7.00", "-3.00"]
    assert browser.get("/merchant/settlements/2020-01-01").status_code == 404
    assert browser.get("/merchant/settlements/x").status_code == 404
