"""Limits that are drained as soon as they are raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from honghua.features.core import EventKind
from honghua.sim.core.draft import US_PER_DAY, Draft, draft, join
from honghua.sim.core.stage import Reporting, Rng, Span, Stage, after, spend, times, with_columns, within
from honghua.sim.core.tuning import Disguise, Tuning


@dataclass(frozen=True, slots=True)
class LimitRaiseDrain:
    """An agent's clients get their limits raised and within hours to three days spend just under them on goods that sell again.

    Camouflage: popular innocent shops, own devices and addresses, different days; ordinary life goes on before.
    """

    name: ClassVar[str] = "limit_raise_drain"
    family: ClassVar[str] = "drain"
    reporting: ClassVar[Reporting] = Reporting(rings=0.5, events=0.9, days_median=18)
    tuning: ClassVar[Tuning] = Tuning((Disguise.SHOP, Disguise.SUM, Disguise.HOUR), pace=(1.0, 2.0, 4.0))
    members: Span = (8, 16)
    raise_ppm: Span = (300_000, 900_000)
    purchases: Span = (2, 4)
    share_ppm: Span = (550_000, 960_000)  # of what is then available, purchase after purchase
    hours: tuple[float, float] = (2.0, 30.0)
    shops: Span = (2, 4)

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One agent and the clients."""
        who = stage.recruit(rng, within(rng, self.members), needy=True)
        span = 15
        start = stage.start(rng, span)
        last = stage.city.days - 1
        day = np.minimum(start + rng.integers(0, span, len(who)), last)
        at = times(rng, len(who), day=day, hours=(9, 18))
        share = rng.integers(*self.raise_ppm, len(who))
        raised = draft(at_us=at, kind=EventKind.LIMIT_RAISED, customer=who, share_ppm=share, grid_minor=10_000)
        shops = rng.choice(stage.city.shops.of("resale")[:20], within(rng, self.shops), replace=False)
        row = np.repeat(np.arange(len(who)), rng.integers(self.purchases[0], self.purchases[1] + 1, len(who)))
        first = after(rng, at, hours=float(rng.uniform(*self.hours)))
        nth = np.arange(len(row)) - np.searchsorted(row, row)
        later = after(rng, first[row], hours=0.5) * (nth > 0) + first[row] * (nth == 0)
        drained = with_columns(
            spend(rng, stage, who=who[row], at_us=later, shop=rng.choice(shops, len(row))),
            share_ppm=rng.integers(*self.share_ppm, len(row)), grid_minor=rng.choice([10, 100, 1_000], len(row)),
        )  # fmt: skip
        return join([raised, drained.take(later < (last + 1) * US_PER_DAY)])


__all__ = ["LimitRaiseDrain"]
