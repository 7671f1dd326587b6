"""Purchases that nobody complains of: after so many days of silence each one counts as cleared. A fold like everything else."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from honghua.features.core import EventKind

Ints = NDArray[np.int64]
AT, KIND, AMOUNT, ORIGIN = 0, 1, 2, 3
ROWS_FIRST = 1024


class Clearing:
    """Waiting purchases, oldest first. One that is labelled before its time leaves without a word."""

    __slots__ = ("after_us", "clock_us", "count", "gone", "ids", "rows")

    def __init__(self, width: int, after_us: int) -> None:
        assert after_us > 0, "silence lasts a while"
        self.after_us = after_us
        self.clock_us = 0  # the latest time met
        self.count = 0
        self.ids = np.zeros(ROWS_FIRST, np.int64)
        self.rows = np.zeros((ROWS_FIRST, width), np.int64)
        self.gone = np.zeros(ROWS_FIRST, np.bool_)

    def add(self, ids: Ints, events: Ints) -> None:
        """Purchases int64[n, C] begin to wait. ids int64[n] name them."""
        n = len(ids)
        if self.count + n > len(self.ids):
            room = max(2 * len(self.ids), self.count + n) - len(self.ids)
            self.ids = np.concatenate([self.ids, np.zeros(room, np.int64)])
            self.rows = np.concatenate([self.rows, np.zeros((room, self.rows.shape[1]), np.int64)])
            self.gone = np.concatenate([self.gone, np.zeros(room, np.bool_)])
        part = slice(self.count, self.count + n)
        self.ids[part], self.rows[part], self.gone[part] = ids, events, False
        self.count += n

    def rename(self, old: Ints, new: Ints) -> None:
        """Purchases that wait get other ids, row by row."""
        order = np.argsort(old)
        mine = self.ids[: self.count]
        place = np.minimum(np.searchsorted(old[order], mine), len(old) - 1)
        known = old[order][place] == mine
        mine[known] = new[order][place[known]]

    def settle(self, ids: Ints) -> None:
        """These were labelled: they are not cleared by silence."""
        self.gone[: self.count] |= np.isin(self.ids[: self.count], ids)

    def merge(self, events: Ints) -> tuple[Ints, Ints]:
        """(events with the clearings that fall due before each, places int64[n] of the given ones among them)."""
        times = np.maximum.accumulate(np.concatenate([[self.clock_us], events[:, AT]]))[1:]
        places = np.arange(len(events))
        if not len(events):
            return events, places
        self.clock_us = int(times[-1])
        due = np.maximum.accumulate(self.rows[: self.count, AT]) + self.after_us
        k = int(np.searchsorted(due, self.clock_us, side="right"))
        if k == 0:
            return events, places
        kept = np.flatnonzero(~self.gone[:k])
        cleared = self.rows[:k][kept]
        cleared[:, ORIGIN], cleared[:, AT], cleared[:, KIND] = cleared[:, AT], due[:k][kept], int(EventKind.CLEARED)
        before = np.searchsorted(times, due[:k][kept], side="left")
        self._drop(k)
        return np.insert(events, before, cleared, axis=0), places + np.searchsorted(before, places, side="right")

    def _drop(self, k: int) -> None:
        left = self.count - k
        for array in (self.ids, self.rows, self.gone):
            array[:left] = array[k : self.count]
        self.count = left

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The state, for a snapshot."""
        head = np.array([self.after_us, self.clock_us], np.int64)
        n = self.count
        return {"head": head, "ids": self.ids[:n], "rows": self.rows[:n], "gone": self.gone[:n]}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Clearing:
        """As it was saved."""
        rows: Ints = arrays["rows"].astype(np.int64)
        found = cls(rows.shape[1], int(arrays["head"].astype(np.int64)[0]))
        found.add(arrays["ids"].astype(np.int64), rows)
        found.gone[: found.count] = arrays["gone"]
        found.clock_us = int(arrays["head"].astype(np.int64)[1])
        return found

    def digest(self) -> bytes:
        """32 bytes that name the state."""
        found = sha256()
        for array in self.arrays().values():
            found.update(np.ascontiguousarray(array).tobytes())
        return found.digest()


__all__ = ["Clearing"]
