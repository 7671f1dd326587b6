"""Grants and coupons: a model that walks their states, and what several of them bear of one order."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.limits.core import Act, Grant, Scope, State, act, left_for, share_out

DAY = dt.date(2026, 11, 1)
SCOPE = Scope("fridges", ("appliances",), ())
ACTS = st.lists(st.tuples(st.sampled_from(list(Act)), st.integers(0, 60), st.integers(0, 12)), max_size=12)


def grant(number: int = 1, amount: int = 100, *, days: int = 8, state: State = State.ISSUED) -> Grant:
    return Grant(
        grant_id=number,
        customer="a",
        scope=SCOPE,
        amount_minor=amount,
        from_on=DAY,
        until_on=DAY + dt.timedelta(days),
        state=state,
    )


@given(ACTS)
@settings(max_examples=300)
def test_every_walk_keeps_the_amount_and_the_days(acts):
    """A model of five lines: what was used and returned, whether it was claimed, ended, taken back."""
    one, used, claimed, ended = grant(), 0, False, False
    for what, amount, day in sorted(acts, key=lambda step: step[2]):
        on = DAY + dt.timedelta(day)
        within = day <= 8
        after = act(one, what, on=on, amount_minor=amount)
        if what is Act.CLAIM:
            allowed = not claimed and not ended and within
            claimed |= allowed
        elif what is Act.USE:
            allowed = claimed and not ended and within and 0 < amount <= 100 - used
            used += amount if allowed else 0
        elif what is Act.GIVE_BACK:
            allowed = 0 < amount <= used and not ended
            used -= amount if allowed else 0
            ended |= allowed and not within
        elif what is Act.EXPIRE:
            allowed = not ended and not within and one.state is not State.SPENT
            ended |= allowed
        else:
            allowed = not ended and one.state is not State.SPENT
            ended |= allowed
        assert (after is not None) == allowed, (one, what, amount, day)
        one = after or one
        assert one.used_minor == used <= one.amount_minor
        usable = claimed and not ended and within
        assert one.left_minor(on) == (100 - used if usable else 0)


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 9)), max_size=5), st.integers(-5, 150), st.integers(0, 150)
)
@settings(max_examples=150)
def test_grants_bear_all_or_nothing_within_the_headroom(parts, wanted, headroom):
    grants = [grant(k + 1, amount, days=days, state=State.ACTIVE) for k, (amount, days) in enumerate(parts)]
    on = DAY + dt.timedelta(3)
    borne = share_out(grants, wanted_minor=wanted, headroom_minor=headroom, on=on)
    free = left_for(grants, headroom_minor=headroom, on=on)
    assert free == min(headroom, sum(amount for amount, days in parts if days >= 3))
    assert sum(part for _, part in borne) == (wanted if 0 < wanted <= free else 0)
    assert all(0 < part <= one.left_minor(on) for one, part in borne)
    assert [one.until_on for one, _ in borne] == sorted(one.until_on for one, _ in borne)


def test_a_scope_covers_its_categories_and_merchants_and_is_never_empty():
    scope = Scope("work_bike", ("e-bikes",), ("M1", "M2"))
    assert scope.covers(category="e-bikes", merchant="M1")
    assert not scope.covers(category="e-bikes", merchant="M3")
    assert not scope.covers(category="phones", merchant="M1")
    for wrong in (("", ("a",)), ("all", ())):
        with pytest.raises(BadInput):
            Scope(*wrong)
