"""Two arms compared while they run: intervals that hold at every look, so that looking often finds nothing that is not there.

Asymptotic confidence sequences of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (Annals of Statistics, 2024), for a ratio of sums over
customers by its linearisation: a customer's orders belong together, so the customer is the unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

SHARPEST_AT: Final = 1_000  # customers at which the interval is narrowest for what it promises


@dataclass(frozen=True, slots=True)
class Sums:
    """Over customers, of parts x and wholes n: how many, Σx, Σn, Σx², Σxn, Σn²."""

    customers: int
    x: float
    n: float
    xx: float
    xn: float
    nn: float

    @property
    def ratio(self) -> float:
        """Σx / Σn; NaN where there is nothing."""
        return self.x / self.n if self.n else math.nan

    def spread(self) -> float:
        """Standard deviation of one customer's influence on the ratio."""
        if not self.n:
            return math.nan
        ratio, mean = self.ratio, self.n / self.customers
        squares = self.xx - 2 * ratio * self.xn + ratio * ratio * self.nn  # their sum is zero by construction
        return math.sqrt(max(0.0, squares / self.customers)) / mean


@dataclass(frozen=True, slots=True)
class Compared:
    """The second arm's ratio less the first's, between bounds that hold at all looks together."""

    low: float
    mid: float
    high: float


def half_width(sums: Sums, alpha: float) -> float:
    """Of the sequence's interval for one arm, at miss chance alpha over all looks (their equation 8); infinite without customers."""
    t = sums.customers
    if t < 2:
        return math.inf
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / SHARPEST_AT
    wide = 2 * (t * rho2 + 1) / (t * t * rho2) * math.log(math.sqrt(t * rho2 + 1) / alpha)
    return sums.spread() * math.sqrt(wide)


def compare_arms(first: Sums, second: Sums, *, alpha: float) -> Compared:
    """second − first; each arm misses with at most half of alpha."""
    assert 0 < alpha < 1, "a chance of missing"
    middle = second.ratio - first.ratio
    half = half_width(first, alpha / 2) + half_width(second, alpha / 2)
    if math.isnan(middle) or math.isnan(half):
        return Compared(-math.inf, math.nan, math.inf)
    return Compared(middle - half, middle, middle + half)


__all__ = ["Compared", "Sums", "compare_arms", "half_width"]
