"""Cash-out in many small sums below the threshold of a review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from honghua.sim.core.draft import Draft
from honghua.sim.core.stage import Reporting, Rng, Span, Stage, spend, times, with_columns, within
from honghua.sim.core.tuning import Disguise, Shops, Tuning


@dataclass(frozen=True, slots=True)
class SmallStructuring:
    """People empty their limits in sums a little below a threshold, several a day, at a few small shops that play along.

    Camouflage: several shops with honest buyers, spread over the day; the sums are of an ordinary size.
    """

    name: ClassVar[str] = "small_structuring"
    family: ClassVar[str] = "shop"
    reporting: ClassVar[Reporting] = Reporting(rings=0.5, events=0.8, days_median=18)
    tuning: ClassVar[Tuning] = Tuning(
        (Disguise.SHOP, Disguise.SUM, Disguise.HOUR), Shops.ACCOMPLICE, greed=(1.0, 0.7, 0.5)
    )
    members: Span = (5, 12)
    shops: Span = (2, 4)
    days: Span = (4, 12)
    times_each: Span = (5, 12)
    thresholds: tuple[int, ...] = (200, 300, 500, 1_000)
    below: tuple[float, float] = (0.88, 1.0)

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One group and its shops."""
        who = stage.recruit(rng, within(rng, self.members), needy=True)
        shops = np.array([stage.small_shop(rng) for _ in range(within(rng, self.shops))])
        days = within(rng, self.days)
        start = stage.start(rng, days)
        row = np.repeat(np.arange(len(who)), rng.integers(self.times_each[0], self.times_each[1] + 1, len(who)))
        at = times(rng, len(row), day=start + rng.integers(0, days, len(row)), hours=(9, 23))
        yuan = np.floor(rng.choice(self.thresholds) * rng.uniform(*self.below, len(row)))
        bought = spend(rng, stage, who=who[row], at_us=at, shop=rng.choice(shops, len(row)))
        return with_columns(bought, amount_minor=yuan * 100 - rng.choice([0, 0, 10, 50], len(row)))


__all__ = ["SmallStructuring"]
