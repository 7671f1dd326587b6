"""The city in real time: each want reaches a running target when its moment comes, and the day's answers are heard in the evening.

City time runs `speed` times as fast as the wall clock. A target that is slower than the city gets what has become due all at once, as a
crowd at a till does; how late it was is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from honghua.base.clock import Clock, to_micros
from honghua.sim.core.draft import US_PER_DAY, Draft, join
from honghua.sim.core.life import Actor
from honghua.sim.core.outcomes import Outcomes, join_outcomes

STEP_S_MAX: Final = 0.5  # of one sleep, so that whoever stops the stream does not wait
BATCH_MAX: Final = 2_000  # wants handed over at once

Target = Callable[[Draft], Outcomes]


@dataclass(slots=True)
class Pace:
    """How wall time becomes city time: at the first look it is `city_us` (local microseconds from the first midnight).

    speed: city seconds in a second; 1 = real time. sleep: seconds → None.
    """

    clock: Clock
    sleep: Callable[[float], None]
    city_us: int
    speed: float = 1.0
    _began_us: int | None = field(default=None, init=False)

    def now_us(self) -> int:
        """What time it is in the city."""
        wall = to_micros(self.clock.now())
        if self._began_us is None:
            self._began_us = wall
        return self.city_us + int((wall - self._began_us) * self.speed)

    def wait_until(self, at_us: int) -> int:
        """Sleep until it is that time in the city; what time it is then."""
        now = self.now_us()
        while now < at_us:
            self.sleep(min((at_us - now) / 1e6 / self.speed, STEP_S_MAX))
            now = self.now_us()
        return now


@dataclass(frozen=True, slots=True)
class Streamed:
    """How many wants were handed over, how many lay before the stream began, and how late the latest came, in city time."""

    wants: int
    missed: int
    late_us_max: int


def stream_day(source: Actor, day: int, target: Target, pace: Pace) -> Streamed:
    """One day of the source against the target. What lies before the beginning of the pace was missed, and is not heard of."""
    wants = source.wants(day)
    at = wants["at_us"]
    place = missed = int(np.searchsorted(at, pace.city_us, side="left"))
    late = 0
    rows: list[Draft] = []
    answers: list[Outcomes] = []
    while place < len(at):
        now = pace.wait_until(int(at[place]))
        due = min(int(np.searchsorted(at, now, side="right")), place + BATCH_MAX)
        late = max(late, now - int(at[place]))
        batch = wants.take(np.arange(place, due))
        rows.append(batch)
        answers.append(target(batch))
        place = due
    if rows:
        source.hear(day, join(rows), join_outcomes(answers))
    pace.wait_until((day + 1) * US_PER_DAY)
    return Streamed(len(at) - missed, missed, late)


def stream(source: Actor, days: Iterable[int], target: Target, pace: Pace) -> list[Streamed]:
    """Day after day, in their order."""
    return [stream_day(source, day, target, pace) for day in days]


__all__ = ["Pace", "Streamed", "Target", "stream", "stream_day"]
