"""Who lends to me: named with their codes, with what each has out, and what was told when a part changed hands."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from honghua.credit import api as credit
from honghua.funding import api as funding
from honghua.funding.core import FundingBase, parse_routings
from honghua.store.database import run_unit
from honghua.web.consumer.tests.test_facing import join
from honghua.web.consumer.tests.test_joining import SUITED
from honghua.web.consumer.tests.walking import hidden, walk
from honghua.web.tests.doors import NOON, buy
from tests.verify.sharing import agree_to


def test_nobody_else_lends_whom_no_contract_names(me):
    page = me.get("/my/lenders")
    assert "红花消费金融" in page
    assert "合同没有写明的机构不能出资" in page
    assert "/my/lenders" in me.get("/my/settings")


def test_lenders_their_parts_and_a_notice_of_transfer(me):
    me.browser.cookies.set("honghua_language", "en")
    with me.site.pool.connection() as conn:
        today = run_unit(conn, credit.get_business_day)
        base = FundingBase(on=today - dt.timedelta(days=1), tier1_minor=10**12, loans_minor=10**13)
        run_unit(conn, lambda c: funding.report_base(c, base, source="test", now=NOON))
        agree_to(conn, me.name, "joint-p01", now=NOON)
    page = me.get("/my/lenders")
    assert "示范01银行" in page
    assert "named in your contract" in page
    (answer,) = buy(me.site, me.name, [100_00])
    with me.site.pool.connection() as conn:
        (account_id,) = credit.find_account_ids(conn, [me.name]).values()
        bought = funding.BoughtOnCredit(
            purchase_id=int(answer["purchase_id"]), fact_id=int(answer["fact_id"]), account_id=account_id, principal_minor=100_00, on=today
        )  # fmt: skip
        run_unit(conn, lambda c: funding.allocate_purchase(c, bought, channel="joint-p01", now=NOON))
    page = me.get("/my/lenders")
    assert "CN¥65.00" in page
    assert "reports to the credit bureau as R90000001" in page
    assert "No part changed hands" in page

    def sell(c):
        wish = funding.Proposal(seller="p01", buyer="own", price_ppm=1_000_000, agreement="SALE-1")
        made = funding.propose_transfer(c, wish, person="ann", why="it leaves", now=NOON)
        assert isinstance(made, funding.Transfer)
        funding.decide_transfer(c, made.transfer_id, approve=True, person="bob", why="agreed", now=NOON)
        while not funding.transfer_page(c, made.transfer_id, on=today, now=NOON).is_last:
            pass

    with me.site.pool.connection() as conn:
        run_unit(conn, sell)
    page = me.get("/my/lenders")
    assert "Notice of transfer" in page
    assert "CN¥65.00" not in page


def test_whom_no_contract_names_is_named_by_a_supplement_before_anybody_agrees(house):
    alone = house.app.state.joining
    with walk(house, has_account=False) as me:
        join(me)
        me.follow(me.send("/my/opening/application", **SUITED))
        shown = me.follow(me.send("/my/opening/contract"))
        me.clock.advance(dt.timedelta(seconds=10))
        me.follow(me.send("/my/opening/signature", digest=hidden(shown, "digest"), agreed="yes"))
        assert "补充协议" not in me.get("/my/lenders"), "nobody else would lend"
        route = {"channel": "joint-three", "share_ppm": 1_000_000, "quota_day_minor": 10**9, "named_in": "supplement"}
        rows = [{"effective_on": NOON.date(), "source": "test", "route": [route]}]
        routings = parse_routings(rows, channels=funding.load_book().channels, source="test")
        house.app.state.joining = replace(alone, routings=routings)
        try:
            sign_supplement(me)
        finally:
            house.app.state.joining = alone


def sign_supplement(me):
    """Offered, read, signed, and no longer offered; from then on its lenders are named."""
    assert "目前不能为您出资" in me.get("/my/lenders")
    assert me.browser.get("/my/lenders/agreement").headers["location"] == "/my/lenders", "not drawn yet"
    page = me.follow(me.send("/my/lenders/agreement"))
    for one in funding.name_lenders("joint-three"):
        assert one.name in page
        assert one.reporter in page
    assert "五、共同出资" in page
    with me.site.pool.connection() as conn:
        assert funding.find_named(conn, [me.name]) == {}, "shown is not signed"
    digest = hidden(page, "digest")
    assert me.send("/my/lenders/signature", digest=digest).status_code == 422, "no word given"
    assert "请阅读足够时间" in me.send("/my/lenders/signature", digest=digest, agreed="yes").text
    me.clock.advance(dt.timedelta(seconds=10))
    assert me.send("/my/lenders/signature", digest="00" * 32, agreed="yes").status_code == 422, "another text"
    assert "补充协议已签署" in me.follow(me.send("/my/lenders/signature", digest=digest, agreed="yes"))
    assert "没有需要签署" in me.follow(me.send("/my/lenders/signature", digest=digest, agreed="yes")), "once"
    with me.site.pool.connection() as conn:
        assert funding.find_named(conn, [me.name]) == {me.name: {"p01", "p02"}}
    assert me.browser.get("/my/lenders/agreement.pdf").content.startswith(b"%PDF")
    assert "合同已载明" in me.get("/my/lenders")
