"""Bought on credit, refunded in cash by a friendly shop, again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from honghua.sim.core.background import refund
from honghua.sim.core.draft import US_PER_DAY, Draft
from honghua.sim.core.stage import Reporting, Rng, Span, Stage, after, spend, times, with_columns, within
from honghua.sim.core.tuning import Disguise, Shops, Tuning


@dataclass(frozen=True, slots=True)
class RefundLoop:
    """A few people buy dear goods at one shop, give them back within a day or two against cash, and start again.

    Camouflage: a shop with honest buyers, of a kind where refunds are common; a loop every few days.
    """

    name: ClassVar[str] = "refund_loop"
    family: ClassVar[str] = "shop"
    reporting: ClassVar[Reporting] = Reporting(rings=0.5, events=0.85, days_median=15)
    tuning: ClassVar[Tuning] = Tuning((Disguise.SUM, Disguise.HOUR, Disguise.SHOP), Shops.ACCOMPLICE)
    members: Span = (4, 10)
    loops: Span = (3, 7)
    days: Span = (10, 24)
    share_ppm: Span = (300_000, 850_000)
    refund_ppm: Span = (900_000, 1_000_001)
    refund_hours: tuple[float, float] = (6.0, 40.0)

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One shop and its loops."""
        who = stage.recruit(rng, within(rng, self.members), needy=True)
        shop = stage.small_shop(rng) if rng.random() < 0.75 else stage.new_shop(rng)
        days = within(rng, self.days)
        start = stage.start(rng, days)
        row = np.repeat(np.arange(len(who)), rng.integers(self.loops[0], self.loops[1] + 1, len(who)))
        day = start + np.minimum(rng.integers(0, days, len(row)), stage.city.days - 1 - start)
        bought = with_columns(
            spend(rng, stage, who=who[row], at_us=times(rng, len(row), day=day), shop=shop),
            share_ppm=rng.integers(*self.share_ppm, len(row)), grid_minor=rng.choice([10, 100, 1_000], len(row)),
        )  # fmt: skip
        at = after(rng, bought["at_us"], hours=float(rng.uniform(*self.refund_hours)), spread=0.4)
        rows = np.flatnonzero(at < stage.city.days * US_PER_DAY)
        back = refund(bought, rows, at_us=at[rows], share_ppm=rng.integers(*self.refund_ppm, len(rows)))
        return bought.followed_by(with_columns(back, crime=1))


__all__ = ["RefundLoop"]
