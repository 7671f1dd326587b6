"""A city lived through against a guard: its people and gangs want, the house of the files settles, and the guard may refuse.

What a guard is shown is what an engine would be: events with keys, nothing of the truth. A day is played in spans, so that gangs hear
within hours. In a span accounts move twice: once to see what each want would come to, and, when the guard has spoken, once for what
is left of them, with the amounts that were judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.features.core import EventKind
from honghua.sim.core.draft import NONE, US_PER_DAY, US_PER_HOUR, Draft, Ints, actor_of, join
from honghua.sim.core.gangs import NAMES, CrewPlan
from honghua.sim.core.guarded.guards import Bools, Guard, is_judged
from honghua.sim.core.life import (
    GANGS_FROM,
    GangsActor,
    House,
    Life,
    blocks_of,
    cast_city,
    in_order,
    open_house,
    settle_city,
)
from honghua.sim.core.market import FIRST_MIDNIGHT_US, MARKET_SCHEMA, Market, event_matrix
from honghua.sim.core.outcomes import Heard, Outcomes, join_outcomes
from honghua.sim.core.plan import CityPlan
from honghua.sim.core.scenes import SceneBook
from honghua.sim.core.truth import Truth, split_truth

SPEAKS: Final = (EventKind.REFUND, EventKind.FRAUD_REPORTED, EventKind.CLEARED)  # of an earlier act
MOVED: Final = ("limit_minor", "used_minor", "unpaid_minor", "minimum_minor")  # of an account, by settling
SPANS: Final = (1, 2, 3, 4, 6, 8, 12, 24)


@dataclass(frozen=True, slots=True)
class PlayPlan:
    """A city, its gangs, and how many hours a span is, after which gangs hear."""

    people: int = 4_000
    days: int = 60
    seed: int = 1
    rings: int = 4
    typologies: tuple[str, ...] = field(default=NAMES)
    adaptive: bool = True
    hours: int = 2

    def __post_init__(self) -> None:
        if self.people < 200 or self.days < 5 or self.hours not in SPANS:
            raise ValueError("a play needs at least 200 people and 5 days, and spans that fill a day")


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What the guard was shown – attempts, and labels as they arrived – with its answers and the truth beside, row by row.

    refused bool[n]: it said no, the event did not happen. moods: where the gangs of each typology stood in the end.
    """

    market: Market
    truth: Truth
    refused: Bools
    moods: dict[str, dict[str, int]]


class _Shown(NamedTuple):
    """What the guard saw in one span, with what is true of it; act: the names of the rows, about: of the acts that they are about."""

    events: Ints
    refused: Bools
    crime: Ints
    ring: Ints
    act: Ints
    about: Ints


class _Answered(NamedTuple):
    """Wants of a cell in one span as they came out, row by row, and which of them are events."""

    rows: Draft
    outcomes: Outcomes
    available_minor: Ints
    limit_minor: Ints
    kept: Bools


def play(plan: PlayPlan, scenes: SceneBook, guard: Guard) -> Played:
    """The same plan and answers give the same bytes."""
    town = _Town(plan, scenes)
    shown = _Shown(*(np.concatenate(parts) for parts in zip(*town.live(guard), strict=True)))
    truth = split_truth(shown.crime, shown.ring, NAMES)
    truth.told_at_us[:] = _told(shown, town.reports_to_come())
    ends_at_us = FIRST_MIDNIGHT_US + plan.days * US_PER_DAY
    moods = town.gangs.crew.moods() if town.gangs else {}
    return Played(Market(shown.events, MARKET_SCHEMA, ends_at_us), truth, shown.refused, moods)


def _told(shown: _Shown, to_come: Draft) -> Ints:
    """When each row is reported: by a label that arrived, or by one that is still on its way; else as in `truth`."""
    never = split_truth(np.zeros(len(shown.act), np.int64), shown.ring, NAMES).told_at_us
    label = shown.events[:, 1] == EventKind.FRAUD_REPORTED
    about = np.concatenate([shown.about[label], to_come["about"]])
    at_us = np.concatenate([shown.events[label, 0], to_come["at_us"] + FIRST_MIDNIGHT_US])
    order = np.argsort(shown.act, kind="stable")
    place = order[np.minimum(np.searchsorted(shown.act, about, sorter=order), len(order) - 1)]
    known = shown.act[place] == about
    never[place[known]] = at_us[known]
    return never


