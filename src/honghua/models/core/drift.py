"""Drift: how far the values and scores of today stand from those of the fitting, counted while they stream by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from honghua.base.errors import BadInput
from honghua.models.core.kernels import counting

BINS: Final = 16
NEVER: Final = -(2**62)

Float64 = np.ndarray[Any, np.dtype[np.float64]]
Float32 = np.ndarray[Any, np.dtype[np.float32]]
Int64 = np.ndarray[Any, np.dtype[np.int64]]


def psi(reference: Int64, counts: Int64) -> float:
    """Population stability index of two rows of counts over the same bins: Σ (q − p) ln(q / p).

    Every bin that either side has used is half a row richer, so an empty one costs much but not infinity.
    """
    used = (np.asarray(reference) + np.asarray(counts)) > 0
    before, after = np.asarray(reference, np.float64)[used] + 0.5, np.asarray(counts, np.float64)[used] + 0.5
    p, q = before / before.sum(), after / after.sum()
    return float(np.sum((q - p) * np.log(q / p)))


@dataclass(frozen=True, slots=True, eq=False)
class DriftReference:
    """The fitting's values in bins: edges float32[F + 1, B], counts int64[F + 1, B + 2]; the last row is the score, the last column what
    was missing. Bins are cut at quantiles; a value that fills several quantiles has one bin of its own.
    """

    names: tuple[str, ...]
    edges: Float32
    counts: Int64
    score_mean: float
    score_sd: float

    def count(self, x: Float32, scores: Float64) -> Int64:
        """Other rows in the same bins."""
        counts = _zero_counts(self.edges)
        _count(_with_score(x, scores), self.edges, counts)
        return counts


@dataclass(frozen=True, slots=True)
class DriftBounds:
    """Beyond what the monitor alarms; fewer rows than `rows_min` alarm nothing but ages.

    usually_there: ages are watched of values that the fitting had in so many of its rows; what is seldom there is old now and then.
    """

    psi: float = 0.25
    score_psi: float = 0.25
    score_shift_sd: float = 0.5
    null_rate_change: float = 0.10
    age_us: int = 86_400_000_000
    rows_min: int = 1_000
    usually_there: float = 0.5


@dataclass(frozen=True, slots=True)
class DriftAlarm:
    """One bound that was passed; `name` is a feature or "score"."""

    kind: str
    name: str
    value: float
    bound: float


@dataclass(frozen=True, slots=True, eq=False)
class DriftReport:
    """One value per feature, and the score's. Ages are −1 for a feature that was never there."""

    rows: int
    names: tuple[str, ...]
    psi: Float64
    null_rate: Float64
    null_rate_change: Float64
    age_us: Int64
    unchanged_us: Int64
    score_psi: float
    score_shift_sd: float
    alarms: tuple[DriftAlarm, ...]


def measure_reference(x: Float32, scores: Float64, *, names: Sequence[str], bins: int = BINS) -> DriftReference:
    """Bins and counts of the fitting's rows x float32[n, F] and scores float64[n]."""
    if len(x) == 0 or x.shape != (len(scores), len(names)) or bins < 2:
        raise BadInput("a reference needs rows, a name per column and a score per row", code="BAD_SHAPE")
    columns = _with_score(x, scores)
    edges = np.stack([_edges(column, bins) for column in columns.T])
    counts = _zero_counts(edges)
    _count(columns, edges, counts)
    sd = float(np.std(scores))
    return DriftReference(tuple(names), edges, counts, float(np.mean(scores)), sd if sd > 0 else 1.0)


