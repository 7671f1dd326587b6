"""How the platform knows the city: texts for dense ids, dates and instants for local time. Ids of rings carry no sign of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from honghua.base.clock import from_micros, to_micros
from honghua.sim.core.draft import US_PER_DAY, Ints
from honghua.sim.core.market import keys_of

ZONE: Final = ZoneInfo("Asia/Shanghai")  # no summer time: every day has 24 hours


@dataclass(frozen=True, slots=True)
class Names:
    """seed: of the city; first_day: the date of day 0; categories: names by number; shops: names by number, may be empty."""

    seed: int
    first_day: dt.date
    categories: tuple[str, ...]
    shops: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        """What the idempotency keys of this city begin with."""
        return f"city:{self.seed}:{self.first_day:%Y%m%d}:"

    @property
    def midnight_us(self) -> int:
        """Local midnight of day 0, microseconds since 1970 UTC."""
        return to_micros(dt.datetime.combine(self.first_day, dt.time(), ZONE))

    def date(self, day: int) -> dt.date:
        """The date of a day of the plan."""
        return self.first_day + dt.timedelta(days=day)

    def at(self, at_us: int) -> dt.datetime:
        """The instant of a moment of the city."""
        return from_micros(self.midnight_us + at_us)

    def day_end(self, day: int) -> dt.datetime:
        """The last moment of a day."""
        return self.at((day + 1) * US_PER_DAY - 1)

    def keys(self, acts: Ints) -> list[str]:
        """Idempotency keys of acts: the same act has the same key for ever, and tells nothing of who acts."""
        return [f"{self.prefix}{key:016x}" for key in keys_of(self.seed, "act", acts).tolist()]

    def shop(self, number: int) -> str:
        """A shop by its sign."""
        return self.shops[number] if number < len(self.shops) else f"shop {number:05d}"

    def category(self, number: int) -> str:
        """A kind of goods."""
        return self.categories[number]


def name_person(number: int) -> str:
    """P000017."""
    return f"P{number:06d}"


def find_person(name: str) -> int | None:
    """The id behind a name; None for somebody who is not of the city."""
    return int(name[1:]) if name[:1] == "P" and name[1:].isdigit() else None


def name_column(word: str, ids: Ints) -> list[str]:
    """Texts of a column of dense ids; nothing for an absent one."""
    return [f"{word} {number}" if number >= 0 else "" for number in np.asarray(ids).tolist()]


__all__ = ["ZONE", "Names", "find_person", "name_column", "name_person"]
