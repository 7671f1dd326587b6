"""Applications, second looks, grants and offers on a database: recorded as judged, judged the same again, once under each key."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import psycopg
import pytest

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.limits import api as limits
from honghua.limits import store
from honghua.limits.core import Applicant, Moment, Rulebook, Scan, Scope, State
from honghua.store.wishes import WishState, get_wish_state

NOW = dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC)
AT = Moment(on=dt.date(2026, 11, 22), now=NOW)
BOOK = Rulebook()
GOOD = Applicant(
    customer="ann", age_years=30, identity=0.99, fraud=0.01, has_file=1, income_minor=800_000, debt_service_minor=50_000,
    debt_minor=500_000, lenders=1, inquiries_6m=1, worst_24m=0, months_known=30, orders_12m=30, dpd_max_24m=0,
)  # fmt: skip
THIN = Applicant(customer="bo", age_years=23, identity=0.95, months_known=30, orders_12m=30)
DOUBTFUL = replace(GOOD, customer="chen", identity=0.7)


def test_applications_are_recorded_once_and_judge_the_same_again(
    conn: psycopg.Connection, owner_conn: psycopg.Connection
):
    first = limits.apply(conn, BOOK, GOOD, key="a1", at=AT)
    assert (first.outcome, first.decided_by) == ("approved", "")
    assert first.suggested_minor <= first.limit_minor <= first.ceiling_minor
    assert 0 < first.price_ppm <= 240_000
    assert limits.apply(conn, BOOK, replace(GOOD, income_minor=1), key="a1", at=AT) == first  # what was said
    with pytest.raises(Conflict):
        limits.apply(conn, BOOK, THIN, key="a1", at=AT)
    thin = limits.apply(conn, BOOK, THIN, key="b1", at=AT)
    assert (thin.outcome, thin.code) == ("approved", "START_LOW")
    assert thin.limit_minor <= BOOK.terms.start_high_minor < first.limit_minor
    student = limits.apply(conn, BOOK, replace(GOOD, customer="stu", is_student=1), key="s1", at=AT)
    assert (student.outcome, student.code, student.limit_minor) == ("refused", "STUDENT_BARRED", 0)
    assert student.human_path[1]
    assert student.reasons[0][0] == "STUDENT_BARRED"
    assert limits.find_ceilings(conn, ["ann", "bo", "stu"]) == {
        "ann": (first.ceiling_minor, 1.0), "bo": (thin.ceiling_minor, None),
    }  # fmt: skip
    conn.commit()
    assert limits.replay_applications(conn) == (3, [])
    conn.commit()
    owner_conn.execute("ALTER TABLE limits_application DISABLE TRIGGER refuse_change")
    owner_conn.execute("UPDATE limits_application SET able = able + 1e-16 * able + 1e-9 WHERE customer = 'bo'")
    owner_conn.commit()
    assert limits.replay_applications(conn) == (3, [thin.application_id])


def test_people_decide_what_waits_and_what_law_forbids_stays_forbidden(conn: psycopg.Connection):
    waiting = limits.apply(conn, BOOK, DOUBTFUL, key="c1", at=AT)
    assert (waiting.outcome, waiting.queue) == ("review", "identity")
    refused = limits.apply(conn, BOOK, replace(GOOD, customer="many", lenders=7), key="m1", at=AT)
    barred = limits.apply(conn, BOOK, replace(GOOD, customer="old", age_years=80), key="o1", at=AT)
    assert [one.application_id for one in limits.list_applications(conn)] == [waiting.application_id]
    with pytest.raises(Conflict):
        limits.settle_application(
            conn, BOOK, refused.application_id, limits.Word(reviewer="r", approve=True, why="x"), now=NOW
        )
    for one in (refused, barred):
        assert limits.request_human(conn, one.application_id, now=NOW).outcome == "review"
    with pytest.raises(Conflict):
        limits.request_human(conn, refused.application_id, now=NOW)
    assert len(limits.list_applications(conn)) == 3
    with pytest.raises(BadInput):
        limits.settle_application(
            conn, BOOK, waiting.application_id, limits.Word(reviewer="r", approve=True, why=" "), now=NOW
        )
    with pytest.raises(Conflict):
        limits.settle_application(
            conn, BOOK, barred.application_id, limits.Word(reviewer="r", approve=True, why="x"), now=NOW
        )
    word = limits.Word(reviewer="rita", approve=True, why="called, all in order")
    settled = limits.settle_application(conn, BOOK, refused.application_id, word, now=NOW)
    assert (settled.outcome, settled.decided_by, settled.limit_minor) == ("approved", "rita", BOOK.terms.start_minor)
    with pytest.raises(Conflict):
        limits.settle_application(conn, BOOK, refused.application_id, word, now=NOW)
    with pytest.raises(NotFound):
        limits.get_application(conn, 10**9)


def test_a_second_look_stops_what_changed_since(conn: psycopg.Connection):
    good = limits.apply(conn, BOOK, GOOD, key="a1", at=AT)
    same = Scan(fraud=0.01, lenders=1, debt_minor=500_000, inquiries_6m=1, worst_24m=0)
    assert limits.second_scan(conn, BOOK, good.application_id, same, at=AT).outcome == "clear"
    for changed, code in (
        (replace(same, is_reported=True), "FRAUD_SINCE"),
        (replace(same, fraud=0.5), "FRAUD_SINCE"),
        (replace(same, lenders=3), "LENDERS_SINCE"),
        (replace(same, debt_minor=500_000 + good.limit_minor), "DEBT_SINCE"),
        (replace(same, inquiries_6m=7), "INQUIRIES_SINCE"),
        (replace(same, worst_24m=1), "ADVERSE_SINCE"),
    ):
        found = limits.second_scan(conn, BOOK, good.application_id, changed, at=AT)
        assert (found.outcome, found.code) == ("blocked", code)
        assert found.english
    late = Moment(on=AT.on + dt.timedelta(days=BOOK.terms.approval_days + 1), now=NOW)
    assert limits.second_scan(conn, BOOK, good.application_id, same, at=late).code == "APPROVAL_STALE"
    waiting = limits.apply(conn, BOOK, DOUBTFUL, key="c1", at=AT)
    assert limits.second_scan(conn, BOOK, waiting.application_id, same, at=AT).code == "NOT_APPROVED_YET"


def wanted(key: str, amount: int, *, customer: str = "ann", coupon: str = "", taken: int = 0) -> limits.Wanted:
    return limits.Wanted(
        key=key, customer=customer, scope=Scope("fridges", ("appliances",)), amount_minor=amount, from_on=AT.on,
        until_on=AT.on + dt.timedelta(days=10), taken_minor=taken, coupon=coupon,
    )  # fmt: skip


def test_coupons_stay_within_the_headroom_and_go_through_their_states(conn: psycopg.Connection):
    with pytest.raises(Conflict) as nobody:
        limits.give(conn, wanted("g0", 1), now=NOW)
    assert nobody.value.code == "HEADROOM_SHORT"
    ceiling = limits.apply(conn, BOOK, GOOD, key="a1", at=AT).ceiling_minor
    taken = ceiling - 100_000
    coupon = limits.give(conn, wanted("g1", 60_000, coupon="618", taken=taken), now=NOW)
    assert (coupon.state, coupon.left_minor(AT.on)) == (State.ISSUED, 0)
    assert limits.give(conn, wanted("g1", 60_000, coupon="618", taken=taken), now=NOW) == coupon
    with pytest.raises(Conflict):
        limits.give(conn, wanted("g2", 40_001, taken=taken), now=NOW)
    with pytest.raises(BadInput):
        limits.give(conn, wanted("g3", 0, taken=taken), now=NOW)
    with pytest.raises(NotFound):
        limits.claim(conn, coupon.grant_id, customer="bo", at=AT)
    assert not limits.is_any_bound(conn, ["ann"], on=AT.on)
    assert limits.claim(conn, coupon.grant_id, customer="ann", at=AT).state is State.ACTIVE
    with pytest.raises(Conflict):
        limits.claim(conn, coupon.grant_id, customer="ann", at=AT)
    bound = limits.load_bound(conn, ["ann", "bo"], [], on=AT.on)["ann"]
    assert (bound.ceiling_minor, [one.grant_id for one in bound.grants]) == (ceiling, [coupon.grant_id])
    limits.move_grants(conn, [limits.Use(coupon.grant_id, 77, 60_000, 5)], [], on=AT.on, now=NOW)
    with pytest.raises(AssertionError):
        limits.move_grants(conn, [limits.Use(coupon.grant_id, 78, 1, 6)], [], on=AT.on, now=NOW)
    again = limits.load_bound(conn, ["ann"], [77], on=AT.on)["ann"]
    assert again.carried == [limits.CarriedRow(77, coupon.grant_id, 60_000, 0)]
    limits.move_grants(conn, [], [limits.Use(coupon.grant_id, 77, 10_000, 7)], on=AT.on, now=NOW)
    with pytest.raises(BadInput):
        limits.revoke(conn, coupon.grant_id, why="", at=AT)
    assert limits.revoke(conn, coupon.grant_id, why="fraud ring", at=AT).used_minor == 50_000
    other = limits.give(conn, wanted("g4", 10_000, taken=taken), now=NOW)
    assert limits.expire(conn, by=other.until_on, now=NOW) == 0
    assert limits.expire(conn, by=other.until_on + dt.timedelta(days=1), now=NOW) == 1
    assert limits.list_grants(conn, "ann") == []


def test_changes_are_noted_once_and_told_and_offers_end(conn: psycopg.Connection):
    change = limits.Change(
        9, "ann", "fixed", 100, 150, "GROWTH", "fact:8", "ab", "m", "automated_decision/1", "limit:9", AT.on, NOW
    )
    assert limits.note_changes(conn, [change], now=NOW) == 1
    assert limits.note_changes(conn, [change], now=NOW) == 0
    assert limits.list_changes(conn, "ann", limit=5) == [change]
    assert get_wish_state(conn, "limit:9") is WishState.WAITING
    assert limits.find_last_days(conn, ["ann", "bo"]) == {"ann": AT.on}
    until = AT.on + dt.timedelta(days=3)
    assert limits.make_offers(conn, "618", [("ann", 5_000), ("bo", 7_000)], rulebook="ab", until_on=until, now=NOW) == 2
    assert limits.offer_raise(conn, "ann", 20_000, key="k", rulebook="ab", at=AT)
    assert not limits.offer_raise(conn, "ann", 20_000, key="k2", rulebook="ab", at=AT)
    temporary, raised = limits.list_offers(conn, "ann", on=AT.on)
    assert (temporary.kind, raised.kind) == ("temporary", "fixed")
    with pytest.raises(NotFound):
        limits.accept_offer(conn, temporary.offer_id, customer="bo", on=AT.on)
    assert limits.accept_offer(conn, temporary.offer_id, customer="ann", on=AT.on).amount_minor == 5_000
    limits.settle_offer(conn, temporary.offer_id, is_accepted=True, now=NOW)
    with pytest.raises(Conflict):
        limits.accept_offer(conn, temporary.offer_id, customer="ann", on=AT.on)
    assert limits.lapse_offers(conn, by=until + dt.timedelta(days=1), now=NOW) == 1
    with pytest.raises(BadInput):
        limits.assess(conn, "ann", 1, reason="NONSENSE", lenders=None, now=NOW)
    limits.assess(conn, "ann", 1, reason="LENDERS_GREW", lenders=4, now=NOW)
    assert store.find_ceilings(conn, ["ann"]) == {"ann": (1, 4.0)}