@dataclass(slots=True, eq=False)
class DriftMonitor:
    """Counts rows against a reference; memory is fixed, whatever streams by. Times are arguments: the monitor has no clock."""

    reference: DriftReference
    bounds: DriftBounds = field(default_factory=DriftBounds)
    rows: int = 0
    counts: Int64 = field(init=False)
    score_sum: float = 0.0
    present_at_us: Int64 = field(init=False)
    changed_at_us: Int64 = field(init=False)
    last: Float32 = field(init=False)

    def __post_init__(self) -> None:
        width = len(self.reference.edges)
        self.counts = _zero_counts(self.reference.edges)
        self.present_at_us, self.changed_at_us = np.full(width, NEVER), np.full(width, NEVER)
        self.last = np.full(width, np.nan, np.float32)

    def add(self, x: Float32, scores: Float64, at_us: Int64) -> None:
        """Count rows x float32[n, F] with their scores float64[n] and times int64[n]."""
        if x.shape != (len(scores), len(self.reference.names)) or len(at_us) != len(x):
            raise BadInput("the rows do not fit the reference", code="BAD_SHAPE")
        times = np.ascontiguousarray(at_us, np.int64)
        counting.count_values(
            _with_score(x, scores),
            self.reference.edges,
            self.counts,
            self.present_at_us,
            self.changed_at_us,
            self.last,
            times,
        )
        self.rows += len(x)
        self.score_sum += float(np.sum(scores))

    def start_anew(self) -> None:
        """Forget the counts (a new day or week); ages go on."""
        self.counts[:] = 0
        self.rows, self.score_sum = 0, 0.0

    def report(self, *, now_us: int) -> DriftReport:
        """What was counted, beside the reference, and the bounds that were passed."""
        reference = self.reference
        values = (
            np.array([psi(a, b) for a, b in zip(reference.counts, self.counts)])
            if self.rows
            else np.zeros(len(self.counts))
        )
        nulls = self.counts[:-1, -1] / max(self.rows, 1)
        change = (
            nulls - reference.counts[:-1, -1] / reference.counts[:-1].sum(axis=1) if self.rows else np.zeros(len(nulls))
        )
        shift = (self.score_sum / self.rows - reference.score_mean) / reference.score_sd if self.rows else 0.0
        report = DriftReport(
            rows=self.rows,
            names=reference.names,
            psi=values[:-1],
            null_rate=nulls,
            null_rate_change=change,
            age_us=_ages(self.present_at_us[:-1], now_us),
            unchanged_us=_ages(self.changed_at_us[:-1], now_us),
            score_psi=float(values[-1]),
            score_shift_sd=float(shift),
            alarms=(),
        )
        return _with_alarms(report, self.bounds, reference)


def _with_alarms(report: DriftReport, bounds: DriftBounds, reference: DriftReference) -> DriftReport:
    there = 1.0 - reference.counts[:-1, -1] / np.maximum(reference.counts[:-1].sum(axis=1), 1)
    found: list[tuple[str, str, float, float]] = []
    for k, name in enumerate(report.names):
        if report.rows >= bounds.rows_min:
            found.append(("psi", name, float(report.psi[k]), bounds.psi))
            found.append(("null_rate", name, float(abs(report.null_rate_change[k])), bounds.null_rate_change))
        if there[k] >= bounds.usually_there:
            found.append(("age", name, float(report.age_us[k]), float(bounds.age_us)))
    if report.rows >= bounds.rows_min:
        found.append(("score_psi", "score", report.score_psi, bounds.score_psi))
        found.append(("score_shift", "score", abs(report.score_shift_sd), bounds.score_shift_sd))
    alarms = tuple(DriftAlarm(*each) for each in found if each[2] > each[3])
    return replace(report, alarms=alarms)


def _edges(column: Float32, bins: int) -> Float32:
    there = column[~np.isnan(column)]
    if len(there) == 0:
        return np.zeros(bins, np.float32)
    cuts = np.quantile(there, np.linspace(0.0, 1.0, bins + 1)[1:], method="inverted_cdf")
    edges: Float32 = cuts.astype(np.float32)
    return edges


def _zero_counts(edges: Float32) -> Int64:
    return np.zeros((edges.shape[0], edges.shape[1] + 2), np.int64)


def _count(columns: Float32, edges: Float32, counts: Int64) -> None:
    width = len(edges)
    spare = np.zeros(width, np.int64)
    counting.count_values(
        columns, edges, counts, spare, spare.copy(), np.zeros(width, np.float32), np.zeros(len(columns), np.int64)
    )


def _with_score(x: Float32, scores: Float64) -> Float32:
    return np.ascontiguousarray(np.column_stack([x, np.asarray(scores)]), np.float32)


def _ages(at_us: Int64, now_us: int) -> Int64:
    ages: Int64 = np.where(at_us == NEVER, -1, now_us - at_us)
    return ages
