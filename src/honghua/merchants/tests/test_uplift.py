"""The estimate of what a campaign brought, on populations whose truth is planted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from honghua.base.rng import derive_rng
from honghua.merchants.core import estimate_uplift


def spent(rng: np.random.Generator, people: int, rate: float) -> np.ndarray:
    return np.where(rng.random(people) < rate, rng.integers(5_000, 50_000, people), 0)


def test_intervals_hold_the_planted_effect_as_often_as_they_say():
    inside, n, truth = 0, 300, (0.13 - 0.10) * 27_499.5
    for seed in range(n):
        rng = derive_rng(seed, "uplift")
        found = estimate_uplift(spent(rng, 4_000, 0.13), spent(rng, 1_000, 0.10), cost_minor=0)
        low, _, high = found.incremental_minor
        inside += low <= truth * 4_000 <= high
    assert 0.91 <= inside / n <= 0.985


def test_net_is_incremental_less_cost_and_gross_is_all():
    rng = derive_rng(1, "uplift")
    shown, held = spent(rng, 500, 0.2), spent(rng, 500, 0.2)
    found = estimate_uplift(shown, held, cost_minor=1_000)
    assert found.gross_minor == shown.sum()
    assert found.net_minor[1] == pytest.approx(found.incremental_minor[1] - 1_000)
    assert found.incremental_minor[1] == pytest.approx(shown.sum() - held.sum())


def test_small_arms_say_nothing():
    found = estimate_uplift(np.full(1_000, 5), np.full(29, 5), cost_minor=3)
    assert not found.is_told
    assert math.isnan(found.incremental_minor[1])
