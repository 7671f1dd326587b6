"""A share of few things with its interval."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import Final

LEVEL: Final = 0.95
Z: Final = NormalDist().inv_cdf((1.0 + LEVEL) / 2.0)


def find_share(hits: int, n: int) -> tuple[float, float, float]:
    """(low, hits / n, high) with Wilson's 95 % interval (JASA 22 (1927) 209); of nothing (0, 0, 1): everything is possible."""
    if n == 0:
        return 0.0, 0.0, 1.0
    p = hits / n
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z / (1 + Z**2 / n) * sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return max(min(middle - reach, p), 0.0), p, min(max(middle + reach, p), 1.0)
