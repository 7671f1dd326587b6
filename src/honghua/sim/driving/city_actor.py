"""A whole city as one actor: its people with their lives, the gangs among them, and what everybody sees in the app."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.draft import Draft, Ints, actor_of
from honghua.sim.core.gangs import CrewPlan
from honghua.sim.core.life import GANGS_FROM, NEVER_DUE, Actor, Crowd, Life, blocks_of, cast_city, settle_city
from honghua.sim.core.outcomes import Outcomes
from honghua.sim.core.plan import CityPlan
from honghua.sim.driving.screens import Screens


class CityActor:
    """Everybody of a city (`driving.actor.Actor`). The platform decides limits: nobody raises them here."""

    def __init__(self, plan: CityPlan, crew: CrewPlan | None) -> None:
        self.registry = settle_city(plan)
        cast = cast_city(self.registry, crew)
        self.lives = [
            Life(self.registry, block, apart=cast.apart, raises=False) for block in blocks_of(self.registry, cast)
        ]
        actors: list[Actor] = [*self.lives, *([cast.gangs] if cast.gangs is not None else [])]
        self.crowd = Crowd(actors)
        self.gangs = cast.gangs
        self.heard_on = -1

    @property
    def limit_minor(self) -> Ints:
        """int64[people]: the first limit of each, as the plain house of the files gives it."""
        return np.maximum(self.registry.citizens.people.limit_minor.astype(np.int64), 50_000)

    @property
    def online(self) -> NDArray[np.bool_]:
        """bool[shops]: whose goods are sent."""
        return self.registry.shops.shops.online

    @property
    def autopay(self) -> NDArray[np.bool_]:
        """bool[people]: who lets the bank pay bills."""
        return self.registry.citizens.autopay

    def look(self, day: int, screens: Screens) -> None:
        """What the platform shows becomes what people know of their accounts."""
        line_day = self.registry.citizens.line_day
        for life in self.lives:
            who, accounts = life.members, life.accounts
            has_line = screens.opened[who] | (line_day[who] <= day)
            accounts.limit_minor = np.where(has_line, screens.limit_minor[who], 0)
            accounts.used_minor = np.where(
                has_line, np.maximum(screens.limit_minor[who] - screens.free_minor[who], 0), 0
            )
            accounts.unpaid_minor, accounts.minimum_minor = screens.due_minor[who], screens.minimum_minor[who]
            accounts.due_day = np.minimum(screens.due_day[who], NEVER_DUE).astype(np.int32)
            accounts.blocked = (accounts.minimum_minor > 0) & (accounts.due_day < day)

    def wants(self, day: int) -> Draft:
        """Everybody's wants, by (at_us, act)."""
        return self.crowd.wants(day)

    def hear(self, day: int, rows: Draft, outcomes: Outcomes) -> None:
        """Everybody hears of their own acts. What comes days later (a review) reaches people only: gangs have moved on."""
        if day <= self.heard_on:
            mine = actor_of(rows["act"]) < GANGS_FROM
            rows, outcomes = rows.take(np.flatnonzero(mine)), outcomes.take(mine)
            for life in self.lives:
                of_life = np.flatnonzero(actor_of(rows["act"]) == life.number)
                if len(of_life):
                    life.hear(day, rows.take(of_life), outcomes.take(of_life))
            return
        self.heard_on = day
        self.crowd.hear(day, rows, outcomes)


__all__ = ["CityActor"]
