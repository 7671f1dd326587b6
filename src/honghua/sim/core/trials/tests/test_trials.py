"""Field trials: lots decide who is shown what, the log tells one world of each visit, and the effects are as large as planted."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.sim.api import standard_scenes
from honghua.sim.core.plan import CityPlan
from honghua.sim.core.trials import FieldTrial, Offer, TrialPlan, run_trial, show_again, true_effects
from honghua.sim.core.trials.effects import days_since_first, pairs_of


@pytest.fixture(scope="module")
def trial() -> FieldTrial:
    return run_trial(TrialPlan(CityPlan(standard_scenes(), people=4_000, days=40, seed=41)))


def test_the_same_plan_is_the_same_trial(trial):
    again = run_trial(trial.plan)
    for mine, other in zip(trial.log, again.log, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_the_log_tells_one_world_of_each_visit(trial):
    log, truth = trial.log, trial.truth
    np.testing.assert_array_equal(log.paid_minor[log.is_shown], truth.shown_minor[log.is_shown])
    np.testing.assert_array_equal(log.paid_minor[~log.is_shown], truth.held_minor[~log.is_shown])
    other = show_again(trial, 1)
    moved = (other.is_shown != log.is_shown).mean()
    assert 0.45 < moved < 0.55, "another drawing of lots"


def test_lots_are_drawn_by_customer_and_shop(trial):
    log = trial.log
    pair = pairs_of(log.shop, log.who)
    shown = np.bincount(pair, log.is_shown)
    assert np.isin(shown / np.bincount(pair), (0.0, 1.0)).all(), "who is shown an offer is always shown it"
    assert 0.47 < (shown > 0).mean() < 0.53
    for held in (True, False):
        assert abs(trial.visits.bought[log.is_shown == held].mean() - trial.visits.bought.mean()) < 0.02


def test_nothing_is_offered_where_nothing_changes(trial):
    product = trial.visits.is_product & (trial.log.offer == Offer.FREE_MONTHS)
    others = ~trial.visits.is_product & (trial.log.offer == Offer.FREE_MONTHS)
    held, shown = trial.truth
    assert ((held > 0) | (shown == 0))[others].all(), "other goods of the shop are only drawn from"
    assert ((shown > 0) & (held == 0))[product].any(), "waverers are won over"
    assert (shown[product & (held > 0) & (shown > 0)] == held[product & (held > 0) & (shown > 0)]).all()


def test_effects_are_near_what_was_reported(trial):
    effects = true_effects(trial.visits, trial.truth, trial.offer)
    assert 0.20 < effects["conversion"] < 0.50, "nineteen thousand visits scatter"
    assert 0.70 < effects["order_value"] < 1.00
    assert 0.10 < effects["comes_back"] < 0.35
    assert effects["shop"] < effects["product"], "cannibalisation"


@pytest.mark.parametrize(
    ("bought", "since"),
    [([0, 1, 0, 1], [-1, -1, 3, 9]), ([0, 0, 0, 0], [-1, -1, -1, -1]), ([1, 1, 0, 0], [-1, 1, 4, 10])],
)
def test_days_count_from_the_first_purchase(bought, since):
    shop, who, day = np.zeros(4, np.int64), np.zeros(4, np.int64), np.array([1, 2, 5, 11])
    np.testing.assert_array_equal(days_since_first(shop, who, day, np.array(bought, np.bool_)), since)


def test_a_trial_shows_its_offer_to_some_and_not_to_all():
    with pytest.raises(ValueError, match="shown to"):
        TrialPlan(CityPlan(standard_scenes(), people=400, days=10, seed=1), shown_share=1.0)
