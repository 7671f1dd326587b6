"""Gift cards and game money bought on credit and sold on at a discount."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from honghua.sim.core.draft import US_PER_DAY, US_PER_S, Draft
from honghua.sim.core.stage import Reporting, Rng, Span, Stage, spend, times, with_columns, within
from honghua.sim.core.tuning import Disguise, Shops, Tuning


@dataclass(frozen=True, slots=True)
class VirtualGoods:
    """Members buy face values in quick series at popular virtual shops through the addresses of the one who buys the cards up.

    Camouflage: popular shops, ordinary face values; gamers buy in series too.
    """

    name: ClassVar[str] = "virtual_goods"
    family: ClassVar[str] = "drain"
    reporting: ClassVar[Reporting] = Reporting(rings=0.5, events=0.8, days_median=16)
    tuning: ClassVar[Tuning] = Tuning(
        (Disguise.ADDRESS, Disguise.SHOP, Disguise.HOUR), Shops.VIRTUAL, greed=(1.0, 0.5, 0.3)
    )
    members: Span = (5, 12)
    series: Span = (1, 3)
    length: Span = (4, 9)
    face_values: tuple[int, ...] = (100, 200, 300, 500, 1_000)
    days: Span = (4, 14)
    gap_s: Span = (20, 400)
    own_address: float = 0.4

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One buyer-up of cards and the members."""
        who = stage.recruit(rng, within(rng, self.members), needy=True)
        days = within(rng, self.days)
        start = stage.start(rng, days)
        series = np.repeat(np.arange(len(who)), rng.integers(self.series[0], self.series[1] + 1, len(who)))
        first = times(rng, len(series), day=start + rng.integers(0, days, len(series)), hours=(10, 24))
        length = rng.integers(self.length[0], self.length[1] + 1, len(series))
        row = np.repeat(np.arange(len(series)), length)
        gaps = rng.integers(*self.gap_s, len(row)) * US_PER_S
        running = np.cumsum(gaps)
        begins = np.cumsum(length) - length
        at = first[row] + running - running[begins][row]
        shop = rng.choice(stage.city.shops.of("virtual")[:10], len(series))[row]
        bought = spend(rng, stage, who=who[series[row]], at_us=at, shop=shop)
        address = np.where(
            rng.random(len(series)) < self.own_address, NOBODY, rng.choice(stage.new_addresses(2), len(series))
        )[row]
        face = rng.choice(self.face_values, len(series))[row] * 100
        rows = with_columns(bought, amount_minor=face, address=np.where(address == NOBODY, bought["address"], address))
        return rows.take(at < stage.city.days * US_PER_DAY)


NOBODY = -1

__all__ = ["VirtualGoods"]
