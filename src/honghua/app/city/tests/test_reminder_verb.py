"""The trial of reminders: two worlds of the same people, a log that tells one of them, an interval that covers the truth."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.app.city.reminder_verb import estimate_uplift, judge_reminders
from honghua.base.errors import BadInput
from honghua.sim.api import CityPlan, ReminderLog, ReminderPlan, run_reminder_trial, see_reminders, standard_scenes


@pytest.fixture(scope="module")
def city() -> CityPlan:
    return CityPlan(standard_scenes(), people=6_000, days=30, seed=41)


@pytest.fixture(scope="module")
def trial(city):
    return run_reminder_trial(ReminderPlan(city))


def test_reminders_help_and_the_interval_is_honest(trial):
    found = judge_reminders(trial, draws=200)
    assert found["customers"] == len(trial.who) > 500
    assert 0.02 < found["true"] < 0.4
    assert abs(found["bias"]) < 0.01
    assert found["covered"] >= 0.9
    with pytest.raises(BadInput):
        judge_reminders(trial, draws=0)


def test_no_reminder_is_no_difference_and_more_are_more(city, trial):
    nothing = run_reminder_trial(ReminderPlan(city, ()))
    np.testing.assert_array_equal(nothing.held, nothing.reminded)
    np.testing.assert_array_equal(nothing.held, trial.held)
    assert nothing.true_uplift == 0 < run_reminder_trial(ReminderPlan(city, (0,))).true_uplift < trial.true_uplift


def test_the_log_tells_one_world_and_lots_move(trial):
    one, other = see_reminders(trial, 0), see_reminders(trial, 1)
    np.testing.assert_array_equal(one.is_on_time[one.is_reminded], trial.reminded[one.is_reminded])
    np.testing.assert_array_equal(one.is_on_time[~one.is_reminded], trial.held[~one.is_reminded])
    assert 0.4 < (one.is_reminded != other.is_reminded).mean() < 0.6


def test_the_interval_is_that_of_two_shares():
    log = ReminderLog(np.repeat([True, False], 100), np.concatenate([np.arange(100) < 80, np.arange(100) < 60]))
    low, middle, high = estimate_uplift(log)
    assert middle == pytest.approx(0.2)
    assert high - middle == pytest.approx(1.96 * np.sqrt(0.8 * 0.2 / 100 + 0.6 * 0.4 / 100))
    assert middle - low == pytest.approx(high - middle)
    with pytest.raises(BadInput):
        estimate_uplift(ReminderLog(np.ones(5, np.bool_), np.ones(5, np.bool_)))


def test_a_plan_that_cannot_be_is_refused(city):
    for wrong in ({"days_before": (11,)}, {"days_before": (-1,)}, {"reminded_share": 1.0}):
        with pytest.raises(ValueError, match="reminde"):
            ReminderPlan(city, **wrong)
