"""Cash-out through a shop that gives the money back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from honghua.sim.core.background import buy
from honghua.sim.core.draft import US_PER_DAY, Draft, join
from honghua.sim.core.stage import (
    OF_NO_RING,
    Payback,
    Reporting,
    Rng,
    Span,
    Stage,
    pay_back,
    some,
    spend,
    times,
    with_columns,
    within,
)
from honghua.sim.core.tuning import Disguise, Shops, Tuning

PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class ColludingShop:
    """Needy people "buy" for half to all of what is available; the owner sends 88 … 97 % back, sometimes on the platform.

    Camouflage: an old shop keeps its honest buyers, a new one gets a few; members buy an ordinary thing there now and then.
    """

    name: ClassVar[str] = "colluding_shop"
    family: ClassVar[str] = "shop"
    reporting: ClassVar[Reporting] = Reporting(rings=0.6, events=0.85, days_median=12)
    tuning: ClassVar[Tuning] = Tuning((Disguise.SUM, Disguise.HOUR, Disguise.SHOP), Shops.ACCOMPLICE)
    members: Span = (12, 30)
    days: Span = (7, 20)
    times_each: Span = (1, 3)
    share_ppm: Span = (500_000, 990_000)
    old_shop: float = 0.6
    seen_back: float = 0.35
    camouflage: float = 0.4

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One shop and its clients."""
        who = stage.recruit(rng, within(rng, self.members), needy=True)
        owner, clients = int(who[0]), who[1:]
        shop = stage.small_shop(rng) if rng.random() < self.old_shop else stage.new_shop(rng)
        days = within(rng, self.days)
        start = stage.start(rng, days)
        who = np.repeat(clients, rng.integers(self.times_each[0], self.times_each[1] + 1, len(clients)))
        day = start + np.minimum(rng.integers(0, days, len(who)), stage.city.days - 1 - start)
        cash = with_columns(
            spend(rng, stage, who=who, at_us=times(rng, len(who), day=day, hours=(9, 24)), shop=shop),
            share_ppm=rng.integers(*self.share_ppm, len(who)), grid_minor=rng.choice([100, 1_000, 10_000, 10], len(who)),
        )  # fmt: skip
        way = Payback(owner, share_ppm=(880_000, 975_000), hours=1.5)
        back = pay_back(rng, stage, cash, some(rng, cash, self.seen_back), way)
        return join([cash.followed_by(back), self._ordinary(stage, rng, clients=clients, shop=shop, start=start)])

    def _ordinary(self, stage: Stage, rng: Rng, *, clients: np.ndarray, shop: int, start: int) -> Draft:
        n = len(stage.city.people)
        honest = stage.city.people
        k = round(self.camouflage * len(clients)) + 2
        who = np.concatenate([rng.choice(clients, k), rng.integers(0, n, k)])
        day = rng.integers(start, stage.city.days, 2 * k)
        at = day * US_PER_DAY + times(rng, 2 * k, day=0)
        bought = buy(rng, stage.city, who=who, at_us=at, shop=np.full(2 * k, shop))
        ring = np.repeat([0, OF_NO_RING], k)  # the clients' ordinary purchases are camouflage, the others' are nobody's
        return with_columns(bought, ring=ring).take(day >= honest.joined_day[who])


__all__ = ["ColludingShop"]
