from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.models.examining.api import Lives, fit_hazard, life_table, tell_terms

LEVEL = -4.2


def planted(seed, people, *, slope=0.0, censored=30):
    """Lives with a hazard of logit LEVEL + slope z that falls after a year, and people who are lost from sight at random."""
    rng = np.random.default_rng(seed)
    z = np.round(rng.normal(size=people), 1)
    months = np.full(people, 48)
    defaulted = np.zeros(people, bool)
    alive = np.ones(people, bool)
    for month in range(1, 49):
        hit = alive & (rng.random(people) < hazard(z * slope, month))
        months[hit], defaulted[hit] = month, True
        alive &= ~hit
    lost = rng.integers(1, 2 * censored, people)
    early = lost < months
    return z, Lives(np.where(early, lost, months), defaulted & ~early)


def hazard(z, month):
    return 1.0 / (1.0 + np.exp(-(LEVEL + z - (0.7 if month > 12 else 0.0))))


def truth(z, until):
    return 1.0 - np.prod([1.0 - hazard(z, month) for month in range(1, until + 1)])


def test_the_life_table_finds_planted_probabilities_through_censoring_and_a_plain_share_does_not():
    _, lives = planted(1, 6_000)
    curve = life_table(lives)
    for month in (12, 36):
        found = curve.by(month)
        assert found is not None
        assert found.low < truth(0.0, month) < found.high
        share = float(np.mean(lives.defaulted & (lives.months <= month)))
        assert share < found.low  # who was lost early had no time to default
    assert curve.by(60) is None
    assert curve.as_json()["by_month"]["36"] == [curve.low[35], curve.pd[35], curve.high[35]]


def test_by_hand():
    """Ten seen for three months: one defaults in the first, one is lost after it, two default in the third: 9/10 · 6/8."""
    lives = Lives(
        np.repeat([1, 1, 3, 3, 3], [10, 10, 20, 30, 30]),
        np.repeat([True, False, True, False, False], [10, 10, 20, 30, 30]),
    )
    curve = life_table(lives)
    assert curve.at_risk.tolist() == [100, 80, 80]
    assert curve.defaults.tolist() == [10, 0, 20]
    assert np.allclose(curve.pd, [0.1, 0.1, 1 - 0.9 * 0.75])
    late = life_table(Lives(np.array([3] * 50 + [3] * 50), np.zeros(100, bool), np.array([0] * 50 + [2] * 50)))
    assert late.at_risk.tolist() == [50, 50, 100]
    assert late.pd.tolist() == [0.0, 0.0, 0.0]
    assert np.allclose(late.high, 0.06)  # the rule of three, and never falling


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 200))
def test_curves_never_fall_and_their_intervals_hold_them(seed, people):
    rng = np.random.default_rng(seed)
    curve = life_table(Lives(rng.integers(1, 40, people), rng.random(people) < 0.3))
    assert all((np.diff(line) >= 0).all() for line in (curve.pd, curve.low, curve.high))
    assert ((curve.low <= curve.pd + 1e-12) & (curve.pd <= curve.high + 1e-12)).all()
    assert ((curve.low >= 0) & (curve.high <= 1)).all()


def test_the_hazard_by_score_finds_slope_and_term_structure():
    z, lives = planted(2, 8_000, slope=0.8)
    model = fit_hazard(z, lives)
    error = float(np.sqrt(model.covariance[-1, -1]))
    assert abs(model.weights[-1] - 0.8) < 3 * error < 0.2
    for shown in (-1.0, 1.0):
        curve = model.curve(shown, seed=1)
        assert all(one.mid <= two.mid and one.low <= two.low for one, two in pairwise(curve))
        for month in (12, 36):
            assert curve[month - 1].low < truth(0.8 * shown, month) < curve[month - 1].high
            assert model.pd(np.array([shown]), month)[0] == pytest.approx(curve[month - 1].mid, abs=1e-12)
    assert model.curve(0.5, seed=3) == model.curve(0.5, seed=3)
    with pytest.raises(BadInput):
        model.pd(np.zeros(1), 49)


def test_terms_by_score_rise_with_score_and_month():
    z, lives = planted(5, 3_000, slope=1.0)
    terms = tell_terms(1.0 / (1.0 + np.exp(3.0 - z)), lives, seed=1)
    assert [(one.share, one.month) for one in terms] == [(s, m) for s in (0.1, 0.5, 0.9) for m in (12, 36)]
    by_place = {(one.share, one.month): one.pd for one in terms}
    assert by_place[0.1, 36].high < by_place[0.5, 36].low < by_place[0.5, 36].high < by_place[0.9, 36].low
    assert all(by_place[share, 12].mid < by_place[share, 36].mid for share in (0.1, 0.5, 0.9))
    held = sum(by_place[s, m].low < truth(float(np.quantile(z, s)), m) < by_place[s, m].high for s, m in by_place)
    assert held >= 5
    assert tell_terms(np.full(30, 0.2), Lives(np.full(30, 9), np.zeros(30, bool)), seed=1) == ()


@pytest.mark.parametrize(
    "lives",
    [
        Lives(np.array([0, 3]), np.array([True, False])),
        Lives(np.zeros(0, np.int64), np.zeros(0, bool)),
        Lives(np.array([3, 3]), np.array([True])),
        Lives(np.array([3, 3]), np.array([True, False]), np.array([0, 3])),
    ],
)
def test_lives_that_no_book_has_are_refused(lives):
    with pytest.raises(BadInput):
        life_table(lives)
