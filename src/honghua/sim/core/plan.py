"""The plan of a city: how many people, which days, which scenes, and the seed that all randomness comes from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from honghua.sim.core.scenes import SceneBook

BLOCK: Final = 8_192  # people whose days are drawn together: any process may make any block
PEOPLE_MIN: Final = 200
DAYS_MIN: Final = 5
FIRST_DAY: Final = dt.date(2026, 1, 5)  # a Monday


@dataclass(frozen=True, slots=True)
class CityPlan:
    """people: how many live here; days: 0 … days − 1, of which day 0 is `first_day`; scenes: what is bought where (`parse_scenes`)."""

    scenes: SceneBook
    people: int = 20_000
    days: int = 60
    seed: int = 1
    first_day: dt.date = FIRST_DAY

    def __post_init__(self) -> None:
        if self.people < PEOPLE_MIN or self.days < DAYS_MIN:
            raise ValueError(f"a city needs at least {PEOPLE_MIN} people and {DAYS_MIN} days")

    def date(self, day: int) -> dt.date:
        """The date of a day of the plan; negative days lie before it."""
        return self.first_day + dt.timedelta(days=day)


__all__ = ["BLOCK", "FIRST_DAY", "CityPlan"]
