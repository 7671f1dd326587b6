"""How sure a figure is: intervals by resampling rows or whole customers, and DeLong's for the AUC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.base.shares import LEVEL, Z
from honghua.models.core.metrics import Float64, Keys, Labels, auc

ROUNDS = 200
Metric = Callable[..., float]


@dataclass(frozen=True, slots=True)
class Interval:
    """The figure on all rows, between the bounds that hold it at the asked level."""

    low: float
    mid: float
    high: float

    def as_list(self) -> list[float]:
        """[low, mid, high] for JSON."""
        return [self.low, self.mid, self.high]


def bootstrap(
    metric: Metric,
    y: Labels,
    scores: np.ndarray[Any, Any],
    *,
    seed: int,
    groups: Keys | None = None,
    rounds: int = ROUNDS,
) -> Interval:
    """The metric with its 95 % interval: rows are drawn with replacement `rounds` times, or whole `groups` (customers) when given.

    `metric(y, scores)` may also be the AUC or average precision of this room. Draws in which the metric is NaN are left out.
    """
    mid = metric(y, scores)
    rng = derive_rng(seed, "bootstrap")
    n = len(y)
    places = None if groups is None else _places(np.asarray(groups))
    found = []
    for _ in range(rounds):
        if places is None:
            rows = rng.integers(0, n, n)
        else:
            rows = np.concatenate([places[k] for k in rng.integers(0, len(places), len(places))])
        value = metric(np.asarray(y)[rows], np.asarray(scores)[rows])
        if np.isfinite(value):
            found.append(value)
    if not found:
        return Interval(float("nan"), mid, float("nan"))
    low, high = np.quantile(found, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return Interval(float(low), mid, float(high))


def bootstrap_difference(
    metric: Metric, y: Labels, ours: Float64, theirs: Float64, *, seed: int, rounds: int = ROUNDS
) -> Interval:
    """metric(ours) − metric(theirs) with its 95 % interval, both on the same drawn rows."""
    rng = derive_rng(seed, "bootstrap-difference")
    y, ours, theirs = np.asarray(y), np.asarray(ours), np.asarray(theirs)
    found = []
    for _ in range(rounds):
        rows = rng.integers(0, len(y), len(y))
        found.append(metric(y[rows], ours[rows]) - metric(y[rows], theirs[rows]))
    low, high = np.nanquantile(found, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return Interval(float(low), metric(y, ours) - metric(y, theirs), float(high))


def auc_interval(y: Labels, scores: Float64) -> Interval:
    """AUC with DeLong's 95 % interval, cut to 0 … 1; the bounds are NaN with fewer than two of a class."""
    labels, values = np.asarray(y) == 1, np.asarray(scores, np.float64)
    mid = auc(y, scores)
    if _is_thin(labels):
        return Interval(float("nan"), mid, float("nan"))
    reach = _reach(*_placements(labels, values))
    return Interval(max(mid - reach, 0.0), mid, min(mid + reach, 1.0))


def auc_difference(y: Labels, ours: Float64, theirs: Float64) -> Interval:
    """AUC(ours) − AUC(theirs) on the same rows, with DeLong's 95 % interval for paired curves; NaN bounds with fewer than two of a class.

    Who is asked first does not matter: the interval of (theirs, ours) is this one's negative. Equal rankings give exactly 0 … 0 … 0.
    Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837.
    """
    labels = np.asarray(y) == 1
    mid = auc(y, ours) - auc(y, theirs)
    if _is_thin(labels):
        return Interval(float("nan"), mid, float("nan"))
    one = _placements(labels, np.asarray(ours, np.float64))
    two = _placements(labels, np.asarray(theirs, np.float64))
    reach = _reach(one[0] - two[0], one[1] - two[1])
    return Interval(mid - reach, mid, mid + reach)


def _is_thin(labels: np.ndarray[Any, np.dtype[np.bool_]]) -> bool:
    return min(int(labels.sum()), int((~labels).sum())) < 2


def _placements(labels: np.ndarray[Any, np.dtype[np.bool_]], values: Float64) -> tuple[Float64, Float64]:
    """Share of negatives below each positive, and share of positives above each negative."""
    positive, negative = values[labels], values[~labels]
    m, n = len(positive), len(negative)
    every = _midranks(np.concatenate([positive, negative]))
    return (every[:m] - _midranks(positive)) / n, 1.0 - (every[m:] - _midranks(negative)) / m


def _reach(above: Float64, below: Float64) -> float:
    error = float(np.sqrt(np.var(above, ddof=1) / len(above) + np.var(below, ddof=1) / len(below)))
    return Z * error


def _midranks(values: Float64) -> Float64:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Float64 = (ends - (counts - 1) / 2.0)[place]
    return ranks


def _places(groups: np.ndarray[Any, Any]) -> list[np.ndarray[Any, np.dtype[np.intp]]]:
    if len(groups) == 0:
        raise BadInput("there is nothing to draw from", code="BAD_SHAPE")
    order = np.argsort(groups, kind="stable")
    cuts = np.flatnonzero(np.diff(groups[order])) + 1
    return np.split(order, cuts)
