"""The staff's ways through Chromium: strategist, reviewer, operations and auditor, each to the end of what they came for."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import expect

from honghua.credit import api as credit
from honghua.credit.core import BuyNow, Scene
from honghua.decision import api as decision
from honghua.web.roles import Role
from honghua.web.signin import sessions
from tests.browser.conftest import DESKTOP, PHONE, watching

SHARED = Scene(device="phone-1", address="Xihu 1")
PAGES = (
    "/desk/", "/desk/feed", "/desk/rings?days=7", "/desk/reviews", "/desk/customers", "/desk/policy", "/desk/policy/history", "/desk/lists",
    "/desk/books", "/desk/closing", "/desk/webhooks", "/desk/portfolio", "/desk/journeys", "/desk/payments", "/desk/lab",
    "/desk/giving", "/desk/temporary", "/desk/lenders", "/desk/orders", "/desk/business", "/desk/evidence", "/desk/prudence",
    "/desk/complaints", "/desk/complaints?view=answered",
    "/desk/relief",
)  # fmt: skip


def buy(town, customer: str, amount_minor: int, order: str) -> dict[str, Any]:
    """One purchase through the site's own booker; Playwright keeps a loop of its own in this thread."""
    command = BuyNow(
        key=f"buy:{order}",
        customer=customer,
        amount_minor=amount_minor,
        merchant="书店",
        order=order,
        category="books",
        scene=SHARED,
    )
    with ThreadPoolExecutor(1) as aside:
        answers: list[dict[str, Any]] = aside.submit(lambda: asyncio.run(town.site.booker.submit([command]))).result()
    return answers[0]


@pytest.fixture
def people(town):
    """Two customers who share a phone; one of their purchases waits for a reviewer, one was refused."""
    for name, phone in (("李雷", "13800138000"), ("韩梅梅", "13800138001")):
        town.add_customer(name, phone)
    answers = [
        buy(town, "李雷", 120_00, "o1"), buy(town, "韩梅梅", 80_00, "o2"), buy(town, "李雷", 444_44, "o3"), buy(town, "李雷", 333_33, "o4"),
    ]  # fmt: skip
    assert [answer["outcome"] for answer in answers] == ["approved", "approved", "refused", "review"]
    return answers


def find_champion(town) -> int:
    """Who judges now."""
    with town.site.pool.connection() as conn:
        row = decision.find_champion(conn)
    assert row is not None
    return row.release_id


def staff(town, role: Role, name: str) -> dict[str, str]:
    cookie, token = town.begin_session(role, name)
    return {cookie: token}


def test_a_strategist_proposes_another_approves_it_is_deployed_and_rolled_back(chromium, town, people, shots):
    first = find_champion(town)
    with watching(chromium, town, staff(town, Role.STRATEGIST, "ann"), viewport=DESKTOP, shots=shots) as eye:
        page = eye.page
        eye.go("/desk/")
        eye.shoot("desk-home")
        eye.go("/desk/policy")
        eye.shoot("desk-policy")
        page.get_by_role("link", name="写一个新策略").click()
        text = page.locator("#source").input_value()
        page.locator("#source").fill(text.replace("minor(44444)", "minor(55555)"))
        page.get_by_label("策略名").fill("milder")
        page.get_by_role("button", name="检查").click()
        expect(page.locator(".diff .added")).to_have_count(1)
        eye.shoot("desk-write")
        page.get_by_role("button", name="开始回测").click()
        expect(page.get_by_role("heading", name="从当时到现在")).to_be_visible(timeout=60_000)
        eye.shoot("desk-backtest")
        page.locator("#p-why").fill("444.44 is not risky any more")
        page.get_by_role("button", name="提交", exact=True).click()
        expect(page.get_by_text("待复核").first).to_be_visible()
        eye.shoot("desk-release")
        mine = page.url
        page.locator("#r-why").fill("I made it, so it is good")
        page.get_by_role("button", name="复核通过").click()
        expect(page.locator(".notice.bad")).to_contain_text("SAME_PERSON")
    with watching(chromium, town, staff(town, Role.STRATEGIST, "ben"), viewport=DESKTOP, shots=shots) as eye:
        page = eye.page
        eye.go(mine.removeprefix(town.address))
        page.locator("#r-why").fill("looked at the backtest")
        page.get_by_role("button", name="复核通过").click()
        expect(page.get_by_text("ben 复核通过")).to_be_visible()
        page.locator("#d-role").select_option("champion")
        page.locator("#d-why").fill("for everybody")
        page.get_by_role("button", name="部署").click()
        expect(page.locator(".notice.good")).to_be_visible()
        assert buy(town, "李雷", 444_44, "o5")["outcome"] == "approved"
        page.locator("#why-rollback").fill("too mild after all")
        page.get_by_role("button", name="回滚").click()
        expect(page.locator(".notice.good")).to_contain_text("已回滚")
        assert buy(town, "李雷", 444_44, "o6")["outcome"] == "refused"
    assert find_champion(town) == first


