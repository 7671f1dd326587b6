"""A platform of fake orders: buyers for hire who make shops look busy and turn credit into cash on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from honghua.sim.core.draft import US_PER_DAY, Draft
from honghua.sim.core.stage import (
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


@dataclass(frozen=True, slots=True)
class FakeOrders:
    """Buyers for hire get a task sheet: each of the platform's shops once, list prices, in an evening or two; money comes back.

    Camouflage: amounts are list prices, buyers live all over the country, shops have honest buyers too.
    """

    name: ClassVar[str] = "fake_orders"
    family: ClassVar[str] = "shop"
    reporting: ClassVar[Reporting] = Reporting(rings=0.6, events=0.85, days_median=14)
    tuning: ClassVar[Tuning] = Tuning((Disguise.HOUR, Disguise.SHOP), Shops.ACCOMPLICE, greed=(1.0, 0.7, 0.5))
    buyers: Span = (15, 35)
    shops: Span = (2, 5)
    days: Span = (2, 8)
    task_share: float = 0.75
    evening_hours: int = 3
    seen_back: float = 0.25

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One platform, its shops and its buyers."""
        who = stage.recruit(rng, within(rng, self.buyers))
        owner, buyers = int(who[0]), who[1:]
        fresh = stage.new_shop(rng)
        shops = np.array([fresh, *(stage.small_shop(rng) for _ in range(within(rng, self.shops) - 1))])
        days = within(rng, self.days)
        start = stage.start(rng, days)
        buyer, shop = (grid.ravel() for grid in np.meshgrid(buyers, shops))
        taken = rng.random(len(buyer)) < self.task_share
        buyer, shop = buyer[taken], shop[taken]
        evening = within(rng, (10, 24 - self.evening_hours))
        day = start + np.floor(days * rng.random(len(buyer))).astype(np.int64)
        at = times(rng, len(buyer), day=day, hours=(evening, evening + self.evening_hours))
        bought = spend(rng, stage, who=buyer, at_us=at, shop=shop)
        price = stage.city.shops.price_minor[shop, rng.integers(4, 14, len(shop))]
        bought = with_columns(bought, amount_minor=price)
        way = Payback(owner, share_ppm=(960_000, 1_030_000), hours=8)
        back = pay_back(rng, stage, bought, some(rng, bought, self.seen_back), way)
        rows = bought.followed_by(back)
        return rows.take(rows["at_us"] < stage.city.days * US_PER_DAY)


__all__ = ["FakeOrders"]
