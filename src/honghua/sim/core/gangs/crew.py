"""All gangs of a city: planted on its stage, asked day by day what they want, told what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from honghua.base.rng import derive_rng
from honghua.sim.core.draft import US_PER_DAY, Draft, Ints, act_ids, join
from honghua.sim.core.gangs.gang import Gang, Mood, Span
from honghua.sim.core.gangs.lore import Lore
from honghua.sim.core.outcomes import Outcomes
from honghua.sim.core.stage import Stage, with_columns
from honghua.sim.core.truth import mark_ring
from honghua.sim.core.typologies import ALL_TYPOLOGIES

NAMES: Final = tuple(ALL_TYPOLOGIES)  # in the order of Truth's numbers


@dataclass(frozen=True, slots=True)
class CrewPlan:
    """rings: how many of each typology. Another typology more or less, adaptive or not: the others' plans stay the same, as long as
    there are people to recruit. actor: the name of the crew among those who act (`draft.act_ids`)."""

    seed: int
    rings: int = 4
    typologies: tuple[str, ...] = field(default=NAMES)
    adaptive: bool = True
    actor: int = 0

    def __post_init__(self) -> None:
        unknown = [name for name in self.typologies if name not in ALL_TYPOLOGIES]
        if unknown:
            raise ValueError(f"no such typology: {', '.join(unknown)}; known: {', '.join(ALL_TYPOLOGIES)}")
        if self.rings < 0:
            raise ValueError("no negative number of rings")


class Crew:
    """Everything the gangs draw comes from the plan's seed, in the order of gangs and spans: the same outcomes give the same crimes.

    `wants` then `hear`, span after span. Gangs of a typology gossip: each learns from what the others met, a little.
    """

    __slots__ = ("_act", "_acted", "_awake", "_kinds", "_order", "_parts", "_span", "gangs", "lore", "plan", "stage")

    def __init__(self, stage: Stage, plan: CrewPlan) -> None:
        self.stage, self.plan = stage, plan
        self.gangs: list[Gang] = []
        self._kinds: list[str] = []
        for number, (name, typology) in enumerate(ALL_TYPOLOGIES.items()):
            for k in range(plan.rings if name in plan.typologies else 0):
                rows = typology.plant(stage, derive_rng(plan.seed, "ring", name, k))
                marked = mark_ring(rows, number, ring=len(self.gangs) + 1)
                rng = derive_rng(plan.seed, "gang", name, k)
                self.gangs.append(Gang(typology, marked, rng, adaptive=plan.adaptive))
                self._kinds.append(name)
        self.lore = {name: Lore() for name in plan.typologies}
        self._parts: Ints = np.zeros(0, np.int64)  # of each want of the last span, before they were sorted: the gang
        self._order: Ints = self._parts
        self._awake: list[int] = []
        self._act: Ints = self._parts
        self._span = Span(0, 0)
        self._acted = 0

    def kind_of(self, gang: int) -> str:
        """The typology of a gang by its number."""
        return self._kinds[gang]

    def wants(self, day: int) -> Draft:
        """What the gangs would do on a day, in order of time; `act` names each row."""
        return self.wants_between(day * US_PER_DAY, (day + 1) * US_PER_DAY)

    def hear(self, day: int, rows: Ints, outcomes: Outcomes) -> None:
        """What became of some rows of the wants of this day; the others count as not tried."""
        assert self._span.from_us // US_PER_DAY == day, "answers are for the last wants"
        self.hear_rows(rows, outcomes)

    def wants_between(self, from_us: int, to_us: int) -> Draft:
        """`wants` of a span within a day: the shorter, the sooner gangs learn."""
        day = from_us // US_PER_DAY
        assert from_us < to_us <= (day + 1) * US_PER_DAY, "a span lies within a day"
        self._acted = 0 if day != self._span.from_us // US_PER_DAY else self._acted
        self._span = Span(from_us, to_us)
        awake = [k for k, gang in enumerate(self.gangs) if gang.stirs(self._span)]
        parts = [self.gangs[k].wants(self.stage, self._span) for k in awake]
        wants = join(parts)
        acts = act_ids(self.plan.actor, day, self._acted + len(wants))[self._acted :]
        self._acted += len(wants)
        self._awake, self._parts = awake, np.repeat(np.array(awake, np.int64), [len(one) for one in parts])
        order = np.argsort(wants["at_us"], kind="stable")
        self._order, self._act = order, acts
        return with_columns(wants, act=acts).take(order)

    def hear_rows(self, rows: Ints, outcomes: Outcomes) -> None:
        """`hear`, for the last span."""
        code = np.zeros(len(self._parts), np.int8)
        granted = np.zeros(len(self._parts), np.int64)
        code[self._order[rows]], granted[self._order[rows]] = outcomes.code, outcomes.granted_minor
        for k in self._awake:
            mine = np.flatnonzero(self._parts == k)
            told = Outcomes(code[mine], granted[mine])
            self.gangs[k].hear(told, self._act[mine], self.lore[self._kinds[k]], now_us=self._span.to_us)

    def moods(self) -> dict[str, dict[str, int]]:
        """How many gangs of each typology work, probe and are gone."""
        found = {name: dict.fromkeys((mood.name.lower() for mood in Mood), 0) for name in self.plan.typologies}
        for kind, gang in zip(self._kinds, self.gangs, strict=True):
            found[kind][gang.mood.name.lower()] += 1
        return found


__all__ = ["NAMES", "Crew", "CrewPlan"]
