"""Stability and adversarial validation: chance is not called drift, and drift is found where it was planted."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.models.examining.api import Scored, StabilityBounds, chance_psi, measure_stability, tell_apart
from honghua.models.examining.tests.planted import NAMES, book, fit


@pytest.fixture(scope="module")
def model():
    one = book(1)
    return fit(one.x, one.y)


def scored(model, seed, rows=1_500, **more):
    x = book(seed, rows, **more).x
    return Scored(x, model.predict(x))


def test_rows_of_one_population_are_stable_and_a_shift_is_found_in_its_month_and_column(model):
    before = scored(model, 1)
    later = {"march": scored(model, 2), "april": scored(model, 3, shift=-1.2), "may": scored(model, 4, 150)}
    report = measure_stability(NAMES, before, later)
    assert [one.word for one in report.slices] == ["march", "april", "may"]
    assert len(report.problems) == 1
    assert "april" in report.problems[0]
    assert len(report.moved) == 1
    assert report.moved[0].startswith("income in april")
    assert report.as_json()["slices"][1]["columns"]["income"] > 1.0
    # 40 rows of the same people pass the rule of thumb by chance alone; they are not called moved.
    few = measure_stability(NAMES, before, {"few": scored(model, 5, 40)}, bounds=StabilityBounds(score_psi=0.1))
    assert few.slices[0].score_psi > 0.1
    assert few.passed


def test_chance_is_passed_as_seldom_as_it_says():
    rng = np.random.default_rng(6)
    weights = np.ones(10) / 10
    passed = 0
    for _ in range(2_000):
        a, b = rng.multinomial(800, weights), rng.multinomial(300, weights)
        p, q = a / 800, b / 300
        passed += float(np.sum((q - p) * np.log(q / p))) > chance_psi(a, b, chance=0.05)
    assert 0.035 < passed / 2_000 < 0.065
    assert chance_psi(np.zeros(3, int), np.ones(3, int), chance=0.05) == float("inf")


def test_a_judge_tells_drift_and_its_column_and_nothing_where_nothing_is():
    calm = tell_apart(book(7, 900).x, book(8, 900).x, names=NAMES, seed=1)
    assert calm.auc.low < 0.5 < calm.auc.high + 0.03
    assert not calm.is_apart
    moved = tell_apart(book(7, 900).x, book(8, 900, shift=1.0).x, names=NAMES, seed=1)
    assert moved.is_apart
    assert moved.auc.low > 0.65
    assert next(iter(moved.columns)) == "income"
    assert moved == tell_apart(book(7, 900).x, book(8, 900, shift=1.0).x, names=NAMES, seed=1)
    with pytest.raises(BadInput):
        tell_apart(book(7, 3).x, book(8, 900).x, names=NAMES, seed=1)
