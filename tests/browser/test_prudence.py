"""The prudent lender through Chromium, and the customer's own credit report: charts, forms, both languages, desk and phone."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from playwright.sync_api import expect

from honghua.bureau import api as bureau
from honghua.bureau.core import Trade
from honghua.credit import api as credit
from honghua.credit.core import BuyNow
from honghua.credit.prudence import api as prudence
from honghua.store.database import run_unit
from honghua.web.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, watching

OPENED = dt.date(2026, 6, 20)
DAY = dt.timedelta(days=1)
TOLD = {
    "tier1_minor": 1_000_00, "exposures_minor": 900_000_00, "net_capital_minor": 120_000_00, "risk_weighted_minor": 800_000_00,
    "liquid_assets_minor": 700_00, "liquid_liabilities_minor": 1_000_00, "allowance_minor": 50_000_00,
}  # fmt: skip


@pytest.fixture
def late(town):
    """Six people bought; nobody paid; five weeks of books with a look every week, and one ratio that is broken."""
    commands = []
    for k, name in enumerate(("李雷", "韩梅梅", "王五", "赵六", "孙七", "周八")):
        town.add_customer(name, f"1380013800{k}")
        commands.append(
            BuyNow(
                key=f"b{k}",
                customer=name,
                amount_minor=1_000_00 + 250_00 * k,
                merchant="书店",
                order=f"o{k}",
                category="books",
            )
        )
    with ThreadPoolExecutor(1) as aside:
        aside.submit(lambda: asyncio.run(town.site.booker.submit(commands))).result()
    with town.site.pool.connection() as conn:
        run_unit(conn, lambda c: prudence.tell_figures(c, TOLD, as_of=OPENED, person="cfo", now=town.clock.now()))
    for week in range(8):
        town.pass_until(OPENED + 7 * week * DAY)
        with town.site.pool.connection() as conn:
            terms = credit.open_registry(conn).terms
            prudence.review(conn, terms, prudence.load_rules(), beside=prudence.read_beside(conn), now=town.clock.now())
    return town


def staff(town, role: Role, name: str, *, english: bool = False) -> dict[str, str]:
    cookie, token = town.begin_session(role, name)
    return {cookie: token, **({"honghua_language": "en"} if english else {})}


def test_ratios_losses_and_stress_in_both_languages(chromium, late, shots):
    town = late
    with watching(chromium, town, staff(town, Role.STRATEGIST, "ann"), viewport=DESKTOP, shots=shots) as eye:
        page = eye.page
        eye.go("/desk/prudence")
        expect(page.get_by_role("heading", name="现在停下的")).to_be_visible()
        eye.shoot("prudence-ratios")
        page.locator("#why-lift-1").fill("增资今天到账")
        page.get_by_role("button", name="解除").first.click()
        expect(page.locator(".notice.good")).to_contain_text("已解除")
        eye.go("/desk/prudence/losses")
        eye.shoot("prudence-losses")
        eye.go("/desk/prudence/stress")
        page.get_by_role("button", name="运行").click()
        expect(page.get_by_text("严重不利").first).to_be_visible()
        expect(page.locator("svg.against").first).to_be_visible()
        eye.shoot("prudence-stress")
    english = staff(town, Role.AUDITOR, "eve", english=True)
    for viewport, mark in ((DESKTOP, "en"), (PHONE, "phone")):
        with watching(chromium, town, english, viewport=viewport, shots=shots) as eye:
            for name in ("prudence", "prudence/losses", "prudence/stress", "relief", "relief/packs"):
                eye.go(f"/desk/{name}")
                eye.shoot(f"{name.replace('/', '-')}-{mark}")


def test_a_relief_and_a_write_off_by_different_people(chromium, late, shots):
    town = late
    with watching(chromium, town, staff(town, Role.CARE, "carl"), viewport=DESKTOP, shots=shots) as eye:
        page = eye.page
        eye.go("/desk/relief")
        page.locator("#f-customer").fill("李雷")
        page.locator("#f-amount").fill("1.50")
        page.locator("#f-ground").select_option("illness")
        page.locator("#f-evidence").fill("医院证明 2026/17\n住院发票 2026/18")
        page.get_by_role("button", name="申请减免").click()
        expect(page.locator(".notice.good")).to_contain_text("等待另一人决定")
        eye.shoot("relief-asked")
    digest = hashlib.sha256(b"paper").hexdigest()
    with watching(
        chromium, town, staff(town, Role.OPERATIONS, "otto", english=True), viewport=DESKTOP, shots=shots
    ) as eye:
        page = eye.page
        eye.go("/desk/relief")
        eye.shoot("relief-decide")
        page.get_by_label("Grant").check()
        page.get_by_label("Why (kept)").fill("the hospital wrote")
        page.get_by_role("button", name="Decide").click()
        expect(page.locator(".notice.good")).to_contain_text("Granted and booked")
        eye.go("/desk/relief/packs")
        page.locator("#p-customer").fill("韩梅梅")
        page.locator("#p-why").fill("the family called")
        page.get_by_role("button", name="Begin a pack").click()
        for kind in ("contract", "statements", "bureau", "death"):
            page.locator("#f-kind").select_option(kind)
            page.locator("#f-on").fill("2026-07-01")
            page.locator("#f-reference").fill(f"archive/{kind}")
            page.locator("#f-digest").fill(digest)
            page.get_by_role("button", name="Lay a document in").click()
            expect(page.get_by_text(f"archive/{kind}").first).to_be_visible()
        page.locator("#why-approve").fill("looked at each paper")
        page.get_by_role("button", name="Approve as it lies").click()
        expect(page.get_by_text("You approved it as it lies")).to_be_visible()
        eye.shoot("relief-pack")
        here = page.url
    with watching(chromium, town, staff(town, Role.STRATEGIST, "ann"), viewport=PHONE, shots=shots) as eye:
        page = eye.page
        eye.go(here.removeprefix(town.address))
        page.locator("#why-approve").fill("逐份看过")
        page.get_by_role("button", name="批准现在的材料").click()
        expect(page.get_by_text("证据齐全")).to_be_visible()
        eye.shoot("relief-pack-phone")
    with watching(chromium, town, staff(town, Role.OPERATIONS, "otto"), viewport=DESKTOP, shots=shots) as eye:
        page = eye.page
        eye.go(here.removeprefix(town.address))
        page.locator("#why-off").fill("无法偿还")
        page.get_by_role("button", name="核销", exact=True).click()
        expect(page.locator(".notice.good")).to_contain_text("已核销并入账")
        eye.shoot("relief-written-off")


def test_my_credit_report_and_an_objection(chromium, late, shots):
    town = late
    with town.site.pool.connection() as conn:
        (account_id,) = credit.find_account_ids(conn, ["李雷"]).values()
        for month, days in ((dt.date(2026, 5, 1), 0), (dt.date(2026, 6, 1), 0), (dt.date(2026, 7, 1), 21)):
            position = bureau.Position(
                account_id=account_id, customer="李雷", product="huabei", currency="CNY", month=month, opened_on=dt.date(2026, 5, 3),
                line_minor=10_000_00, used_minor=1_000_00, owed_minor=1_005_00, due_minor=1_000_00, paid_minor=0, last_paid_on=None,
                days_past_due=days, overdue_from=dt.date(2026, 7, 11) if days else None, cleared_on=None, carried_cleared_on=None,
                overdue_minor=100_00 if days else 0, overdue_most_minor=100_00 if days else 0, risk_class=2 if days else 1,
                charged_off_minor=0, state="open", ended_on=None, trades=(Trade.DEBT_REDUCED,) if days else (), known_fact_id=1,
            )  # fmt: skip
            for now in (town.clock.now(), town.clock.now() + 30 * DAY):  # first the notice, later the record
                filed = partial(
                    bureau.report_positions,
                    positions=[position],
                    products=bureau.load_products(),
                    consented={"李雷"},
                    now=now,
                )
                run_unit(conn, filed)
    cookie, token = town.begin_session(Role.CUSTOMER, "李雷")
    with watching(chromium, town, {cookie: token}, viewport=PHONE, shots=shots) as eye:
        page = eye.page
        eye.go("/my/settings")
        page.get_by_role("link", name="我的征信").click()
        expect(page.get_by_text("不需要中介")).to_be_visible()
        page.get_by_label("记录有误").check()
        page.locator("#f-about").select_option(f"{account_id}:2026-07-01")
        page.locator("#f-said").fill("七月我住院,医院可以证明")
        page.get_by_role("button", name="提出异议").click()
        expect(page.locator(".notice.good")).to_contain_text("已收到")
        expect(page.get_by_text("异议处理中").first).to_be_visible()
        eye.shoot("my-credit-report")
    with watching(chromium, town, {cookie: token, "honghua_language": "en"}, viewport=DESKTOP, shots=shots) as eye:
        eye.go("/my/bureau")
        eye.shoot("my-credit-report-en")
