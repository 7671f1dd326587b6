"""What a trial's log says: without bias, with intervals that cover, and nothing where nothing was done."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from honghua.app.city.estimating import estimate_effects
from honghua.app.city.trial_verb import EFFECTS, measure
from honghua.base.rng import derive_rng
from honghua.sim.api import CityPlan, TrialPlan, run_trial, standard_scenes, write_trial, write_trial_truth


@pytest.fixture(scope="module")
def trial():
    return run_trial(TrialPlan(CityPlan(standard_scenes(), people=6_000, days=45, seed=42)))


def test_estimates_are_unbiased_and_intervals_cover(trial):
    found = measure(trial, draws=30)
    assert set(found) == set(EFFECTS)
    for name in ("conversion", "order_value"):
        assert abs(found[name]["bias"]) < 0.10, (name, found[name])
    for name in set(EFFECTS) - {"shops_up"}:
        assert found[name]["covered"] >= 0.8, (name, found[name])


def test_where_the_offer_does_nothing_nothing_is_found(trial):
    same = trial.log._replace(paid_minor=trial.truth.held_minor)
    told = estimate_effects(same, derive_rng(1, "nothing"))
    for name in ("conversion", "product", "shop", "order_value", "comes_back"):
        low, _, high = told[name]
        assert low < 0.05, (name, told[name])
        assert high > -0.05, (name, told[name])
    assert told["shops_up"][1] < 0.5


def test_the_truth_lies_in_a_file_of_its_own(trial, tmp_path):
    log = pq.read_table(write_trial(trial, tmp_path / "out"))
    truth = pq.read_table(write_trial_truth(trial, tmp_path / "truth"))
    assert log.num_rows == truth.num_rows == len(trial.visits.day)
    assert set(truth.column_names) == {"held_minor", "shown_minor"}
    assert not set(log.column_names) & set(truth.column_names)
    shown = log["is_shown"].to_numpy()
    both = np.where(shown, truth["shown_minor"].to_numpy(), truth["held_minor"].to_numpy())
    np.testing.assert_array_equal(log["paid_minor"].to_numpy(), both)
