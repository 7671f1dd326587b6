"""What each column says alone: its bins, how well it ranks rows it was not learnt on, and whether chance explains it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from honghua.base.rng import derive_rng
from honghua.lab.tables.api import Column
from honghua.models.api import auc

RANGES: Final = 16
WORDS_MAX: Final = 40  # rarer words stand together
EXPECTED_MIN: Final = 5.0
PRIOR: Final = 5.0
Bools = NDArray[np.bool_]
Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Single:
    """A column by itself.

    auc        of rates learnt on one half and tried on the other, both ways; value_auc: among rows that have a value
    p          chance of so strong a tie with the target were there none (the smaller of two tests, doubled)
    distinct   different values; missing: share of rows; mode_share: share of the commonest value among those present
    """

    name: str
    auc: float
    value_auc: float
    p: float
    distinct: int
    missing: float
    mode_share: float


def look_at(column: Column, y: NDArray[Any], *, seed: int) -> Single:
    """The column by itself; y 0 or 1."""
    rng = derive_rng(seed, "single", column.name)
    target = np.asarray(y, np.float64)
    bins = bin_values(column)
    half = rng.random(len(target)) < 0.5
    there = ~column.missing
    values = column.values[there]
    _, counts = np.unique(values, return_counts=True)
    told = _cross_auc(bins, target, half)
    inner = _cross_auc(bins[there], target[there], half[there]) if there.any() else 0.5
    p = min(1.0, 2.0 * min(_test_bins(bins, target), _test_trend(column, there, target)))
    mode = float(counts.max() / counts.sum()) if len(counts) else 1.0
    return Single(column.name, told, inner, p, len(counts), float(1.0 - there.mean()), mode)


def bin_values(column: Column) -> Int64:
    """A bin number per row: ranges of about equal size or frequent words, and one for what is missing."""
    lost = column.missing
    if column.kind.has_words:
        counts = np.bincount(column.values[~lost], minlength=len(column.words))
        place = np.full(len(column.words) + 1, WORDS_MAX, np.int64)
        place[np.argsort(-counts, kind="stable")[:WORDS_MAX]] = np.arange(min(WORDS_MAX, len(column.words)))
        place[-1] = WORDS_MAX + 1
        return place[np.where(lost, len(column.words), column.values)]
    if lost.all():
        return np.zeros(len(lost), np.int64)
    edges = np.unique(np.quantile(column.values[~lost], np.linspace(0.0, 1.0, RANGES + 1)[1:-1]))
    found = np.searchsorted(edges, np.nan_to_num(column.values), side="left").astype(np.int64)
    return np.where(lost, len(edges) + 1, found)


def _cross_auc(bins: Int64, y: NDArray[np.float64], half: Bools) -> float:
    told = []
    for fit in (half, ~half):
        if not 0 < y[fit].sum() < fit.sum() or not 0 < y[~fit].sum() < (~fit).sum():
            return 0.5
        size = int(bins.max()) + 1
        rows, ones = np.bincount(bins[fit], minlength=size), np.bincount(bins[fit], weights=y[fit], minlength=size)
        rates = (ones + PRIOR * y[fit].mean()) / (rows + PRIOR)
        told.append(auc(y[~fit], rates[bins[~fit]]))
    return float(np.mean(told))


def _test_bins(bins: Int64, y: NDArray[np.float64]) -> float:
    """Chi-square of bins against the target; bins with few expected ones stand together."""
    size = int(bins.max()) + 1
    rows, ones = np.bincount(bins, minlength=size).astype(float), np.bincount(bins, weights=y, minlength=size)
    rate = float(y.mean())
    thin = rows * min(rate, 1.0 - rate) < EXPECTED_MIN
    if thin.any():
        rows, ones = np.append(rows[~thin], rows[thin].sum()), np.append(ones[~thin], ones[thin].sum())
    rows, ones = rows[rows > 0], ones[rows > 0]
    if len(rows) < 2:
        return 1.0
    found = float(np.sum((ones - rows * rate) ** 2 / (rows * rate * (1.0 - rate))))
    return float(stats.chi2.sf(found, len(rows) - 1))


def _test_trend(column: Column, there: Bools, y: NDArray[np.float64]) -> float:
    """Whether ones stand higher or lower than zeros among the numbers (Mann and Whitney)."""
    if column.kind.has_words:
        return 1.0
    ones, zeros = column.values[there & (y == 1)], column.values[there & (y == 0)]
    if len(ones) < EXPECTED_MIN or len(zeros) < EXPECTED_MIN or np.ptp(column.values[there]) == 0.0:
        return 1.0
    return float(stats.mannwhitneyu(ones, zeros, method="asymptotic").pvalue)


__all__ = ["Single", "bin_values", "look_at"]
