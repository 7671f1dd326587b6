"""Orders that the engine has sensed and no unit of work has booked: a unit that failed brings them again, mostly the same.

What was sensed cannot be taken back, so it is kept with its values: when the same orders come again, in the same order, they are not
sensed twice. Only when others come instead, the state has to be built anew.
"""

from __future__ import annotations

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


@dataclass(slots=True)
class Unbooked:
    """done: sensed by the unit under way. left: sensed by units that failed and not met again, in their order."""

    done: list[SensedRows] = field(default_factory=list)
    left: list[SensedRows] = field(default_factory=list)

    def count_left(self) -> int:
        """How many orders were sensed in vain so far."""
        return sum(len(rows.ids) for rows in self.left)

    def put_back(self) -> None:
        """The unit under way failed."""
        self.done, self.left = [], [*self.done, *self.left]

    def clear(self) -> None:
        """The state was built anew: nothing was sensed in vain."""
        self.done, self.left = [], []

    def drop(self, n: int) -> None:
        """The first n of what is left were booked after all."""
        while n:
            rows = self.left.pop(0)
            k = min(n, len(rows.ids))
            if k < len(rows.ids):
                self.left.insert(0, rows.part(slice(k, None)))
            n -= k

    def meet(self, events: Ints) -> SensedRows | None:
        """As many of these orders as were sensed before, taken from what is left; None when others were sensed instead."""
        n = min(len(events), self.count_left())
        if n == 0:
            return SensedRows(np.zeros(0, np.int64), events[:0], np.zeros((0, 0), np.float32))
        before = SensedRows(*(
            np.concatenate([getattr(rows, name) for rows in self.left])[:n] for name in ("ids", "events", "values")
        ))  # fmt: skip
        if not np.array_equal(before.events, events[:n]):
            return None
        self.drop(n)
        return before


__all__ = ["SensedRows", "Unbooked"]
