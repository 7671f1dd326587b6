"""Lives under moving limits: the records that the shipped rules see, no look ahead, cut-offs chosen where they may be."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.app.approval.dynamics.behaviour import FEATURES, describe_conduct, make_panel
from honghua.app.approval.dynamics.lives import make_records, settle_town
from honghua.app.approval.dynamics.thin import Outcome, choose_cut, tell, tell_saved
from honghua.limits.core import Rulebook
from honghua.sim.api import Lived, Month, live_months

K = 3


def month(
    *, limit: int = 100_000, used: tuple[int, ...] = (0, 0, 0), dpd: tuple[int, ...] = (0, 0, 0), bought: int = 5_000
) -> Month:
    def column(values: tuple[int, ...] | int) -> np.ndarray:
        return np.full(K, values, np.int64) if isinstance(values, int) else np.array(values, np.int64)

    return Month(
        column(limit), column(used), column(bought), column(4_000), column(1), column(0), column(dpd), column(dpd)
    )


def test_records_say_what_the_books_would():
    months = (month(used=(50_000, 0, 0)), month(used=(20_000, 0, 9_000), dpd=(0, 0, 5)), month(bought=0))
    records = make_records(months, np.array([0, 2, 0]), np.full(K, 1_000_000))
    assert [one.good_statements for one in records] == [2, 0, 1], (
        "an idle month has no bill; a late one is no good one; old ones are over"
    )
    assert [one.was_late for one in records] == [False, False, True]
    assert [one.used_share_ppm for one in records] == [500_000, 0, 90_000]
    assert [one.days_since_change for one in records] == [90, 30, 90]
    assert [one.idle_days for one in records] == [30, 30, 30]


def test_conduct_knows_nothing_of_later_months():
    rng = np.random.default_rng(4)
    months = tuple(Month(*(rng.integers(1, 90, K).astype(np.int64) for _ in Month._fields)) for _ in range(18))
    whole = Lived(months, np.full(K, -1), np.zeros(K, np.int64))
    for cut in (3, 7, 12):
        other = Lived((*months[:cut], *months[:3]), np.full(K, 500), np.ones(K, np.int64))
        np.testing.assert_array_equal(describe_conduct(whole, cut), describe_conduct(other, cut))
        assert describe_conduct(whole, cut).shape == (K, len(FEATURES))


def test_a_cut_off_is_the_lowest_score_that_keeps_the_loss():
    score = np.linspace(0.9, 0.5, 100)
    lost = np.where(np.arange(100) % 20 == 19, 4_000, 0)
    bought = np.full(100, 10_000)
    found = Outcome(score, lost, bought, lost > 0)
    assert choose_cut(found, 0.0199) == pytest.approx(score[98]), "with the hundredth it would be 2 %"
    assert choose_cut(found, 0.0) == float("inf") or found.lost_minor[score >= choose_cut(found, 0.0)].sum() == 0
    assert tell(found, score[49], seed=1)["approved"][1] == 0.5
    half = Outcome(score, lost // 2, bought, lost > 0)
    low, mid, high = tell_saved({"static": found, "stepped": half}, 0.0, seed=1)
    assert mid == pytest.approx(0.01)
    assert low <= mid <= high


def test_the_same_life_again_and_nobody_buys_beyond_a_limit_or_after_default():
    town = settle_town(Rulebook(), seed=9, count=40)
    who = town.drawn.who
    start = np.full(len(who), 200_000, np.int64)
    one, again = (live_months(town.drawn.registry, who, start, months=4, future=(9, 0)) for _ in range(2))
    assert all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for a, b in zip(one.months, again.months, strict=True)
        for name in Month._fields
    )
    assert all((month.used_minor <= 200_000).all() for month in one.months)
    assert sum(int(month.bought_minor.sum()) for month in one.months) == int(one.bought_minor.sum()) > 0
    owed = sum(month.bought_minor - month.paid_minor for month in one.months)
    assert (owed >= one.months[-1].used_minor).all(), "refunds aside, what stands was bought and not paid"
    panel = make_panel([(town, np.ones(len(who), np.bool_), Lived(one.months * 5, one.default_day, one.lost_minor))])
    assert panel.conduct.shape[0] == len(panel.bad) == len(panel.person)
