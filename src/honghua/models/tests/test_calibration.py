from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from honghua.models import api as models
from honghua.models.core.calibration import logistic_line
from honghua.models.core.reliability import measure_reliability


def made(rows, *, slope=1.7, intercept=-0.4, seed=3):
    """Margins and labels that a known line made."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(size=rows)
    return margins, (rng.random(rows) < 1 / (1 + np.exp(-(slope * margins + intercept)))).astype(float)


def line(slope, intercept):
    return models.Calibration(models.CalibrationKind.LOGISTIC, np.array([slope]), np.array([intercept]))


def test_the_line_is_that_of_scikit_learn_and_the_one_that_made_the_labels():
    margins, y = made(4_000)
    weight = np.random.default_rng(1).integers(1, 5, len(y)).astype(float)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000).fit(margins[:, None], y, sample_weight=weight)
    assert logistic_line(margins, y, weight) == pytest.approx((theirs.coef_[0, 0], theirs.intercept_[0]), abs=1e-5)
    margins, y = made(40_000)
    assert logistic_line(margins, y, np.ones(len(y))) == pytest.approx((1.7, -0.4), abs=0.06)


def test_a_line_that_is_too_steep_is_seen_with_how_sure_that_is():
    margins, y = made(40_000)
    sound, steep = (
        measure_reliability(y, line(1.7, -0.4).apply(margins)),
        measure_reliability(y, line(3.4, -0.4).apply(margins)),
    )
    assert sound.slope == pytest.approx(1.0, abs=4 * sound.slope_error)
    assert sound.ece < 0.01
    assert steep.slope < 0.8 - 4 * steep.slope_error
    assert steep.ece > 0.03


def test_the_error_of_the_slope_is_how_far_slopes_of_other_samples_lie():
    """The spread over forty samples, of each half of the clear rows left out and counted twice."""
    seen = []
    for seed in range(40):
        margins, y = made(4_000, seed=seed)
        kept = (y == 1) | (np.arange(len(y)) % 2 == 0)
        weight = np.where(y[kept] == 1, 1.0, 2.0)
        seen.append(measure_reliability(y[kept], line(1.7, -0.4).apply(margins[kept]), weight=weight))
    spread = np.std([one.slope for one in seen])
    assert np.mean([one.slope_error for one in seen]) == pytest.approx(spread, rel=0.35)


def test_far_margins_stay_probabilities_and_nothing_overflows():
    far = np.array([-1e300, -1e4, -701.0, 0.0, 1e4, 1e300])
    answers = line(1.0, 0.0).apply(far)
    assert np.isfinite(answers).all()
    assert (answers[0], answers[3], answers[-1]) == (0.0, 0.5, 1.0)
