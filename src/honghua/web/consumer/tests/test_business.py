"""The business line on the page: applied for with the proof there is, signed, kept apart; suppliers use its reference at our door."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace

from honghua.credit import api as credit
from honghua.credit.core import BuyNow
from honghua.customers import api as customers
from honghua.customers.core import find_licence_check
from honghua.web.consumer.tests.test_joining import SUITED, agree, evidence
from honghua.web.consumer.tests.walking import Walk, hidden, walk

FRONT = "92110105MA0098765"
CAFE = {
    "name": "示范小馆", "licence": FRONT + find_licence_check(FRONT), "sector": "catering", "takings": "90000", "asked": "20000",
    "shops": "示范小馆一店",
}  # fmt: skip


def sign(me: Walk, path: str, to: str) -> str:
    shown = me.follow(me.send(path))
    assert "假的核验机构" in shown, "a fake proved the identity, and either contract says so"
    me.clock.advance(dt.timedelta(seconds=10))
    return me.follow(me.send(to, digest=hidden(shown, "digest"), agreed="yes"))


def buy(me: Walk, line: str, category: str, merchant: str = "批发市场") -> tuple[str, str]:
    """One order through the site's booker, as a shop's checkout sends it."""
    key = f"{line} {category} {merchant}"
    order = BuyNow(key=key, customer=line, order=key, amount_minor=5_000, merchant=merchant, category=category)
    (answer,) = asyncio.run(me.site.booker.submit([order]))
    return str(answer["outcome"]), str(answer.get("code", ""))


def test_a_business_line_from_application_to_repayment(house):
    house.app.state.joining = replace(house.app.state.joining, register=customers.FakeBusinessRegister(1))
    with walk(house, has_account=False) as me:
        assert "请先完成身份核验" in me.get("/my/business")
        agree(me)
        me.film("joining")
        me.send("/my/opening/identity", **evidence())
        me.send("/my/opening/application", **SUITED)
        assert "开通成功" in sign(me, "/my/opening/contract", "/my/opening/signature")
        wrong = me.send("/my/business/application", **{**CAFE, "licence": "92110105MA00987650", "sector": "magic"})
        assert wrong.status_code == 422
        assert "统一社会信用代码不正确" in wrong.text
        assert "审批通过" in me.follow(me.send("/my/business/application", **CAFE))
        me.follow(me.send("/my/business/application", **CAFE))  # sent twice, taken once
        page = sign(me, "/my/business/contract", "/my/business/signature")
        line = f"{me.name}~business"
        assert line in page
        assert "经营额度" in me.get("/my/business")
        assert buy(me, line, "stock") == ("approved", "")
        assert buy(me, line, "groceries") == buy(me, me.name, "stock") == ("refused", "PURPOSE_REFUSED")
        assert buy(me, me.name, "groceries") == ("approved", "")
        assert buy(me, me.name, "groceries", "示范小馆一店") == ("refused", "OWN_SHOP")
        paid = me.send("/my/business/repay", amount="20", key=hidden(me.get("/my/business"), "key"))
        assert "已收到经营还款" in me.follow(paid)
        with me.site.pool.connection() as conn:
            owed = [credit.find_account_view(conn, me.site.registry, who) for who in (line, me.name)]
        assert [view.owed_minor for view in owed if view is not None] == [3_000, 5_000]
        first, second = (
            me.browser.get(path).content for path in ("/my/opening/contract.pdf", "/my/business/contract.pdf")
        )
        assert first.startswith(b"%PDF")
        assert second.startswith(b"%PDF")
        assert first != second
