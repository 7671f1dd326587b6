"""Orders that the engine has sensed and no unit of work has booked: a unit that failed brings them again, mostly the same.

What was sensed cannot be taken back, so it is kept with its values: when the same orders come again, in the same order, they are not
sensed twice. Only when others come instead, the state has to be built anew.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class SensedRows:
    """ids int64[n] of orders, events int64[n, C], values float32[n, V]."""

    ids: Ints
    events: Ints
    values: Floats

    def part(self, rows: slice) -> SensedRows:
        """Some of them."""
        return SensedRows(self.ids[rows], self.events[rows], self.values[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What a unit taught besides its orders: events int64[n, C], ids of labelled purchases int64[k], for `DecisionEngine.follow`."""

    events: Ints
    labelled: Ints

    def is_same(self, other: Lesson | None) -> bool:
        """Whether the other teaches the same."""
        return (
            other is not None
            and np.array_equal(self.events, other.events)
            and np.array_equal(self.labelled, other.labelled)
        )


@dataclass(slots=True)
class Unbooked:
    """done: sensed by the unit under way. left: learnt from units that failed and not met again, in their order."""

    done: list[SensedRows] = field(default_factory=list)
    left: list[SensedRows | Lesson] = field(default_factory=list)

    def put_back(self) -> None:
        """The unit under way failed."""
        self.done, self.left = [], [*self.done, *self.left]

    def clear(self) -> None:
        """The state was built anew: nothing was sensed in vain."""
        self.done, self.left = [], []

    def drop(self, n: int) -> None:
        """The first n orders of what is left were booked after all."""
        while n:
            rows = self.left.pop(0)
            assert isinstance(rows, SensedRows), "orders stand before what their unit taught"
            k = min(n, len(rows.ids))
            if k < len(rows.ids):
                self.left.insert(0, rows.part(slice(k, None)))
            n -= k

    def meet(self, events: Ints) -> SensedRows | None:
        """As many of these orders as were sensed before, taken from what is left; None when something else was learnt instead."""
        known = list(itertools.takewhile(lambda one: isinstance(one, SensedRows), self.left))
        n = min(len(events), sum(len(rows.ids) for rows in known if isinstance(rows, SensedRows)))
        if n < len(events) and len(known) < len(self.left):
            return None  # a lesson has been learnt before the rest of these
        if n == 0:
            return SensedRows(np.zeros(0, np.int64), events[:0], np.zeros((0, 0), np.float32))
        before = SensedRows(*(
            np.concatenate([getattr(rows, name) for rows in known])[:n] for name in ("ids", "events", "values")
        ))  # fmt: skip
        if not np.array_equal(before.events, events[:n]):
            return None
        self.drop(n)
        return before

    def meet_lesson(self, lesson: Lesson | None) -> bool | None:
        """The unit under way teaches this. True: it was learnt before; False: it is new; None: another one was learnt instead."""
        if self.left and isinstance(self.left[0], Lesson):
            if not self.left[0].is_same(lesson):
                return None
            del self.left[0]
            return True
        return False


__all__ = ["Lesson", "SensedRows", "Unbooked"]
