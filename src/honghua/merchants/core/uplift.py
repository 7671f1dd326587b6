"""What a campaign brought: customers who saw it against those held out, with intervals, and net of what it cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

NORMAL_95: Final = 1.959963984540054
PEOPLE_MIN: Final = 30  # in each arm, below that nothing is said


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm: people, of them buyers, what they spent at the merchant in minor units (mean and standard error per person)."""

    people: int
    buyers: int
    spent_minor: int
    mean_minor: float
    error_minor: float

    @classmethod
    def of(cls, spent_minor: NDArray[np.int64]) -> Arm:
        """From what each person of the arm spent, int64[n], 0 for who bought nothing."""
        n = len(spent_minor)
        error = float(spent_minor.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
        mean = float(spent_minor.mean()) if n else math.nan
        return cls(n, int((spent_minor > 0).sum()), int(spent_minor.sum()), mean, error)

    @property
    def conversion(self) -> float:
        """Buyers per person, nan for an empty arm."""
        return self.buyers / self.people if self.people else math.nan


@dataclass(frozen=True, slots=True)
class Uplift:
    """Gross: what those who saw it bought. Incremental: what they would not have bought without it, (low, estimate, high) at 95 %.

    conversion: difference of buyers per person, (low, estimate, high). is_told: both arms are large enough to say anything.
    """

    shown: Arm
    held_out: Arm
    gross_minor: int
    incremental_minor: tuple[float, float, float]
    conversion: tuple[float, float, float]
    cost_minor: int
    is_told: bool

    @property
    def net_minor(self) -> tuple[float, float, float]:
        """Incremental sales less the fees paid for them."""
        low, middle, high = self.incremental_minor
        return low - self.cost_minor, middle - self.cost_minor, high - self.cost_minor


def estimate_uplift(shown_minor: NDArray[np.int64], held_out_minor: NDArray[np.int64], *, cost_minor: int) -> Uplift:
    """Difference of means between arms split at random, times the people who saw it.

    shown_minor, held_out_minor  int64[n], int64[m]: what each person spent after they first stood before the campaign
    Normal intervals with unequal variances (Welch without his degrees of freedom: arms are large or nothing is told).
    """
    shown, held = Arm.of(shown_minor), Arm.of(held_out_minor)
    is_told = min(shown.people, held.people) >= PEOPLE_MIN
    nothing = (math.nan, math.nan, math.nan)
    if not is_told:
        return Uplift(shown, held, shown.spent_minor, nothing, nothing, cost_minor, is_told)
    spread = NORMAL_95 * math.hypot(shown.error_minor, held.error_minor) * shown.people
    middle = (shown.mean_minor - held.mean_minor) * shown.people
    p, q = shown.conversion, held.conversion
    wide = NORMAL_95 * math.sqrt(p * (1 - p) / shown.people + q * (1 - q) / held.people)
    return Uplift(
        shown, held, shown.spent_minor, (middle - spread, middle, middle + spread), (p - q - wide, p - q, p - q + wide),
        cost_minor, is_told,
    )  # fmt: skip
