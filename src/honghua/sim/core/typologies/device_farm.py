"""A farm of devices that registers accounts and spends their first limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from honghua.sim.core.background import buy
from honghua.sim.core.draft import Draft, join
from honghua.sim.core.stage import Reporting, Rng, Span, Stage, spend, times, with_columns, within
from honghua.sim.core.tuning import Disguise, Tuning


@dataclass(frozen=True, slots=True)
class DeviceFarm:
    """Some devices behind a few addresses run new accounts; within days each buys goods that sell again at popular shops.

    Camouflage: a cheap ordinary purchase or two to warm the account up; devices are changed between accounts.
    """

    name: ClassVar[str] = "device_farm"
    family: ClassVar[str] = "identity"
    reporting: ClassVar[Reporting] = Reporting(rings=0.8, events=0.9, days_median=10)
    tuning: ClassVar[Tuning] = Tuning((Disguise.ADDRESS, Disguise.DEVICE, Disguise.SHOP), greed=(1.0, 0.5, 0.25, 0.12))
    accounts: Span = (8, 24)
    accounts_per_device: Span = (3, 6)
    addresses: Span = (1, 4)
    warm_up: Span = (1, 2)
    days: Span = (2, 6)
    times_each: Span = (1, 3)
    share_ppm: Span = (450_000, 990_000)

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One farm."""
        who = stage.register(rng, within(rng, self.accounts))
        device = stage.new_devices(max(len(who) // within(rng, self.accounts_per_device), 1))
        address = stage.new_addresses(within(rng, self.addresses))
        joined = stage.city.people.joined_day[who]
        ready = np.minimum(joined + rng.integers(1, 4, len(who)), stage.city.days - 1)
        warm = self._warm_up(stage, rng, who=who, day=joined)
        row = np.repeat(np.arange(len(who)), rng.integers(self.times_each[0], self.times_each[1] + 1, len(who)))
        day = np.minimum(ready[row] + rng.integers(0, within(rng, self.days), len(row)), stage.city.days - 1)
        shop = rng.choice(stage.city.shops.of("resale")[:12], len(row))
        loot = spend(rng, stage, who=who[row], at_us=times(rng, len(row), day=day, hours=(8, 24)), shop=shop)
        loot = with_columns(
            loot, share_ppm=rng.integers(*self.share_ppm, len(row)), grid_minor=rng.choice([100, 1_000], len(row))
        )
        rows = join([warm, loot])
        place = np.searchsorted(np.sort(who), rows["customer"])  # an account keeps to its device, more or less
        swap = np.where(rng.random(len(rows)) < 0.2, rng.integers(0, len(device), len(rows)), 0)
        return with_columns(
            rows, device=device[(place + swap) % len(device)], address=rng.choice(address, len(rows)), region=within(rng, (0, 29))
        )  # fmt: skip

    def _warm_up(self, stage: Stage, rng: Rng, *, who: np.ndarray, day: np.ndarray) -> Draft:
        row = np.repeat(np.arange(len(who)), rng.integers(self.warm_up[0], self.warm_up[1] + 1, len(who)))
        shop = rng.choice(stage.city.shops.of("virtual")[:20], len(row))
        return buy(rng, stage.city, who=who[row], at_us=times(rng, len(row), day=day[row]), shop=shop)


__all__ = ["DeviceFarm"]
