"""The day of a drill: the crowd's orders by time, where in the day each stands, and the gangs that come."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR, Draft, act_ids
from honghua.sim.drill.crowd import gather
from honghua.sim.drill.raids import Raids
from honghua.sim.drill.shape import BEGINS_HOUR, MIDNIGHT, Shape
from honghua.sim.driving.city_actor import CityActor
from honghua.sim.driving.names import Names

DRILL_ACTOR = 2**21  # in whose name the crowd's acts are: nobody's of the city


@dataclass(frozen=True, slots=True)
class DrillDay:
    """rows: the crowd's orders by time; raids: the crooks', None = none; begin_us: of the city's clock."""

    MIDNIGHT: ClassVar[float] = MIDNIGHT

    rows: Draft
    raids: Raids | None
    begin_us: int
    names: Names

    def instant(self, place: float) -> dt.datetime:
        """The moment of a place in the day."""
        return self.names.at(self.begin_us + round(place * US_PER_DAY))

    def places(self, rows: Draft) -> NDArray[np.float64]:
        """float64[n]: where in the day some orders stand, 0 … 1."""
        return np.asarray((rows["at_us"] - self.begin_us) / US_PER_DAY)


def make_drill_day(
    actor: CityActor, names: Names, *, day: int, orders: int, shape: Shape, crime_share: float
) -> DrillDay:
    """About so many orders, of which about this share are crimes of the gangs' plans for later."""
    seed, crimes = names.seed, round(orders * crime_share)
    raids = None
    if actor.gangs is not None and crimes:
        waves = actor.registry.plan.days - day - 1
        raids = Raids(actor.gangs.crew, seed=seed, day=day, waves=waves, crimes=crimes)
    crowd = gather(actor.lives, actor.registry, seed=seed, day=day, orders=orders - crimes, shape=shape)
    rows = Draft({**crowd.columns, "act": act_ids(DRILL_ACTOR, day, len(crowd))})
    return DrillDay(rows, raids, day * US_PER_DAY + BEGINS_HOUR * US_PER_HOUR, names)


__all__ = ["DrillDay", "make_drill_day"]
