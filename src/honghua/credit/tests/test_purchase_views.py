"""What a customer is told of each purchase: its state after everything that happened, its story, and what still waits."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.api import execute
from honghua.credit.core.commands import Order
from honghua.credit.engine import attach
from honghua.credit.suspensions import claim, decide_review
from honghua.credit.tests.days import NOW, settle
from honghua.credit.tests.test_engine import make_setup, release

ME = "C00"


@pytest.fixture
def town(database, conn, tmp_path):
    """A town whose engine answers by amount."""
    town = settle(database, conn, 2)
    release(conn)
    attach(conn, town.registry, make_setup(tmp_path / "risk"))
    return town


def do(town, command: c.Command, *, minutes: int = 0) -> dict[str, Any]:
    return execute(town.conn, town.registry, [command], now=NOW + dt.timedelta(minutes=minutes))[0]


def states(town) -> dict[str, str]:
    return {one.order: one.state.value for one in credit.list_purchases(town.conn, ME)}


def order(kind: type[Order], name: str, amount: int, **more: Any) -> Any:
    return kind(key=name, customer=ME, amount_minor=amount, merchant="M", order=name, category="food", **more)


def test_each_purchase_has_the_state_that_its_facts_leave(town):
    ids = {
        name: do(town, order(c.BuyNow, name, 10_000))["purchase_id"]
        for name in ("kept", "part", "whole", "undone", "told")
    }
    do(town, c.RefundPurchase(key="r1", customer=ME, purchase_id=ids["part"], amount_minor=3_000))
    do(town, c.RefundPurchase(key="r2", customer=ME, purchase_id=ids["whole"], amount_minor=10_000))
    do(town, c.ReportFraud(key="f", customer=ME, purchase_id=ids["told"]))
    held = do(town, order(c.AuthorisePurchase, "held", 5_000))["purchase_id"]
    gone = do(town, order(c.AuthorisePurchase, "gone", 5_000))["purchase_id"]
    do(town, c.VoidAuthorisation(key="v", customer=ME, purchase_id=gone))
    do(town, order(c.BuyNow, "refused", 44_444))
    do(town, order(c.BuyNow, "asked", 11_111))
    undone = credit.find_purchase_detail(town.conn, ME, ids["undone"])
    assert undone is not None
    fact_id = next(one.fact_id for one in credit.list_history(town.conn, town.registry, ME) if "undone" in one.text)
    do(town, c.ReverseFact(key="x", customer=ME, fact_id=fact_id, reason="a mistake"))
    assert states(town) == {
        "kept": "bought", "part": "partly_refunded", "whole": "refunded", "undone": "reversed", "told": "bought", "held": "held",
        "gone": "released", "refused": "refused", "asked": "waiting",
    }  # fmt: skip
    told = credit.find_purchase_detail(town.conn, ME, ids["told"])
    assert told is not None
    assert told.summary.is_reported
    assert [one.kind[1] for one in told.happenings] == ["purchase", "fraud reported or cleared"]
    assert credit.find_purchase_detail(town.conn, "C01", held) is None
    assert credit.list_purchases(town.conn, "nobody") == []


def test_pages_of_purchases_follow_each_other(town):
    for k in range(5):
        do(town, order(c.BuyNow, f"o{k}", 100 + k))
    first = credit.list_purchases(town.conn, ME, limit=2)
    second = credit.list_purchases(town.conn, ME, limit=2, before=first[-1].purchase_id)
    assert [one.order for one in (*first, *second)] == ["o4", "o3", "o2", "o1"]


def test_what_waits_is_listed_until_it_ends(town):
    asked = do(town, order(c.BuyNow, "review", 33_333))["suspension_id"]
    slow = do(town, order(c.BuyNow, "slow", 22_222))["suspension_id"]
    waiting = credit.list_waiting(town.conn, ME, now=NOW)
    assert [(one.suspension_id, one.kind, one.state) for one in waiting] == [
        (slow, "delayed", "waiting"),
        (asked, "review", "waiting"),
    ]
    assert waiting[0].until == NOW + dt.timedelta(minutes=60)
    assert credit.list_waiting(town.conn, "C01", now=NOW) == []
    assert credit.find_waiting(town.conn, "C01", asked) is None
    assert credit.list_waiting(town.conn, ME, now=NOW + dt.timedelta(days=9)) == []
    claim(town.conn, reviewer="Rita", now=NOW)
    decide_review(town.conn, town.registry, asked, reviewer="Rita", approve=False, now=NOW)
    ended = credit.find_waiting(town.conn, ME, asked)
    assert ended is not None
    assert ended.state == "denied"
    assert states(town)["review"] == "denied"
    going_on = c.Continuation(suspension_id=slow, confirmed=True)
    bought = do(town, c.BuyNow(
        key="on", customer=ME, amount_minor=22_222, merchant="M", order="slow", category="food", continues=going_on,
    ), minutes=61)  # fmt: skip
    assert bought["outcome"] == "approved"
    assert [one.order for one in credit.list_purchases(town.conn, ME) if one.order == "slow"] == ["slow"]
    assert credit.list_waiting(town.conn, ME, now=NOW) == []
