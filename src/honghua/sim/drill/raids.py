"""Crooks on the shopping day: what gangs had planned for the coming weeks, pressed into one day, wave by wave; between waves they hear."""

from __future__ import annotations

from typing import Final

import numpy as np

from honghua.base.rng import derive_rng
from honghua.features.core import EventKind
from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR, Draft, Ints
from honghua.sim.core.gangs import Crew, Gang, Mood
from honghua.sim.core.outcomes import Heard, Outcomes
from honghua.sim.drill.shape import BEGINS_HOUR

RINGS_AT_LEAST: Final = 8  # share the crimes of the day, where there are so many
SMALLEST_SHARE: Final = 3  # crimes that any ring may send


class Raids:
    """The gangs of a crew that come on the day. A wave is a day of their plans, and takes one of `waves` parts of the drill's.

    `wants` and `hear` alternate, wave after wave: a gang that probed in one knows in the next what passed, and changes its ways.
    """

    __slots__ = ("_orders", "_wants", "begin_us", "crew", "first_day", "waves")

    def __init__(self, crew: Crew, *, seed: int, day: int, waves: int, crimes: int) -> None:
        self.crew, self.first_day, self.waves = crew, day + 1, waves
        self.begin_us = day * US_PER_DAY + BEGINS_HOUR * US_PER_HOUR
        self._orders: Ints = np.zeros(0, np.int64)
        self._wants: Draft | None = None
        self._choose(seed, crimes)

    def _choose(self, seed: int, crimes: int) -> None:
        """So many gangs come that about so many crimes are planned: of every typology one, then a second … None may plan more than its
        share: a large ring sends some of its people, the others stay at home. Were only rings let in that plan few crimes, the day would
        belong to the typologies that a house has seen least of."""
        rng = derive_rng(seed, "drill", "raids")
        turns: dict[str, int] = {}
        order = []
        for k in rng.permutation(len(self.crew.gangs)).tolist():
            kind = self.crew.kind_of(k)
            turns[kind] = turns.get(kind, 0) + 1
            order.append((turns[kind], k))
        left, most = crimes, max(crimes // RINGS_AT_LEAST, SMALLEST_SHARE)
        for _, k in sorted(order):
            gang = self.crew.gangs[k]
            planned = self._planned(gang)
            comes = min(len(planned), most, left)
            left -= comes
            if comes == 0:
                gang.leave()
            else:
                gang.put_off(rng.permutation(planned)[comes:])

    def _planned(self, gang: Gang) -> Ints:
        """The crimes that it plans on credit at shops in the time of the waves, by row of its plan."""
        from_us, to_us = (day * US_PER_DAY for day in (self.first_day, self.first_day + self.waves))
        due = (gang.due >= from_us) & (gang.due < to_us) & gang.is_act & (gang.mood is not Mood.GONE)
        return np.flatnonzero(due & (gang.plan["kind"] == EventKind.PURCHASE) & (gang.plan["credit"] > 0))

    @property
    def members(self) -> Ints:
        """int64[k]: everybody in whose name a gang may buy."""
        coming = [gang.plan["customer"] for gang in self.crew.gangs if gang.mood is not Mood.GONE]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *coming]))

    def begins(self, wave: int) -> float:
        """Where in the day a wave begins, 0 … 1."""
        return wave / self.waves

    def wants(self, wave: int) -> Draft:
        """The orders of a wave by time, at their times of the drill's day."""
        day = self.first_day + wave
        self._wants = wants = self.crew.wants(day)
        self._orders = np.flatnonzero((wants["kind"] == EventKind.PURCHASE) & (wants["credit"] > 0))
        rows = {name: values[self._orders] for name, values in wants.columns.items()}
        place = (wave + (rows["at_us"] - day * US_PER_DAY) / US_PER_DAY) / self.waves
        rows["at_us"] = self.begin_us + np.minimum(place * US_PER_DAY, US_PER_DAY - 1).astype(np.int64)
        return Draft(rows)

    def hear(self, wave: int, code: Ints, granted_minor: Ints) -> None:
        """What became of the orders of the last `wants`; what they paid themselves and sent to one another came off."""
        assert self._wants is not None, "nobody wanted anything"
        words = np.full(len(self._wants), Heard.APPROVED, np.int8)
        moved = self._wants["amount_minor"].copy()
        words[self._orders], moved[self._orders] = code, granted_minor
        self.crew.hear(self.first_day + wave, np.arange(len(words)), Outcomes(words, moved))


__all__ = ["Raids"]