class _Town:
    """The city on its way through the days: a cell with its house per block, the gangs in the last."""

    def __init__(self, plan: PlayPlan, scenes: SceneBook) -> None:
        self.plan = plan
        self.registry = settle_city(CityPlan(scenes, plan.people, plan.days, plan.seed))
        assert self.registry.first_midnight_us == FIRST_MIDNIGHT_US, "keys and times are those of a market"
        cast = cast_city(self.registry, CrewPlan(plan.seed, plan.rings, plan.typologies, plan.adaptive))
        self.gangs: GangsActor | None = cast.gangs
        self.lives = [Life(self.registry, block, apart=cast.apart) for block in blocks_of(self.registry, cast)]
        self.houses = [open_house(self.registry, life) for life in self.lives]

    def live(self, guard: Guard) -> list[_Shown]:
        """Every span of every day."""
        return [shown for day in range(self.plan.days) for shown in self._day(guard, day)]

    def reports_to_come(self) -> Draft:
        """Reports that will arrive after the last day."""
        return self.gangs.reports_to_come() if self.gangs else join([])

    def _day(self, guard: Guard, day: int) -> list[_Shown]:
        for house in self.houses:
            house.turn(day)
        wanted = [life.wants(day) for life in self.lives]
        told = self.gangs.reports_of(day) if self.gangs else join([])
        answered: list[list[_Answered]] = [[] for _ in self.lives]
        shown = []
        step = self.plan.hours * US_PER_HOUR
        for at in range(day * US_PER_DAY, (day + 1) * US_PER_DAY, step):
            parts = [_between(rows, at, at + step) for rows in wanted]
            if self.gangs:
                asked = self.gangs.crew.wants_between(at, at + step)
                parts[-1] = in_order(join([parts[-1], asked, _between(told, at, at + step)]))
            settled = [house_trial(house, day, rows) for house, rows in zip(self.houses, parts, strict=True)]
            shown.append(self._judge(guard, settled))
            answers = self._charge(day, parts, settled, shown[-1])
            if self.gangs:
                self._tell_gangs(answers[-1])
            for one, many in zip(answers, answered, strict=True):
                many.append(one)
        for life, many, wants in zip(self.lives, answered, wanted, strict=True):
            self._tell(day, life, many, wants)
        return shown

    def _judge(self, guard: Guard, settled: Sequence[_Answered]) -> _Shown:
        """All that happens or is tried in a span, in order of time, before the guard."""
        rows = [np.flatnonzero(one.kept) for one in settled]
        columns = {
            name: np.concatenate([one.rows[name][kept] for one, kept in zip(settled, rows, strict=True)])
            for name in settled[0].rows.columns
        }
        for name in ("available_minor", "limit_minor"):
            columns[name] = np.concatenate([getattr(one, name)[kept] for one, kept in zip(settled, rows, strict=True)])
        about = np.isin(columns["kind"], SPEAKS) & (columns["about"] != NONE)
        columns["origin_at_us"] = np.where(about, columns["about_at_us"], columns["at_us"])
        order = np.lexsort((columns["act"], columns["at_us"]))
        events = np.ascontiguousarray(event_matrix(columns, self.plan.seed)[order])
        refused = guard.judge(events) & is_judged(events)
        return _Shown(events, refused, *(columns[name][order] for name in ("crime", "ring", "act", "about")))

    def _charge(self, day: int, parts: Sequence[Draft], settled: Sequence[_Answered], shown: _Shown) -> list[_Answered]:
        """Move the accounts by what was not refused; the answers."""
        gone = np.sort(shown.act[shown.refused])
        found = []
        for house, wants, one in zip(self.houses, parts, settled, strict=True):
            place = np.minimum(np.searchsorted(gone, wants["act"]), max(len(gone) - 1, 0))
            refused = (gone[place] == wants["act"]) if len(gone) else np.zeros(len(wants), np.bool_)
            kind = np.where(refused | ~one.kept, np.int64(EventKind.REFUSED), one.rows["kind"])
            house.settle(day, Draft({**one.rows.columns, "kind": kind, "share_ppm": np.zeros_like(kind)}))
            code = np.where(refused, np.int8(Heard.REFUSED_RISK), one.outcomes.code).astype(np.int8)
            granted = np.where(refused, 0, one.outcomes.granted_minor)
            found.append(one._replace(rows=wants, outcomes=Outcomes(code, granted)))
        return found

    def _tell_gangs(self, answered: _Answered) -> None:
        """Their acts of the span, in the order in which they were asked for."""
        assert self.gangs is not None
        mine = np.flatnonzero(actor_of(answered.rows["act"]) == GANGS_FROM)
        self.gangs.crew.hear_rows(np.arange(len(mine)), answered.outcomes.take(mine))

    def _tell(self, day: int, life: Life, answered: Sequence[_Answered], wants: Draft) -> None:
        """What became of a cell's day: to its people, and to those who may tell of crimes."""
        rows = join([one.rows for one in answered])
        outcomes = join_outcomes([one.outcomes for one in answered])
        actor = actor_of(rows["act"])
        mine = np.flatnonzero(actor == life.number)
        assert len(mine) == len(wants), "every want was answered"
        life.hear(day, _pick(rows, mine), outcomes.take(mine))
        crooks = np.flatnonzero(actor == GANGS_FROM)
        if self.gangs and len(crooks):
            self.gangs.witness(day, _pick(rows, crooks), outcomes.take(crooks))


def house_trial(house: House, day: int, rows: Draft) -> _Answered:
    """What the house would answer, with its accounts as they were."""
    arrays: Mapping[str, Ints] = {name: getattr(house.accounts, name) for name in MOVED}
    before = {name: values.copy() for name, values in arrays.items()}
    beside = house.deferred_minor.copy(), house.release_minor.copy()
    settled = house.settle(day, rows)
    for name, values in before.items():
        arrays[name][:] = values
    house.deferred_minor[:], house.release_minor[:] = beside
    looked_first = (settled.rows["kind"] == EventKind.REFUSED) & (
        rows["ring"] > 0
    )  # crooks know what is left of a limit
    return _Answered(
        settled.rows, settled.outcomes, settled.available_minor, settled.limit_minor, settled.kept & ~looked_first
    )


def _between(rows: Draft, from_us: int, to_us: int) -> Draft:
    """Rows, which come by time, of a span."""
    return _pick(rows, slice(*np.searchsorted(rows["at_us"], [from_us, to_us]).tolist()))


def _pick(rows: Draft, chosen: slice | NDArray[np.int64]) -> Draft:
    """Some rows; wants of a day are about earlier acts by name, not by row."""
    return Draft({name: values[chosen] for name, values in rows.columns.items()})


__all__ = ["PlayPlan", "Played", "play"]
