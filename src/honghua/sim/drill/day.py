"""The day of a drill: its orders by time, and where in the day each stands."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR, Draft
from honghua.sim.drill.crowd import gather, order_of_day, squeeze_crimes
from honghua.sim.drill.shape import BEGINS_HOUR, MIDNIGHT, Shape
from honghua.sim.driving.city_actor import CityActor
from honghua.sim.driving.names import Names


@dataclass(frozen=True, slots=True)
class DrillDay:
    """rows: orders by time; places float64[n]: where in the day, 0 … 1; begin_us: of the city's clock."""

    MIDNIGHT: ClassVar[float] = MIDNIGHT

    rows: Draft
    places: NDArray[np.float64]
    begin_us: int
    names: Names

    def instant(self, place: float) -> dt.datetime:
        """The moment of a place in the day."""
        return self.names.at(self.begin_us + round(place * US_PER_DAY))


def make_drill_day(
    actor: CityActor, names: Names, *, day: int, orders: int, shape: Shape, crime_share: float
) -> DrillDay:
    """So many orders, of which about this share are crimes of the gangs' plans for later."""
    seed, street = names.seed, actor.registry.street
    crimes = squeeze_crimes(actor.plans, seed=seed, day=day, orders=round(orders * crime_share))
    crowd = gather(street, seed=seed, day=day, orders=orders - len(crimes), shape=shape)
    rows = order_of_day(crowd, crimes, day=day)
    begin = day * US_PER_DAY + BEGINS_HOUR * US_PER_HOUR
    return DrillDay(rows, (rows["at_us"] - begin) / US_PER_DAY, begin, names)


__all__ = ["DrillDay", "make_drill_day"]
