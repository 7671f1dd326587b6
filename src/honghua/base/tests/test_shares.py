"""Wilson's interval: bounds, what nothing says, and how often it holds the truth."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.shares import find_share


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 20, 0.0, 0.1611), (10, 20, 0.2993, 0.7007), (20, 20, 0.8389, 1.0)],
)
def test_bounds_are_those_of_the_paper(hits, n, low, high):
    found = find_share(hits, n)
    assert found[0] == pytest.approx(low, abs=1e-4)
    assert found[2] == pytest.approx(high, abs=1e-4)


def test_the_share_lies_within_and_the_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    held = 0
    for hits in rng.binomial(60, 0.1, 1_000).tolist():
        low, share, high = find_share(hits, 60)
        assert 0.0 <= low <= share <= high <= 1.0
        held += low <= 0.1 <= high
    assert 925 <= held <= 985
