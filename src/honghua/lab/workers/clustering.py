"""Groups of customers who are alike: Lloyd's k-means on ranks, so that no unit and no outlier decides.

Begun by k-means++ (Arthur and Vassilvitskii 2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ROUNDS_MAX: Final = 100
GRID: Final = 256  # quantiles that a rank is read from
STARTS: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """centres float64[k, v] in ranks 0 … 1, in order of their first variable; quantiles float64[v, 256] of the rows it was fitted on."""

    centres: Floats
    quantiles: Floats

    def assign(self, values: NDArray[np.float32]) -> NDArray[np.int32]:
        """The nearest group of each row of values float32[n, v] (NaN = nothing known = the lowest rank); int32[n]."""
        return _nearest(rank_values(values, self.quantiles), self.centres)[0]


def fit_clusters(values: NDArray[np.float32], count: int, rng: np.random.Generator) -> Clusters:
    """At most `count` groups of rows float32[n, v]; of several starts the one whose rows lie closest."""
    levels = np.linspace(0, 1, GRID)
    known = [column[~np.isnan(column)] for column in values.T]
    quantiles = np.stack([np.quantile(one, levels) if len(one) else np.zeros(GRID) for one in known]).astype(np.float64)
    ranks = rank_values(values, quantiles)
    found = [_run(ranks, count, rng) for _ in range(STARTS)]
    centres = min(found, key=lambda one: one[1])[0]
    return Clusters(centres[np.lexsort(centres.T[::-1])], quantiles)


def rank_values(values: NDArray[np.float32], quantiles: Floats) -> Floats:
    """Each value as its place among the fitted rows, 0 … 1."""
    places = [
        np.searchsorted(grid, column, side="right") / GRID for grid, column in zip(quantiles, values.T, strict=True)
    ]
    ranks = np.stack(places, axis=1).astype(np.float64)
    ranks[np.isnan(values)] = 0.0
    return ranks


def _run(ranks: Floats, count: int, rng: np.random.Generator) -> tuple[Floats, float]:
    centres = _begin(ranks, count, rng)
    for _ in range(ROUNDS_MAX):
        codes, distance = _nearest(ranks, centres)
        sums = np.stack([np.bincount(codes, column, len(centres)) for column in ranks.T], axis=1)
        sizes = np.bincount(codes, minlength=len(centres))
        moved = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    codes, distance = _nearest(ranks, centres)
    return centres[np.bincount(codes, minlength=len(centres)) > 0], float(distance.sum())


def _begin(ranks: Floats, count: int, rng: np.random.Generator) -> Floats:
    """k-means++: each further centre is drawn with a chance as the squared distance from those there are."""
    centres = ranks[[rng.integers(len(ranks))]]
    while len(centres) < count:
        distance = _nearest(ranks, centres)[1]
        total = distance.sum()
        if total <= 0:
            break
        place = int(np.searchsorted(np.cumsum(distance), rng.random() * total))
        centres = np.vstack([centres, ranks[min(place, len(ranks) - 1)]])
    return centres


def _nearest(ranks: Floats, centres: Floats) -> tuple[NDArray[np.int32], Floats]:
    squared = ((ranks[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
    codes = squared.argmin(axis=1).astype(np.int32)
    return codes, squared[np.arange(len(ranks)), codes]


__all__ = ["Clusters", "fit_clusters"]
