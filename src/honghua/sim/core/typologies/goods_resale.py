"""Goods bought on credit for a collector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from honghua.sim.core.draft import Draft
from honghua.sim.core.stage import Reporting, Rng, Span, Stage, spend, times, with_columns, within
from honghua.sim.core.tuning import Disguise, Tuning


@dataclass(frozen=True, slots=True)
class GoodsResale:
    """People buy the collector's goods at popular shops at list prices and have them sent to the collector's address.

    Camouflage: innocent shops, real goods, own devices, list prices; only some use the address itself.
    """

    name: ClassVar[str] = "goods_resale"
    family: ClassVar[str] = "drain"
    reporting: ClassVar[Reporting] = Reporting(rings=0.5, events=0.8, days_median=20)
    tuning: ClassVar[Tuning] = Tuning((Disguise.ADDRESS, Disguise.SHOP, Disguise.HOUR))
    members: Span = (8, 20)
    days: Span = (4, 12)
    times_each: Span = (1, 3)
    shops: Span = (1, 3)
    same_address: float = 0.7

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One collector and the buyers."""
        who = stage.recruit(rng, within(rng, self.members), needy=True)
        shops = rng.choice(stage.city.shops.of("resale")[:30], within(rng, self.shops), replace=False)
        days = within(rng, self.days)
        start = stage.start(rng, days)
        row = np.repeat(np.arange(len(who)), rng.integers(self.times_each[0], self.times_each[1] + 1, len(who)))
        at = times(rng, len(row), day=start + rng.integers(0, days, len(row)))
        shop = rng.choice(shops, len(row))
        bought = spend(rng, stage, who=who[row], at_us=at, shop=shop)
        price = stage.city.shops.price_minor[shop, rng.integers(8, 15, len(row))]
        there = rng.random(len(row)) < self.same_address
        address = np.where(there, stage.new_addresses(1), bought["address"])
        return with_columns(bought, amount_minor=price * rng.integers(1, 3, len(row)), address=address)


__all__ = ["GoodsResale"]
