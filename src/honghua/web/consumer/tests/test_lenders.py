"""Who lends to me: named with their codes, with what each has out, and what was told when a part changed hands."""

from __future__ import annotations

import datetime as dt

from honghua.credit import api as credit
from honghua.funding import api as funding
from honghua.funding.core import FundingBase
from honghua.store.database import run_unit
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
