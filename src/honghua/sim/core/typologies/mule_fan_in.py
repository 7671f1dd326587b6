"""Many small senders, one collector, and the money is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR, Draft, join
from honghua.sim.core.stage import Reporting, Rng, Span, Stage, after, send, times, within
from honghua.sim.core.tuning import Disguise, Tuning


@dataclass(frozen=True, slots=True)
class MuleFanIn:
    """Mules send sums below a reporting threshold to a collector within days; the collector forwards them outside.

    Camouflage: sums vary, mules are people with a life; weddings and stalls are innocent fan-ins.
    """

    name: ClassVar[str] = "mule_fan_in"
    family: ClassVar[str] = "money"
    reporting: ClassVar[Reporting] = Reporting(rings=0.7, events=0.9, days_median=9)
    tuning: ClassVar[Tuning] = Tuning((Disguise.PAYEE, Disguise.SUM, Disguise.HOUR), pace=(1.0, 2.0, 4.0), cover=(0,))
    mules: Span = (12, 35)
    days: Span = (1, 4)
    times_each: Span = (1, 2)
    thresholds: tuple[int, ...] = (1_000, 2_000, 5_000)
    below: tuple[float, float] = (0.70, 0.999)
    outside: Span = (1, 3)

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One collector and the mules."""
        who = stage.recruit(rng, within(rng, self.mules), needy=True)
        collector, mules = who[0], who[1:]
        days = within(rng, self.days)
        start = stage.start(rng, days + 1)
        mules = np.repeat(mules, rng.integers(self.times_each[0], self.times_each[1] + 1, len(mules)))
        at = times(rng, len(mules), day=start + rng.integers(0, days, len(mules)), hours=(8, 24))
        sums = rng.choice(self.thresholds) * rng.uniform(*self.below, len(mules))
        amount = np.round(sums) * 100
        into = send(rng, stage, who=mules, at_us=at, payee=collector, amount_minor=amount)
        k = max(len(mules) // 6, 2)
        out_at = after(rng, rng.choice(at, k) + US_PER_HOUR, hours=2)
        out = send(
            rng, stage, who=np.full(k, collector), at_us=out_at, payee=rng.choice(stage.new_payees(within(rng, self.outside)), k),
            amount_minor=np.round(amount.sum() / k * rng.uniform(0.7, 1.0, k), -4),
        )  # fmt: skip
        return join([into, out.take(out_at < stage.city.days * US_PER_DAY)])


__all__ = ["MuleFanIn"]
