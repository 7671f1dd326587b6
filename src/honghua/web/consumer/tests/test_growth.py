"""The page of growth: rules with where one stands, an offer answered with yes or no, a coupon taken; nobody else's, nothing twice."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.credit import api as credit
from honghua.credit.core import ChangeLimit, LimitCause
from honghua.limits import api as limits
from honghua.limits.core import Moment, Scope
from honghua.web.consumer.tests.walking import walk


@pytest.fixture
def offered(me):
    """An account that was assessed, with a raise and a temporary limit on offer, and a coupon."""
    with me.site.pool.connection() as conn, conn.transaction():
        today = credit.get_business_day(conn)
        now = me.clock.now()
        limits.assess(conn, me.name, ceiling_minor=30_000_00, reason="APPLICATION", lenders=1.0, now=now)
        assert limits.offer_raise(
            conn, me.name, 12_000_00, key=f"raise:{me.name}", rulebook="r", at=Moment(on=today, now=now)
        )
        until = today + dt.timedelta(days=5)
        limits.make_offers(conn, f"618:{me.name}", [(me.name, 500_00)], rulebook="r", until_on=until, now=now)
        wanted = limits.Wanted(
            key=f"coupon:{me.name}", customer=me.name, scope=Scope("家电节", categories=("appliances",)), amount_minor=800_00,
            from_on=today, until_on=until, taken_minor=10_000_00, coupon="spring",
        )  # fmt: skip
        grant = limits.give(conn, wanted, now=now)
        offers = {one.kind: one.offer_id for one in limits.list_offers(conn, me.name, on=today)}
    return me, offers, grant.grant_id


def fixed_minor(me) -> int:
    with me.site.pool.connection() as conn, conn.transaction():
        view = credit.find_account_view(conn, me.site.registry, me.name)
    assert view is not None
    return int(view.limit.fixed_minor)


def test_rules_stand_on_the_page_in_both_languages(me):
    page = me.get("/my/growth")
    assert "上次调整后按时还清的账单数" in page
    assert "现在没有场景额度或额度券" in page
    assert "/my/growth" in me.get("/my/limit")
    assert "/my/growth" in me.get("/my/settings")
    english = me.follow(me.browser.get("/preferences?language=en&back=/my/growth"))
    assert "bills paid on time since the last change" in english
    assert "consumer." not in english


def test_a_yes_is_booked_once_and_a_no_changes_nothing(offered):
    me, offers, _ = offered
    assert "2 个额度优惠" in me.get("/my")
    raised = f"/my/growth/offers/{offers['fixed']}"
    assert me.send(raised, say="perhaps").status_code == 303
    assert fixed_minor(me) == 10_000_00
    assert "额度已调整" in me.follow(me.send(raised, say="yes"))
    assert fixed_minor(me) == 12_000_00
    page = me.follow(me.send(raised, say="yes"))
    assert "这个优惠已结束" in page
    assert "¥12,000.00" in page
    assert "额度不变" in me.follow(me.send(f"/my/growth/offers/{offers['temporary']}", say="no"))
    assert fixed_minor(me) == 12_000_00
    assert "额度优惠待确认" not in me.get("/my")


def test_what_risk_no_longer_approves_is_not_carried_out(offered):
    me, offers, _ = offered
    with me.site.pool.connection() as conn, conn.transaction():
        limits.assess(conn, me.name, ceiling_minor=11_000_00, reason="APPLICATION", lenders=1.0, now=me.clock.now())
    assert "评估有变化" in me.follow(me.send(f"/my/growth/offers/{offers['fixed']}", say="yes"))
    assert fixed_minor(me) == 10_000_00


def test_a_coupon_is_taken_once_and_only_by_its_owner(offered, house):
    me, offers, grant = offered
    path = f"/my/growth/coupons/{grant}"
    with walk(house) as other:
        assert other.send(path).status_code == 404
        assert other.send(f"/my/growth/offers/{offers['fixed']}", say="yes").status_code == 404
        assert "家电节" not in other.get("/my/growth")
    assert "家电节" in me.get("/my/growth")
    assert "已领取" in me.follow(me.send(path))
    assert "不能领取" in me.follow(me.send(path))


def test_the_command_of_an_offer_is_a_change_with_its_consent(offered):
    me, offers, _ = offered
    with me.site.pool.connection() as conn:
        command = credit.make_acceptance(conn, me.site.registry, offers["fixed"], customer=me.name)
    assert isinstance(command, ChangeLimit)
    assert isinstance(command.cause, LimitCause)
    assert command.cause.consent == f"offer/{offers['fixed']}"
