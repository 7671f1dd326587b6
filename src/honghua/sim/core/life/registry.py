"""What stands still while a city lives: its people, shops, scenes and calendar – the same in every process, from the plan alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import Label, derive_rng
from honghua.sim.core.almanac import Calendar, first_midnight_us, open_calendar
from honghua.sim.core.background import City
from honghua.sim.core.citizens import Citizens, settle_citizens
from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR, Ints
from honghua.sim.core.people import SPARE_SHARE, Scenes, scene_of
from honghua.sim.core.plan import BLOCK, CityPlan
from honghua.sim.core.scene_shops import SceneShops, open_scene_shops
from honghua.sim.core.shops import CATEGORIES

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Registry:
    """The city at rest. by_region, place_in_region int32[n]: people in the order of their regions, and where each stands in it."""

    plan: CityPlan
    citizens: Citizens
    shops: SceneShops
    calendar: Calendar
    by_region: NDArray[np.int32]
    place_in_region: NDArray[np.int32]

    @property
    def street(self) -> City:
        """The city as crooks see it when they plan (`stage.Stage`)."""
        return City(self.citizens.people, self.shops.shops, self.plan.days)

    @property
    def first_midnight_us(self) -> int:
        """The local midnight of the first day, in microseconds UTC."""
        return first_midnight_us(self.plan.first_day)

    @property
    def blocks(self) -> int:
        """How many blocks the people make."""
        return -(-self.plan.people // BLOCK)

    def rng(self, *labels: Label) -> np.random.Generator:
        """The stream of random numbers that the seed and labels name, in whichever process it is asked for."""
        return derive_rng(self.plan.seed, *labels)

    def is_here(self, who: Ints, day: int) -> Flags:
        """bool[k]: whether they are among the customers yet; all are but the last ids, accounts that join during the days."""
        first_spare = self.plan.people - round(self.plan.people * SPARE_SHARE)
        return np.asarray((who < first_spare) | (self.citizens.people.joined_day[who] <= day), np.bool_)

    def place_of(self, rng: np.random.Generator, who: Ints, at_us: Ints) -> Scenes:
        """Device, address and region that people would use at these moments."""
        return scene_of(rng, self.citizens.people, who, (at_us // US_PER_DAY, at_us // US_PER_HOUR % 24))

    def categories(self, names: Sequence[str]) -> list[int]:
        """The numbers of categories of goods by name."""
        known = [one.name for one in CATEGORIES]
        return [known.index(name) for name in names]

    def members_of(self, block: int, *, apart: Ints) -> Ints:
        """int64[k]: who lives in a block; `apart` (ascending) live in a block of their own, after the others."""
        if block == self.blocks:
            return apart
        who = np.arange(block * BLOCK, min((block + 1) * BLOCK, self.plan.people))
        return np.asarray(np.setdiff1d(who, apart, assume_unique=True), np.int64)


def settle_city(plan: CityPlan) -> Registry:
    """Everything that stands still; a few seconds for a million people."""
    citizens = settle_citizens(plan)
    by_region = np.argsort(citizens.people.region, kind="stable").astype(np.int32)
    place = np.empty(len(by_region), np.int32)
    place[by_region] = np.arange(len(by_region), dtype=np.int32)
    return Registry(
        plan, citizens, open_scene_shops(plan), open_calendar(plan.first_day, plan.days + 1), by_region, place
    )


__all__ = ["Registry", "settle_city"]
