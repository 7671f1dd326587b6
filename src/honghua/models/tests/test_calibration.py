from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

from honghua.base.errors import BadInput
from honghua.models import api as models
from honghua.models.core.reliability import measure_reliability

ROWS = st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 1), st.integers(1, 4)), min_size=1, max_size=40)


def columns(rows):
    margins, y, weight = (np.array(column, np.float64) for column in zip(*rows))
    return margins / 4.0, y, weight


@given(ROWS)
@example([(0, 1, 1)])
@example([(0, 1, 1), (0, 0, 1), (1, 0, 2), (2, 1, 1)])
def test_isotonic_is_that_of_scikit_learn(rows):
    margins, y, weight = columns(rows)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(margins, y, sample_weight=weight)
    ours = models.fit_isotonic(margins, y, weight=weight)
    asked = np.linspace(-6, 6, 97)
    assert np.allclose(ours.apply(asked), theirs.predict(asked), rtol=0, atol=1e-12)
    assert (np.diff(ours.apply(asked)) >= 0).all()
    assert (np.diff(ours.knots) > 0).all()


@given(ROWS)
def test_platt_is_that_of_scikit_learn(rows):
    margins, y, weight = columns(rows)
    assume(0 < y.sum() < len(y))
    assume(len(np.unique(margins)) > 1)
    theirs = _SigmoidCalibration().fit(margins, y, weight)
    ours = models.fit_platt(margins, y, weight=weight)
    assert ours.apply(margins) == pytest.approx(theirs.predict(margins), abs=1e-3)  # its optimiser stops early
    assert loss(ours.apply(margins), y, weight) <= loss(theirs.predict(margins), y, weight) + 1e-9


def loss(p, y, weight):
    positive, negative = weight @ y, weight @ (1 - y)
    target = np.where(y > 0, (positive + 1) / (positive + 2), 1 / (negative + 2))
    return -float(weight @ (target * np.log(p) + (1 - target) * np.log1p(-p)))


def test_platt_finds_the_line_that_made_the_labels():
    rng = np.random.default_rng(3)
    margins = rng.normal(size=40_000)
    y = (rng.random(len(margins)) < 1 / (1 + np.exp(-(1.7 * margins - 0.4)))).astype(float)
    ours = models.fit_platt(margins, y)
    assert float(ours.knots[0]) == pytest.approx(1.7, abs=0.06)
    assert float(ours.values[0]) == pytest.approx(-0.4, abs=0.04)
    seen = measure_reliability(y, ours.apply(margins))
    assert seen.slope == pytest.approx(1.0, abs=1e-2)
    assert seen.ece < 0.01
    bent = measure_reliability(y, ours.apply(2 * margins))
    assert bent.slope < 0.8
    assert bent.ece > 0.03


def test_far_margins_stay_probabilities_and_nothing_overflows():
    far = np.array([-1e300, -1e4, -701.0, 0.0, 1e4, 1e300])
    curve = models.fit_platt(np.array([-1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0]))
    assert np.isfinite(curve.apply(far)).all()
    assert curve.apply(far)[0] == 0.0
    assert curve.apply(far)[-1] == 1.0


def test_what_cannot_be_calibrated_is_refused():
    for margins, y in (([], []), ([1.0], [0.5]), ([np.nan], [1.0]), ([1.0, 2.0], [1.0])):
        for fit in (models.fit_isotonic, models.fit_platt):
            with pytest.raises(BadInput):
                fit(np.array(margins), np.array(y))
    with pytest.raises(BadInput):
        models.fit_platt(np.array([1.0]), np.array([1.0]), weight=np.array([0.0]))
