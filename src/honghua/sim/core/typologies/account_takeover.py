"""Stolen accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from honghua.sim.core.draft import US_PER_DAY, Draft
from honghua.sim.core.stage import Reporting, Rng, Span, Stage, after, spend, times, with_columns, within
from honghua.sim.core.tuning import Disguise, Tuning


@dataclass(frozen=True, slots=True)
class AccountTakeover:
    """A gang logs in from new devices, at odd hours, and buys goods that sell again until the limit is gone.

    Camouflage: popular shops; a clean device for every victim or two, addresses of a pool; a first small purchase to probe.
    The victims' own life goes on meanwhile, from their own devices.
    """

    name: ClassVar[str] = "account_takeover"
    family: ClassVar[str] = "identity"
    reporting: ClassVar[Reporting] = Reporting(rings=1.0, events=0.85, days_median=4)
    tuning: ClassVar[Tuning] = Tuning(
        (Disguise.HOUR, Disguise.DEVICE, Disguise.ADDRESS, Disguise.SHOP), patience=2, tries=2
    )
    victims: Span = (6, 14)
    days: Span = (3, 10)
    purchases: Span = (2, 4)
    share_ppm: Span = (250_000, 900_000)
    victims_per_device: Span = (1, 3)
    addresses: Span = (2, 4)
    odd_hours: float = 0.7

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One gang and its victims."""
        who = stage.recruit(rng, within(rng, self.victims))
        days = within(rng, self.days)
        day = stage.start(rng, days) + rng.integers(0, days, len(who))
        night = rng.random(len(who)) < self.odd_hours
        first = np.where(
            night, times(rng, len(who), day=day, hours=(0, 6)), times(rng, len(who), day=day, hours=(9, 23))
        )
        row = np.repeat(np.arange(len(who)), rng.integers(self.purchases[0], self.purchases[1] + 1, len(who)))
        nth = np.arange(len(row)) - np.searchsorted(row, row)
        at = np.where(nth > 0, after(rng, first[row], hours=0.4), first[row])
        devices = stage.new_devices(-(-len(who) // within(rng, self.victims_per_device)))
        addresses = stage.new_addresses(within(rng, self.addresses))
        loot = with_columns(
            spend(rng, stage, who=who[row], at_us=at, shop=rng.choice(stage.city.shops.of("resale")[:25], len(row))),
            device=devices[row % len(devices)], address=rng.choice(addresses, len(who))[row], region=rng.integers(0, 30, len(who))[row],
            share_ppm=np.where(nth == 0, rng.integers(40_000, 300_000, len(row)), rng.integers(*self.share_ppm, len(row))),
            grid_minor=rng.choice([10, 100, 1_000], len(row)),
        )  # fmt: skip
        return loot.take(at < stage.city.days * US_PER_DAY)


__all__ = ["AccountTakeover"]
