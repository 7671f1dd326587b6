"""The brake: stops a rule that suddenly refuses everybody, in event time, however decisions are grouped into batches."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.decision.core.brake import NEVER_STOP, Brake, BrakePlan, BrakeState
from honghua.decision.core.outcomes import Outcome

S = 1_000_000
PLAN = BrakePlan(tile_seconds=10, tiles=3, sample_min=20, stop_max_ppm=400_000)
BOUNDS = np.array([[50_000, 200_000, 400_000], [50_000, 200_000, NEVER_STOP]], np.int64)


def brake():
    return Brake(PLAN, BOUNDS.copy())


def feed(one, second, rule, many, outcome=Outcome.REFUSE):
    return one.feed(
        np.full(many, second * S, np.int64), np.full(many, rule, np.int64), np.full(many, int(outcome), np.int64)
    )


def told(changes):
    return [(c.rule, c.state.name, c.at_us // S, c.judged, c.refused) for c in changes]


def test_a_rule_that_refuses_everybody_is_stopped_at_the_end_of_its_tile():
    one = brake()
    assert feed(one, 5, -1, 20, Outcome.APPROVE) == []
    assert feed(one, 9, 0, 40) == []
    assert not one.any_stopped
    assert told(feed(one, 10, -1, 1, Outcome.APPROVE)) == [(0, "STOPPED", 10, 60, 40)]
    assert one.off.tolist() == [1, 0]
    one.reopen(0)
    assert told(feed(one, 20, -1, 1, Outcome.APPROVE)) == []
    assert one.off.tolist() == [0, 0]


def test_warned_until_well_below_the_bound():
    """Hysteresis: 30 % warns, 10 % changes nothing, below 5 % calms."""
    one = brake()
    feed(one, 1, 0, 30)
    feed(one, 1, -1, 70, Outcome.APPROVE)
    assert told(feed(one, 11, -1, 200, Outcome.APPROVE)) == [(0, "WARNED", 10, 100, 30)]
    assert told(feed(one, 21, -1, 400, Outcome.APPROVE)) == []
    assert told(feed(one, 31, -1, 1, Outcome.APPROVE)) == [(0, "CALM", 30, 700, 30)]


def test_what_is_no_reason_to_stop():
    one = brake()
    feed(one, 1, 0, 19)  # too few
    assert feed(one, 11, -1, 1, Outcome.APPROVE) == []
    feed(one, 61, 0, 100, Outcome.APPROVE_LESS)  # nobody is kept from buying
    assert feed(one, 71, -1, 1, Outcome.APPROVE) == []
    feed(one, 121, 1, 100)  # a protected rule is only warned of
    assert told(feed(one, 131, -1, 1, Outcome.APPROVE)) == [(1, "WARNED", 130, 201, 100)]


def test_old_tiles_are_forgotten_but_not_the_sample():
    one = brake()
    feed(one, 1, 0, 10)
    feed(one, 1, -1, 9, Outcome.APPROVE)
    for second in (11, 21, 31):
        assert feed(one, second, -1, 19, Outcome.APPROVE) == [] or second > 11
    assert one.refused[0, -1] == 0
    assert one.judged[-1] == 57
    feed(one, 1_000, -1, 1, Outcome.APPROVE)
    assert one.judged[-1] == 39  # two tiles of 19 and this one: with one tile less there would be no 20


def test_slow_traffic_is_watched_over_a_longer_time():
    """One purchase a minute, tiles of ten seconds: the window reaches back until there are twenty."""
    one = brake()
    for minute in range(100):
        assert feed(one, 60 * minute, -1, 1, Outcome.APPROVE) == []
    changes = [change for minute in range(100, 130) for change in feed(one, 60 * minute, 0, 1)]
    assert [(c.rule, c.state.name) for c in changes] == [(0, "WARNED"), (0, "STOPPED")]
    assert 20 <= changes[-1].judged <= 60
    assert changes[-1].refused * 1_000_000 // changes[-1].judged > 400_000


def test_bounds_from_a_reference():
    plan = BrakePlan(reference_ppm={"usual": 50_000, "often": 400_000, "seldom": 0, "mostly": 600_000})
    bounds = plan.bounds_of(["new", "usual", "often", "books", "seldom", "mostly"], protected=frozenset({"books"}))
    assert (bounds[:, 0] < bounds[:, 1]).all()
    assert (bounds[:, 1] <= bounds[:, 2]).all()
    assert bounds[:, 2].tolist() == [300_000, 300_000, 700_000, NEVER_STOP, 120_000, 800_000]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 25), st.integers(-1, 1), st.sampled_from([1, 3, 5])), max_size=120), st.data())
def test_grouping_changes_nothing(steps, data):
    """A fold over event time: one by one, in any batches, also with late events, the same changes and counters."""
    plan = BrakePlan(tile_seconds=10, tiles=3, sample_min=4)
    at = np.cumsum([step - 3 for step, _, _ in steps], dtype=np.int64) * S + 1_000 * S
    rules = np.array([rule for _, rule, _ in steps], np.int64)
    outcomes = np.array([outcome for _, _, outcome in steps], np.int64)
    single, batched = Brake(plan, BOUNDS.copy()), Brake(plan, BOUNDS.copy())
    one = [c for i in range(len(steps)) for c in single.feed(at[i : i + 1], rules[i : i + 1], outcomes[i : i + 1])]
    many, place = [], 0
    while place < len(steps):
        stop = place + data.draw(st.integers(1, 50))
        many += batched.feed(at[place:stop], rules[place:stop], outcomes[place:stop])
        place = stop
    assert one == many
    for name in ("judged", "refused", "states", "clock"):
        assert np.array_equal(getattr(single, name), getattr(batched, name)), name
    assert single.judged[:-1].sum() == single.judged[-1]
    assert all(c.state in tuple(BrakeState) for c in one)
