"""The part of a detector that needs no label: how seldom its values are so suspicious among peers, learnt from all rows alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from honghua.fraud.core import kernels
from honghua.fraud.core.plan import Family, Value

Floats = NDArray[np.float32]
STEPS_PER_TEN: Final = 4
STEPS_MAX: Final = 24  # down to one in a million
SAID: Final = 3  # the greatest surprises of a row, which its sum is made of
ROWS_MIN: Final = 20  # a threshold is believed when so many rows lie at or above it


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """One detector's thresholds: columns, signs, counts int64[D]; thresholds float32[D, STEPS_MAX]; sums float32[K] of the whole."""

    columns: NDArray[np.int64]
    signs: NDArray[np.int64]
    counts: NDArray[np.int64]
    thresholds: Floats
    sums: Floats

    @classmethod
    def fit(
        cls, values: Floats, described: Sequence[Value], family: Family, *, names: Collection[str] | None = None
    ) -> Self:
        """From rows float32[n, V] of ordinary life; a few frauds among them do little harm. names: None = all of the family's."""
        columns = [
            k
            for k, value in enumerate(described)
            if value.family is family and value.sign and (names is None or value.name in names)
        ]
        signs = np.array([described[k].sign for k in columns], np.int64)
        thresholds = np.full((len(columns), STEPS_MAX), np.inf, np.float32)
        counts = np.zeros(len(columns), np.int64)
        for d, k in enumerate(columns):
            found = upper_thresholds(values[:, k] * np.float32(signs[d]), len(values))
            thresholds[d, : len(found)] = found
            counts[d] = len(found)
        tail = cls(np.array(columns, np.int64), signs, counts, thresholds, np.zeros(0, np.float32))
        raw, _ = tail.sum_up(values)
        return cls(tail.columns, signs, counts, thresholds, upper_thresholds(raw.astype(np.float32), len(values)))

    def sum_up(self, values: Floats) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Raw sums float64[n] and the column of the greatest surprise int32[n]."""
        raw, worst = np.zeros(len(values)), np.full(len(values), -1, np.int32)
        kernels.detector_surprise(values, self.columns, self.signs, self.thresholds, self.counts, raw, worst)
        return raw, worst

    def surprise(self, values: Floats) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """−log10 of how seldom a row is so suspicious to this detector, and the column that says so most."""
        raw, worst = self.sum_up(values)
        kernels.tail_surprise(raw, self.sums, raw)
        return raw, worst

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is saved."""
        return {name: getattr(self, name) for name in ("columns", "signs", "counts", "thresholds", "sums")}


def upper_thresholds(values: Floats, rows: int) -> Floats:
    """Rising thresholds t[k]: the least value that at most a share 10**(-(k+1)/4) of `rows` reaches. NaN never reaches anything."""
    known = np.sort(values[~np.isnan(values)])
    if len(known) == 0:
        return np.zeros(0, np.float32)
    distinct, first = np.unique(known, return_index=True)
    reached = (len(known) - first) / rows
    found: list[float] = []
    for k in range(1, STEPS_MAX + 1):
        share = 10 ** (-k / STEPS_PER_TEN)
        if share * rows < ROWS_MIN:
            break
        place = int(np.searchsorted(-reached, -share))
        found.append(
            float(distinct[place]) if place < len(distinct) else float(np.nextafter(distinct[-1], np.float32(np.inf)))
        )
    return np.array(found, np.float32)


def speaking(tail: Tail, values: Floats, share: float) -> NDArray[np.float64]:
    """float64[D]: how much each of a tail's values said, in its three greatest surprises, in that share of rows that surprises it most."""
    raw, _ = tail.sum_up(values)
    many = max(int(len(raw) * share), min(len(raw), ROWS_MIN))
    alarmed = np.argpartition(-raw, many - 1)[:many] if many else np.zeros(0, np.int64)
    heard = np.zeros((many, len(tail.columns)))
    for d, column in enumerate(tail.columns):
        x = values[alarmed, column] * np.float32(tail.signs[d])
        known = tail.thresholds[d, : tail.counts[d]]
        heard[:, d] = np.searchsorted(known, np.where(np.isnan(x), -np.inf, x), side="right")
    if len(tail.columns) > SAID:
        heard[heard < np.partition(heard, -SAID, axis=1)[:, -SAID:][:, :1]] = 0.0
    found: NDArray[np.float64] = heard.sum(axis=0)
    return found


__all__ = ["Tail", "speaking", "upper_thresholds"]