def test_a_reviewer_claims_looks_decides_by_a_key_and_the_queue_is_empty(chromium, town, people, shots):
    with watching(chromium, town, staff(town, Role.REVIEWER, "rita"), viewport=DESKTOP, shots=shots) as eye:
        page = eye.page
        eye.go("/desk/reviews")
        eye.shoot("desk-reviews")
        page.get_by_role("button", name="认领下一笔").click()
        expect(page.locator(".graph-canvas canvas").first).to_be_visible()
        eye.shoot("desk-review")
        page.get_by_text("以表格查看").click()
        expect(page.locator(".graph-table").get_by_text("韩梅梅").first).to_be_visible()
        page.get_by_role("heading", level=1).click()
        page.keyboard.press("a")
        expect(page.locator("#why")).to_be_focused()  # a word needs its reason first
        page.locator("#why").fill("she called, it is her own order")
        page.get_by_role("heading", level=1).click()
        page.keyboard.press("a")
        expect(page.locator(".notice.good")).to_contain_text("已放行")
        expect(page.get_by_text("队列是空的")).to_be_visible()
        eye.go(f"/desk/decisions/{people[3]['suspension_id']}")
        page.get_by_role("button", name="重放这笔决策").click()
        expect(page.locator(".notice.good")).to_contain_text("重放一致")
        page.locator("#q").fill("device")
        page.locator("#figures button").click()
        eye.shoot("desk-decision")
        eye.go("/desk/profiles/李雷")
        page.locator("#purpose").select_option("fraud_review")
        page.get_by_role("button", name="查看", exact=True).click()
        expect(page.get_by_text("本次查看已记录")).to_be_visible()
        eye.shoot("desk-profile")
        eye.go("/desk/rings/around?kind=device&label=phone-1&days=7")
        expect(page.locator(".graph-canvas canvas").first).to_be_visible()
        eye.shoot("desk-around")
        page.get_by_role("link", name="加入名单").click()
        expect(page.locator("#f-label")).to_have_value("phone-1")
        page.locator("#f-why").fill("two people on one phone")
        page.get_by_role("button", name="加入名单").click()
        expect(page.get_by_role("cell", name="phone-1", exact=True)).to_be_visible()
        eye.shoot("desk-lists")


def test_operations_close_the_day_and_read_the_journal(chromium, town, people, shots):
    with watching(chromium, town, staff(town, Role.OPERATIONS, "otto"), viewport=DESKTOP, shots=shots) as eye:
        page = eye.page
        with town.site.pool.connection() as conn:
            before = credit.get_business_day(conn)
        eye.go("/desk/closing")
        eye.shoot("desk-closing")
        page.locator("#why-close").fill("the day is over")
        page.get_by_role("button", name=re.compile("^关闭")).click()
        expect(page.get_by_text("已关账").first).to_be_visible(timeout=60_000)
        with town.site.pool.connection() as conn:
            assert (credit.get_business_day(conn) - before).days == 1
        eye.go("/desk/books")
        eye.shoot("desk-books")
        page.get_by_role("link", name=re.compile("李雷")).click()
        expect(page).to_have_url(re.compile("/desk/books/owners/"))
        eye.shoot("desk-owner")
        page.get_by_role("link", name="决策").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("决策")
        eye.go("/desk/feed")
        rows = page.locator("#feed-rows tr")
        shown = rows.count()
        buy(town, "韩梅梅", 66_00, "o9")
        expect(rows).to_have_count(shown + 1)  # it came by itself
        expect(page.locator("[data-feed-state]")).to_have_text("实时更新中")
        eye.shoot("desk-feed")
        with town.site.pool.connection() as conn:
            sessions.end_sessions(conn, "otto", now=town.clock.now(), why="ended elsewhere")
        expect(page.locator("[data-feed-state]")).to_contain_text("您已退出登录")
        buy(town, "韩梅梅", 77_00, "o10")
        expect(rows).to_have_count(shown + 1)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_an_auditor_reads_everything_and_finds_no_button_that_changes_anything(chromium, town, people, shots, viewport):
    with watching(chromium, town, staff(town, Role.AUDITOR, "eve"), viewport=viewport, shots=shots) as eye:
        with town.site.pool.connection() as conn:
            account_id = credit.find_account_ids(conn, ["李雷"])["李雷"]
        decided, champion = people[2]["decision_id"], find_champion(town)
        more = (
            "/desk/customers/李雷",
            f"/desk/decisions/{decided}",
            f"/desk/books/owners/{account_id}",
            f"/desk/policy/releases/{champion}",
        )
        for language in ("zh", "en"):
            eye.context.add_cookies([{"name": "honghua_language", "value": language, "url": town.address}])
            for path in (*PAGES, *more):
                eye.go(path)
                assert eye.page.locator('main form[method="post"]').count() == 0, path
                eye.check_axe(path)
        if viewport is PHONE:
            eye.shoot("desk-phone")
