"""Actors and cells: whoever wants something day by day, and the smallest part of a city that can be played by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from honghua.sim.core.draft import Draft, actor_of, join
from honghua.sim.core.life.house import Settled, Settler
from honghua.sim.core.outcomes import Outcomes

GANGS_FROM: Final = 2**20  # numbers of actors: blocks of people from 0, gangs from here


class Actor(Protocol):
    """Whoever acts: a block of people, a gang. `number` is in every one of its acts (`draft.act_ids`)."""

    @property
    def number(self) -> int:
        """The actor's own number."""
        ...

    def wants(self, day: int) -> Draft:
        """Everything that it will try on this local day, by (at_us, act)."""
        ...

    def hear(self, day: int, rows: Draft, outcomes: Outcomes) -> None:
        """What became of the day's wants: any of the rows, with outcomes alike. What is not mentioned was not tried."""
        ...


@dataclass(frozen=True, slots=True)
class Crowd:
    """Several actors as one: their wants by (at_us, act); each hears of its own acts."""

    actors: Sequence[Actor]

    def wants(self, day: int) -> Draft:
        """Everybody's wants."""
        return in_order(join([actor.wants(day) for actor in self.actors]))

    def hear(self, day: int, rows: Draft, outcomes: Outcomes) -> None:
        """Pass on what became of them."""
        if len(self.actors) == 1:
            self.actors[0].hear(day, rows, outcomes)
            return
        order = np.argsort(actor_of(rows["act"]), kind="stable")
        owners = actor_of(rows["act"])[order]
        for actor in self.actors:
            mine = order[slice(*np.searchsorted(owners, [actor.number, actor.number + 1]))]
            actor.hear(day, Draft({name: values[mine] for name, values in rows.columns.items()}), outcomes.take(mine))


def in_order(rows: Draft) -> Draft:
    """The same rows by (at_us, act), the order in which everything is settled and written."""
    order = np.lexsort((rows["act"], rows["at_us"]))
    return Draft({name: values[order] for name, values in rows.columns.items()})


@dataclass(frozen=True, slots=True)
class Cell:
    """Actors whose acts touch one another's accounts, and who settles them: nothing outside is needed to play a day."""

    crowd: Crowd
    settler: Settler

    def play(self, day: int) -> Settled:
        """One day: bills, wants, answers, and what the actors make of them."""
        self.settler.turn(day)
        wanted = self.crowd.wants(day)
        settled = self.settler.settle(day, wanted)
        self.crowd.hear(day, wanted, settled.outcomes)
        return settled


__all__ = ["GANGS_FROM", "Actor", "Cell", "Crowd", "in_order"]
