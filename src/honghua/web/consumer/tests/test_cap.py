"""A cap of one's own: set on the page, held by the books whoever sells, lowered at once, raised only later."""

from __future__ import annotations

import asyncio

from honghua.credit.core import BuyNow
from honghua.web.consumer.tests.walking import hidden


def set_cap(me, amount: str, **more: str) -> str:
    key = hidden(me.get("/my/cap"), "key")
    return str(me.follow(me.send("/my/cap", key=key, amount=amount, **more)))


def buy(me, amount_minor: int) -> dict[str, object]:
    """At a till, past all pages."""
    command = BuyNow(
        key=f"till:{me.name}:{amount_minor}", customer=me.name, amount_minor=amount_minor, merchant="书店", order=f"o{amount_minor}",
        category="books",
    )  # fmt: skip
    (answer,) = asyncio.run(me.site.booker.submit([command], seconds_max=120.0))
    return dict(answer)


def test_the_books_hold_the_cap_and_the_page_tells_what_is_left(me):
    assert "没有设置上限" in me.get("/my/cap")
    page = set_cap(me, "200")
    assert "¥200.00" in page
    assert buy(me, 150_00)["outcome"] == "approved"
    assert "¥50.00" in me.get("/my/cap")
    refused = buy(me, 51_00)
    assert (refused["outcome"], refused["code"]) == ("refused", "SPENDING_CAP")
    assert buy(me, 50_00)["outcome"] == "approved"
    me.get("/shop")
    checkout = me.send("/shop/buy", goods="tea").headers["location"]
    assert "超出您为自己设定的本月上限" in me.get(checkout)
    assert "您自己设定的上限" in me.sign(me.send(checkout, plan="0"), wait_s=0)


def test_raising_and_removing_wait_and_lowering_does_not(me):
    set_cap(me, "100")
    assert "上限变为 ¥500.00" in set_cap(me, "500")
    assert buy(me, 101_00)["code"] == "SPENDING_CAP"
    assert "¥80.00" in set_cap(me, "80")
    assert buy(me, 81_00)["code"] == "SPENDING_CAP"
    assert "不再有上限" in set_cap(me, "", none="yes")
    assert buy(me, 82_00)["code"] == "SPENDING_CAP"


def test_what_is_no_amount_is_told_at_the_field(me):
    key = hidden(me.get("/my/cap"), "key")
    for amount in ("", "abc", "-5", "1.234", "0"):
        answer = me.send("/my/cap", key=key, amount=amount)
        assert answer.status_code == 422, amount
