"""Caps and limits for one scene in real units of work: the plain column lane and the handlers answer alike."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import psycopg
import pytest

from honghua.base.errors import Conflict
from honghua.credit import core as c
from honghua.credit import unit
from honghua.credit.api import execute, find_account_ids, find_spending_cap, open_registry, start_book
from honghua.credit.guarding import is_any_guarded
from honghua.credit.limiting.accepting import accept
from honghua.credit.limiting.following import Assessment, Follower, follow_limits, reassess
from honghua.credit.registry import Registry
from honghua.credit.viewing.growth import find_growth, read_records
from honghua.limits import api as limits
from honghua.limits.core import Applicant, Moment, Rulebook, Scope, decide_move, explain_growth
from honghua.store.database import connect, scratch_database
from honghua.store.wishes import WishState, count_wishes

DAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)
AT = Moment(on=DAY, now=NOW)
GOOD = Applicant(
    customer="ann", age_years=30, identity=0.99, fraud=0.01, has_file=1, income_minor=800_000, debt_service_minor=50_000, lenders=1,
    inquiries_6m=1, worst_24m=0, months_known=30, orders_12m=30, dpd_max_24m=0,
)  # fmt: skip


@pytest.fixture
def registry(conn: psycopg.Connection) -> Registry:
    registry = open_registry(conn)
    conn.commit()
    start_book(conn, day=DAY)
    return registry


def do(
    conn: psycopg.Connection, registry: Registry, *commands: c.Command, now: dt.datetime = NOW
) -> list[dict[str, Any]]:
    return execute(conn, registry, list(commands), now=now)


def buy(
    key: str, amount: int, *, customer: str = "ann", category: str = "goods", on: dt.date | None = None
) -> c.BuyNow:
    return c.BuyNow(key=key, customer=customer, amount_minor=amount, merchant="M", order=key, category=category, on=on)


def opened(key: str, limit: int, *, customer: str = "ann") -> c.OpenAccount:
    return c.OpenAccount(key=key, customer=customer, limit_minor=limit)


def test_a_cap_holds_in_one_unit_and_the_next_and_leaves_others_alone(conn: psycopg.Connection, registry: Registry):
    do(conn, registry, opened("o1", 100_000), opened("o2", 100_000, customer="bo"), buy("p0", 4_000))
    cap = c.SetSpendingCap(key="c1", customer="ann", cap_minor=20_000)
    answers = do(
        conn, registry, cap, buy("p1", 10_000), buy("p2", 6_001), buy("p3", 90_000, customer="bo"), buy("p4", 6_000)
    )
    assert [a["outcome"] for a in answers] == ["done", "approved", "refused", "approved", "approved"]
    assert (answers[2]["code"], answers[2]["spent_minor"]) == ("SPENDING_CAP", 14_000)
    void = do(
        conn,
        registry,
        c.RefundPurchase(key="r1", customer="ann", purchase_id=answers[1]["purchase_id"], amount_minor=3_000),
    )
    assert void[0]["outcome"] == "done"
    undone = c.ReverseFact(key="u1", customer="ann", fact_id=void[0]["fact_id"], reason="a mistake")
    next_unit = do(conn, registry, buy("p5", 3_000), undone, buy("p6", 1))
    assert [a["outcome"] for a in next_unit] == ["approved", "done", "refused"]
    earlier = do(conn, registry, buy("p7", 1, on=DAY))
    assert earlier[0]["code"] == "SPENDING_CAP"
    raised = do(conn, registry, c.SetSpendingCap(key="c2", customer="ann", cap_minor=0))
    assert (raised[0]["cap_now_minor"], raised[0]["from_on"]) == (20_000, "2026-03-03")
    view = find_spending_cap(conn, "ann")
    assert view is not None
    assert (view.cap_minor, view.spent_this_month_minor, view.next_minor, view.next_on) == (
        20_000,
        23_000,
        0,
        "2026-03-03",
    )
    assert find_spending_cap(conn, "bo") is find_spending_cap(conn, "nobody") is None
    ids = find_account_ids(conn, ["ann", "bo"])
    assert is_any_guarded(conn, {ids["ann"]: "ann"}, [], on=DAY)
    assert not is_any_guarded(conn, {ids["bo"]: "bo"}, [buy("x", 1, customer="bo")], on=DAY)
    assert is_any_guarded(conn, {ids["bo"]: "bo"}, [c.SetSpendingCap(key="x", customer="bo", cap_minor=1)], on=DAY)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_column_lane_answers_guarded_and_other_customers_as_the_handlers_do(store_settings, monkeypatch, seed: int):
    """The same stream of purchases, by columns and one by one: the same answers, the same caps and grants."""
    told = []
    for plain_from in (unit.PLAIN_FROM, 10**9):
        monkeypatch.setattr(unit, "PLAIN_FROM", plain_from)
        with scratch_database(store_settings) as database, connect(database) as conn:
            told.append(live_stream(conn, np.random.default_rng(seed)))
    assert told[0] == told[1]
    codes = {answer.get("code") for answer in told[0][0]}
    assert {"SPENDING_CAP", "LIMIT_SHORT"} <= codes


def live_stream(
    conn: psycopg.Connection, rng: np.random.Generator
) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
    """Three units of purchases of a capped customer, one with a grant, and two others."""
    registry = open_registry(conn)
    conn.commit()
    start_book(conn, day=DAY)
    names = ["ann", "bo", "chen", "dai"]
    do(conn, registry, *(opened(f"o:{who}", 100_000, customer=who) for who in names))
    do(conn, registry, c.SetSpendingCap(key="cap", customer="bo", cap_minor=40_000))
    with conn.transaction():
        limits.assess(conn, "ann", 180_000, reason="APPLICATION", lenders=1, now=NOW)
        wanted = limits.Wanted(
            key="g", customer="ann", scope=Scope("work_bike", ("e-bikes",)), amount_minor=60_000, from_on=DAY,
            until_on=DAY + dt.timedelta(days=9), taken_minor=100_000,
        )  # fmt: skip
        limits.give(conn, wanted, now=NOW)
    answers: list[dict[str, Any]] = []
    for k in range(3):
        stream = [
            buy(
                f"{k}:{i}",
                int(rng.integers(100, 15_000)),
                customer=str(rng.choice(names)),
                category=str(rng.choice(["goods", "e-bikes"])),
            )
            for i in range(25)
        ]
        answers += do(conn, registry, *stream)
    said = [
        {name: value for name, value in one.items() if not name.endswith("_id") and name != "fact_ids"}
        for one in answers
    ]
    return said, conn.execute("SELECT used_minor, state FROM limits_grant").fetchall()


def test_a_grant_is_used_by_its_scene_in_the_purchases_own_transaction(conn: psycopg.Connection, registry: Registry):
    do(conn, registry, opened("o1", 100_000))
    with conn.transaction():
        ceiling = limits.apply(conn, Rulebook(), GOOD, key="a", at=AT).ceiling_minor
        wanted = limits.Wanted(
            key="g", customer="ann", scope=Scope("work_bike", ("e-bikes",)), amount_minor=30_000, from_on=DAY,
            until_on=DAY + dt.timedelta(days=9), taken_minor=100_000,
        )  # fmt: skip
        grant = limits.give(conn, wanted, now=NOW)
    assert ceiling >= 130_000
    held = c.AuthorisePurchase(
        key="h", customer="ann", amount_minor=20_000, merchant="M", order="h", category="e-bikes"
    )
    answers = do(
        conn,
        registry,
        buy("p1", 100_001),
        buy("p2", 95_000),
        held,
        buy("p3", 5_001),
        buy("p4", 15_001, category="e-bikes"),
    )
    assert [a.get("code", "") for a in answers] == ["LIMIT_SHORT", "", "", "LIMIT_SHORT", "LIMIT_SHORT"]
    assert limits.list_grants(conn, "ann")[0].used_minor == 15_000
    conn.commit()
    do(conn, registry, c.VoidAuthorisation(key="v", customer="ann", purchase_id=answers[2]["purchase_id"]))
    assert limits.list_grants(conn, "ann")[0].used_minor == 0
    conn.commit()
    last = do(conn, registry, buy("p5", 35_000, category="e-bikes"))
    assert last[0]["outcome"] == "approved"
    assert limits.list_grants(conn, "ann") == []
    rows = conn.execute(
        "SELECT act, amount_minor FROM limits_grant_event WHERE grant_id = %s ORDER BY event_id", [grant.grant_id]
    ).fetchall()
    assert rows == [("grant", 30_000), ("use", 15_000), ("give_back", 15_000), ("use", 30_000)]


def test_limits_follow_facts_with_reason_rulebook_consent_and_notice(conn: psycopg.Connection, registry: Registry):
    do(conn, registry, opened("o1", 100_000), opened("o2", 100_000, customer="bo"))
    with conn.transaction():
        for who in ("ann", "bo"):
            limits.assess(conn, who, 500_000, reason="APPLICATION", lenders=1, now=NOW)
    follower = Follower(find_consent=lambda _conn, who: "automated_decision/1" if who == "ann" else "")
    first = follow_limits(conn, registry, follower, now=NOW)
    assert (first.noted, first.raised, first.cut, first.offered) == (2, 0, 0, 0)
    with conn.transaction():
        record = read_records(conn, registry, [find_account_ids(conn, ["ann"])["ann"]])["ann"][1]
    assert {rule.code for rule in explain_growth(Rulebook().terms, record).missing} == {"ON_TIME", "WAITED", "IN_USE"}
    make_good_months(conn, registry, ("ann", "bo"))
    second = follow_limits(conn, registry, follower, now=NOW + dt.timedelta(days=130))
    assert (second.raised, second.offered, second.cut) == (1, 1, 0)
    third = follow_limits(conn, registry, follower, now=NOW + dt.timedelta(days=130, seconds=1))
    assert (third.noted, third.raised) == (1, 0)
    change = limits.list_changes(conn, "ann", limit=1)[0]
    assert (change.reason, change.from_minor, change.to_minor) == ("GROWTH", 100_000, 150_000)
    assert (change.consent, change.rulebook) == ("automated_decision/1", Rulebook().digest.hex())
    assert change.model
    offer = limits.list_offers(conn, "bo", on=DAY)[0]
    assert offer.amount_minor == 150_000
    conn.commit()
    assert accept(conn, registry, offer.offer_id, customer="bo", now=NOW)["outcome"] == "done"
    with pytest.raises(Conflict):
        accept(conn, registry, offer.offer_id, customer="bo", now=NOW)
    follow_limits(conn, registry, follower, now=NOW)
    view = find_growth(conn, registry, Rulebook().terms, "bo")
    assert view is not None
    assert (view.record.limit_minor, view.changes[0].consent) == (150_000, f"offer/{offer.offer_id}")
    assert count_wishes(conn, limits.NOTICE)[WishState.WAITING] == 4
    conn.commit()
    alarm = Assessment(ceiling_minor=60_000, reason="LENDERS_GREW", lenders=5)
    assert reassess(conn, registry, follower, "ann", alarm, now=NOW).cut == 1
    bought = do(conn, registry, buy("last", 9_000, customer="bo"))
    do(conn, registry, c.GrantTemporaryLimit(key="t", customer="bo", amount_minor=10_000))
    do(
        conn,
        registry,
        c.ReportFraud(key="f", customer="bo", purchase_id=bought[0]["purchase_id"], source=c.LABEL_REVIEW),
    )
    fourth = follow_limits(conn, registry, follower, now=NOW)
    assert fourth.cut == 1
    with conn.transaction():
        record = read_records(conn, registry, [find_account_ids(conn, ["bo"])["bo"]])["bo"][1]
    assert (record.limit_minor, record.ceiling_minor, record.has_temporary) == (10_000, 10_000, False)
    assert decide_move(Rulebook().terms, record).to_minor == 10_000
    assert follow_limits(conn, registry, follower, now=NOW).cut == 0


def make_good_months(conn: psycopg.Connection, registry: Registry, who: tuple[str, ...]) -> None:
    """Four bills, each bought for and repaid in time."""
    for month in range(4):
        day = DAY + dt.timedelta(days=31 * month)
        conn.execute("UPDATE credit_book SET business_on = %s", [day + dt.timedelta(days=1)])
        conn.commit()
        now = NOW + dt.timedelta(days=31 * month + 1)
        do(conn, registry, *(buy(f"m{month}:{one}", 50_000, customer=one) for one in who), now=now)
        conn.execute("UPDATE credit_book SET business_on = %s", [day + dt.timedelta(days=31)])
        conn.commit()
        paid = [c.Repay(key=f"r{month}:{one}", customer=one, amount_minor=50_000) for one in who]
        do(conn, registry, *paid, now=NOW + dt.timedelta(days=31 * (month + 1)))
