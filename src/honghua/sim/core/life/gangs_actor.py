"""The gangs of a city as one actor among others: their acts day by day, and the reports by which their crimes come to light."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from honghua.base.rng import derive_rng
from honghua.features.core import EventKind
from honghua.sim.core.draft import US_PER_DAY, Draft, Ints, act_ids, join
from honghua.sim.core.gangs import Crew, CrewPlan
from honghua.sim.core.life.cell import GANGS_FROM, in_order
from honghua.sim.core.life.later import Later, follow
from honghua.sim.core.outcomes import Outcomes
from honghua.sim.core.stage import Reporting, Rng, Stage
from honghua.sim.core.truth import CRIME_STEP
from honghua.sim.core.typologies import ALL_TYPOLOGIES

REPORTS: Final = GANGS_FROM + 1  # the actor in whose name victims and banks report
HABITS: Final = tuple(one.reporting for one in ALL_TYPOLOGIES.values())
DELAY_SPREAD: Final = 0.5


class GangsActor:
    """All gangs (`cell.Actor`), and those who report them, in the name of REPORTS: each typology by its habit, some rings never.

    members int64[k] ascending: everybody whose account an act of theirs can touch.
    """

    def __init__(self, stage: Stage, plan: CrewPlan) -> None:
        self.number = GANGS_FROM
        self.crew = Crew(stage, replace(plan, actor=GANGS_FROM))
        self.members: Ints = np.unique(np.concatenate([gang.plan["customer"] for gang in self.crew.gangs]))
        self._seed = plan.seed
        self._acts: Ints = np.zeros(0, np.int64)
        self._reports = Later()
        self._found: dict[int, bool] = {}

    def wants(self, day: int) -> Draft:
        """What the gangs try on a day and which reports arrive, by (at_us, act)."""
        wanted = self.crew.wants(day)
        self._acts = wanted["act"]
        return in_order(join([wanted, self.reports_of(day)]))

    def hear(self, day: int, rows: Draft, outcomes: Outcomes) -> None:
        """What became of their acts; the gangs make of it what they will, and somebody may tell of what came off."""
        by_act = np.argsort(self._acts)
        place = by_act[np.searchsorted(self._acts, rows["act"], sorter=by_act)] if len(by_act) else by_act
        self.crew.hear(day, place, outcomes)
        self.witness(day, rows, outcomes)

    def reports_of(self, day: int) -> Draft:
        """The reports that arrive on a day, by (at_us, act)."""
        told = self._reports.take(day)
        told = told.take(np.argsort(told["at_us"], kind="stable"))
        return Draft({**told.columns, "act": act_ids(REPORTS, day, len(told))})

    def reports_to_come(self) -> Draft:
        """Those that have not arrived yet."""
        return join([rows for day in sorted(self._reports.due) for rows in self._reports.due[day]])

    def witness(self, day: int, rows: Draft, outcomes: Outcomes) -> None:
        """Whoever saw what came off on a day may tell of it later."""
        self._reports.keep(self._tell(derive_rng(self._seed, "reports", day), rows, outcomes))

    def _tell(self, rng: Rng, rows: Draft, outcomes: Outcomes) -> Draft:
        money = np.isin(rows["kind"], (EventKind.PURCHASE, EventKind.TRANSFER))
        crimes = np.flatnonzero(money & outcomes.granted & (rows["crime"] % CRIME_STEP == 1))
        habits = [HABITS[number] for number in (rows["crime"][crimes] // CRIME_STEP - 1).tolist()]
        found = np.array(
            [self._is_found(ring, one) for ring, one in zip(rows["ring"][crimes].tolist(), habits)], np.bool_
        )
        told = np.flatnonzero(found & (rng.random(len(crimes)) < np.array([one.events for one in habits])))
        days = np.array([habits[k].days_median for k in told.tolist()]) * np.exp(rng.normal(0, DELAY_SPREAD, len(told)))
        about = crimes[told]
        said: dict[str, ArrayLike] = {
            "kind": EventKind.FRAUD_REPORTED, "amount_minor": outcomes.granted_minor[about], "ring": rows["ring"][about],
            "credit": np.minimum(rows["credit"][about], 1), "crime": rows["crime"][about] // CRIME_STEP * CRIME_STEP,
        }  # fmt: skip
        return follow(rows, about, rows["at_us"][about] + (np.maximum(days, 1.0) * US_PER_DAY).astype(np.int64), said)

    def _is_found(self, ring: int, habit: Reporting) -> bool:
        if ring not in self._found:
            self._found[ring] = bool(derive_rng(self._seed, "found", ring).random() < habit.rings)
        return self._found[ring]


__all__ = ["REPORTS", "GangsActor"]
