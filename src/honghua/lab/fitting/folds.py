"""Which rows are fitted on, and which are kept away: by time where there is one, else at random within each outcome."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.lab.tables.api import Table

Int64 = NDArray[np.int64]
OF_A_CLASS_MIN = 5


def split_report(table: Table, *, share: float, seed: int) -> tuple[Int64, Int64]:
    """Places of the development rows and of the report rows, both rising. Rows of one time are never parted."""
    if table.time is not None:
        cut = np.sort(table.time)[max(0, int(table.rows * (1.0 - share)) - 1)]
        early = table.time <= cut
        if early.all():  # the last moment holds a whole share: it is the report
            early = table.time < cut
        parts = np.flatnonzero(early), np.flatnonzero(~early)
    else:
        folds = draw_folds(table.labels, count=max(2, round(1.0 / share)), seed=seed, name="report")
        parts = np.flatnonzero(folds != 0), np.flatnonzero(folds == 0)
    for part in parts:
        ones = int(table.labels[part].sum()) if len(part) else 0
        if min(ones, len(part) - ones) < OF_A_CLASS_MIN:
            raise BadInput("too few rows of one outcome to keep some for the report", code="TOO_FEW_ROWS")
    return parts


def draw_folds(y: NDArray[Any], *, count: int, seed: int, name: str) -> Int64:
    """A fold number per row, each fold with its share of ones."""
    rng = derive_rng(seed, "folds", name)
    out = np.empty(len(y), np.int64)
    for outcome in (0, 1):
        rows = np.flatnonzero(np.asarray(y) == outcome)
        out[rng.permutation(rows)] = np.arange(len(rows)) % count
    return out


def draw_sample(y: NDArray[Any], *, rows: int, seed: int, name: str) -> Int64:
    """So many places at most, rising, each outcome with its share."""
    if len(y) <= rows:
        return np.arange(len(y))
    rng = derive_rng(seed, "sample", name)
    parts = [np.flatnonzero(np.asarray(y) == outcome) for outcome in (0, 1)]
    kept = [rng.choice(part, max(1, round(rows * len(part) / len(y))), replace=False) for part in parts]
    return np.sort(np.concatenate(kept))


__all__ = ["draw_folds", "draw_sample", "split_report"]
