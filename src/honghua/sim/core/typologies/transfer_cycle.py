"""Money that goes round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR, Draft, join
from honghua.sim.core.stage import Reporting, Rng, Span, Stage, send, times, within
from honghua.sim.core.tuning import Disguise, Tuning


@dataclass(frozen=True, slots=True)
class TransferCycle:
    """Three to five people send a sum round within hours, each keeping a little, to look active or to wash it; again days later.

    Camouflage: the order and the sums change; friends who split bills make slow small cycles, too.
    """

    name: ClassVar[str] = "transfer_cycle"
    family: ClassVar[str] = "money"
    reporting: ClassVar[Reporting] = Reporting(rings=0.5, events=0.9, days_median=14)
    tuning: ClassVar[Tuning] = Tuning((Disguise.SUM, Disguise.HOUR), pace=(1.0, 2.0, 4.0), cover=(0,))
    members: Span = (3, 6)
    turns: Span = (3, 7)
    length: Span = (3, 4)
    days: Span = (6, 18)
    yuan: Span = (900, 9_000)
    kept: tuple[float, float] = (0.002, 0.03)
    hours: tuple[float, float] = (0.2, 4.0)

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One group and its turns."""
        who = stage.recruit(rng, within(rng, self.members))
        days = within(rng, self.days)
        start = stage.start(rng, days)
        turns = [
            self._turn(stage, rng, who=who, day=start + within(rng, (0, days - 1)))
            for _ in range(within(rng, self.turns))
        ]
        return join(turns)

    def _turn(self, stage: Stage, rng: Rng, *, who: np.ndarray, day: int) -> Draft:
        length = min(within(rng, self.length), len(who))
        way = rng.permutation(who)[:length]
        at = times(rng, 1, day=day, hours=(8, 20)) + np.concatenate(
            [[0], np.cumsum(rng.uniform(*self.hours, length - 1) * US_PER_HOUR)]
        ).astype(np.int64)
        sums = within(rng, self.yuan) * np.cumprod(1 - rng.uniform(*self.kept, length)) * 100
        grid = int(rng.choice([100, 1_000, 5_000]))
        sent = send(rng, stage, who=way, at_us=at, payee=np.roll(way, -1), amount_minor=sums // grid * grid)
        return sent.take(at < stage.city.days * US_PER_DAY)


__all__ = ["TransferCycle"]
