"""Two columns that say nothing alone: the forest sees them together, and a scorecard boosted on pairs is then tried, and chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from honghua.lab.fitting.api import FitSettings, ForestRecipe, Plan, learn
from honghua.lab.fitting.settings import PairPlan
from honghua.lab.tables.api import build_table, encode
from honghua.models.api import auc

PLAN = Plan(
    "quick", (ForestRecipe("deep", {"num_leaves": 12, "learning_rate": 0.15}, 40),), folds=2, patience=10, bag=1, again=False, crosses=(0,),
    tune_rows=10_000, threads=1, pairs=PairPlan(rounds=80, patience=10, bag=1),
)  # fmt: skip
ROWS = 2_400


@pytest.mark.slow
def test_a_scorecard_on_pairs_is_tried_where_the_forest_is_far_ahead():
    rng = np.random.default_rng(5)
    a, b, c = rng.normal(size=(3, 2 * ROWS))
    y = (2.5 * np.sign(a * b) + 0.6 * c + rng.logistic(size=2 * ROWS) > 0.5).astype(np.uint8)
    whole = build_table({"a": a, "b": b, "c": c}, target=y)
    table, later = whole.take(np.arange(ROWS)), whole.take(np.arange(ROWS, 2 * ROWS))
    settings = FitSettings(seed=1, threads=1, trust=("a", "b", "c"))
    found = learn(table, settings, PLAN, progress=lambda _: None)
    assert found.chosen.found.form.boosted > 0
    assert auc(later.labels, found.pair.champion.predict(encode(later, found.matter.schema))) > 0.8
    without = learn(table, settings, replace(PLAN, pairs=None), progress=lambda _: None)
    assert without.chosen.found.form.boosted == 0
    assert auc(later.labels, without.pair.champion.predict(encode(later, without.matter.schema))) < 0.7
