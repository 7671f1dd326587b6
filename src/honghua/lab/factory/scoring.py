"""How much a variable tells about a yes or no: information value by bins, its noise, its stability, and what repeats another."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, rankdata

from honghua.lab.factory.kernels import information_values

Values = NDArray[np.float32]
Floats = NDArray[np.float64]
BINS: Final = 8
PSI_FLOOR: Final = 1e-4


def noise_of(target: NDArray[np.uint8]) -> float:
    """What a bin more adds to the information value of a column that tells nothing: 1 / yes + 1 / no (expected, to first order)."""
    yes = int(target.sum())
    return 1.0 / max(yes, 1) + 1.0 / max(len(target) - yes, 1)


def design_effect(owner: NDArray[np.int64], target: NDArray[np.uint8]) -> float:
    """How many times noisier these rows are than as many of different owners (1 …): rows of one owner tell the same again.

    1 + (m − 1) × ρ with m = Σ mᵢ² / Σ mᵢ rows an owner and ρ the correlation of the target within owners, for a variable that is the
    same on all rows of an owner, the worst case.  Source: Kish, Survey Sampling (1965), 5.4 and 8.2; ρ by analysis of variance.
    """
    _, place, sizes = np.unique(owner, return_inverse=True, return_counts=True)
    n, k = len(owner), len(sizes)
    if k in (n, 1):
        return 1.0
    means = np.bincount(place, target) / sizes
    between = float((sizes * (means - target.mean()) ** 2).sum()) / (k - 1)
    within = float(((target - means[place]) ** 2).sum()) / (n - k)
    usual = (n - float((sizes.astype(np.float64) ** 2).sum()) / n) / (k - 1)
    spread = between + (usual - 1) * within
    rho = min(1.0, max(0.0, (between - within) / spread)) if spread > 0 else 0.0
    return 1.0 + (float((sizes.astype(np.float64) ** 2).sum()) / n - 1.0) * rho


def measure(
    columns: Values, target: NDArray[np.uint8], *, bins: int = BINS, effect: Floats | float = 1.0
) -> tuple[Floats, Floats, Floats]:
    """(information value above its noise, chance of as much by luck, direction −1 … 1) for each of columns float32[V, n].

    The chance: iv / noise is chi-squared with bins − 1 degrees when the column tells nothing. effect: how many times noisier the rows are
    than independent ones (`design_effect`), one for all or float64[V].
    """
    out, used, trend = np.zeros(len(columns)), np.zeros(len(columns), np.int64), np.zeros(len(columns))
    information_values(columns, target, bins, out, used, trend)
    noise, free = noise_of(target) * np.asarray(effect), np.maximum(used - 1, 0)
    chance = np.where(free > 0, chi2.sf(out / noise, np.maximum(free, 1)), 1.0)
    return np.where(free > 0, out - free * noise, 0.0), chance, np.sign(trend)


def stability(columns: Values, early: NDArray[np.bool_], *, bins: int = BINS) -> Floats:
    """Population stability index of each column between early and late rows, in bins of the early ones and one for missing."""
    return np.array([_psi(column[early], column[~early], bins) for column in columns])


def _psi(early: Values, late: Values, bins: int) -> float:
    known = early[np.isfinite(early)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1])) if len(known) else np.zeros(0, np.float32)
    p, q = (_shares(part, edges) for part in (early, late))
    return float(((p - q) * np.log(p / q)).sum())


def _shares(column: Values, edges: NDArray[Any]) -> Floats:
    place = np.where(np.isfinite(column), np.searchsorted(edges, column, side="left"), len(edges) + 1)
    shares = np.bincount(place, minlength=len(edges) + 2) / max(len(column), 1)
    return np.asarray(np.maximum(shares, PSI_FLOOR), np.float64)


def ranked_alike(columns: Values) -> Floats:
    """float64[V, V]: the correlation of ranks (missing = lowest), without its sign."""
    ranks = np.stack([rankdata(np.where(np.isfinite(column), column, -np.inf)) for column in columns])
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.sqrt((ranks**2).sum(axis=1, keepdims=True))
    ranks /= np.maximum(length, 1e-12)
    return np.asarray(np.abs(ranks @ ranks.T), np.float64)


def clusters_of(alike: Floats, order: NDArray[np.int64], *, least: float) -> NDArray[np.int64]:
    """int64[V]: the leader of each column: taken in `order`, each joins the first leader that it is alike to, or leads itself."""
    leader = np.full(len(alike), -1, np.int64)
    leaders: list[int] = []
    for one in order.tolist():
        near = [lead for lead in leaders if alike[one, lead] >= least]
        leader[one] = near[0] if near else one
        if not near:
            leaders.append(one)
    return leader


def discoveries(chance: Floats, *, rate: float) -> NDArray[np.bool_]:
    """bool[V]: which are no luck, so that of those named at most `rate` are (Benjamini and Yekutieli 2001: for any dependence)."""
    n = len(chance)
    if n == 0:
        return np.zeros(0, np.bool_)
    order = np.argsort(chance, kind="stable")
    bound = rate * np.arange(1, n + 1) / (n * (1.0 / np.arange(1, n + 1)).sum())
    under = np.flatnonzero(chance[order] <= bound)
    found = np.zeros(n, np.bool_)
    if len(under):
        found[order[: under[-1] + 1]] = True
    return found


__all__ = [
    "BINS",
    "clusters_of",
    "design_effect",
    "discoveries",
    "measure",
    "noise_of",
    "ranked_alike",
    "stability",
]
