"""What reviewers and the desk read of suspended purchases, beside what was commanded."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.engine import attach
from honghua.credit.suspensions import claim, decide_review, lapse_expired
from honghua.credit.tests.days import NOW, settle
from honghua.credit.tests.test_engine import at, make_setup, release
from honghua.facts.kinds import FactKind

LOOKED = 333_33
MINUTE = dt.timedelta(minutes=1)


def test_reviews_are_counted_and_timed_and_purchases_are_named(database, conn, tmp_path):
    town = settle(database, conn, 3)
    release(conn)
    attach(conn, town.registry, make_setup(tmp_path / "risk"))
    orders = [
        c.BuyNow(
            key=f"r{k}",
            customer=f"C0{k % 3}",
            amount_minor=LOOKED,
            merchant=f"M{k % 2}",
            order=f"o{k}",
            category="food",
        )
        for k in range(5)
    ]
    ids = [answer["suspension_id"] for answer in credit.execute(conn, town.registry, orders, now=NOW)]
    for k, minutes in enumerate((10, 30, 50)):
        assert claim(conn, reviewer="rita", now=at(1), suspension_id=ids[k]) is not None
        answer = decide_review(conn, town.registry, ids[k], reviewer="rita", approve=k != 1, now=at(minutes))
        assert answer["outcome"] == "done"
    span = {"since": NOW - dt.timedelta(days=30), "until": NOW + dt.timedelta(days=30)}
    found = credit.measure_reviews(conn, **span)
    assert (found.came, found.passed, found.denied, found.lapsed, found.waiting) == (5, 2, 1, 0, 2)
    assert found.median_s == pytest.approx(30 * 60)
    assert found.p90_s == pytest.approx(46 * 60)
    assert [item.suspension.suspension_id for item in credit.list_queue(conn, now=at(60))] == ids[3:]
    suspended, claimed, decided = credit.list_suspensions(conn, town.account_id("C01"), limit=9)[-1]
    assert (suspended.suspension_id, suspended.state, claimed, decided) == (ids[1], "denied", "rita", "rita")
    late = NOW + dt.timedelta(days=20)
    assert lapse_expired(conn, town.registry, now=late) == 4
    assert credit.measure_reviews(conn, **span).lapsed == 4
    told = credit.find_suspension(conn, ids[1], now=late)
    assert told is not None
    item, who = told
    assert (item.customer, item.claimed_by, who) == ("C01", None, "rita")
    assert credit.find_suspension(conn, 1, now=late) is None
    named = credit.name_purchases(conn, [*ids, 1])
    assert {number: (one.customer, one.merchant, one.category, one.order) for number, one in named.items()} == {
        number: (order.customer, order.merchant, "food", order.order) for number, order in zip(ids, orders, strict=True)
    }
    assert {one.kind for one in named.values()} == {FactKind.PURCHASE_SUSPENDED}
    with pytest.raises(BadInput):
        credit.name_purchases(conn, range(1_001))
    with pytest.raises(BadInput):
        credit.list_queue(conn, now=late, limit=0)
