"""Fits a scorecard: cut, weigh, choose, add up – and where two columns mean more together than apart, let them cross.

Weight of evidence and the sign rule: N. Siddiqi, Credit Risk Scorecards (2006), chapters 5 and 6. Every weight is a log-odds of the event,
so a coefficient below zero says that a column is read against its own evidence: it leaves the card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.models.core.calibration import logistic_line
from honghua.models.scorecard.card import (
    Characteristic,
    Cutting,
    Float32,
    Float64,
    Int64,
    Scale,
    Scorecard,
    build_scorecard,
    combine,
)
from honghua.models.scorecard.cutting import CutSettings, Field, cut_field

NEWTON_MAX: Final = 50
CLOSE: Final = 1e-8
CROSS_AMONG: Final = 14  # the most telling characteristics, among which pairs are tried
CROSS_ROWS_MAX: Final = 200_000
CELLS_BY_GAIN: Final = 2.0  # a pair must explain so many times what chance gives a table of its cells


@dataclass(frozen=True, slots=True)
class CardSettings:
    """How a scorecard is fitted.

    prior_rows  rows of the mean rate that each bin is mixed with       value_min  information value that a characteristic needs
    ridge       pull of the coefficients towards one                   crosses    pairs at most
    cell_prior  pull of a pair's cells towards nothing
    """

    cut: CutSettings = field(default_factory=CutSettings)
    prior_rows: float = 5.0
    value_min: float = 0.01
    characteristics_max: int = 60
    ridge: float = 5.0
    crosses: int = 0
    cell_prior: float = 5.0
    scale: Scale = field(default_factory=Scale)


@dataclass(frozen=True, slots=True, eq=False)
class _Weighed:
    """A cutting with its labels, and per bin rows, ones and weight of evidence."""

    cutting: Cutting
    labels: tuple[str, ...]
    bins: Int64
    rows: Int64
    ones: Int64
    weights: Float64
    value: float
    free: bool = True  # no direction was declared, so it may cross others

    @property
    def weight_of_rows(self) -> Float64:
        return np.where(self.bins >= 0, self.weights[np.maximum(self.bins, 0)], 0.0)


def fit_scorecard(x: Float32, y: NDArray[Any], fields: Sequence[Field], settings: CardSettings) -> Scorecard:
    """A scorecard of rows float32[n, F] and y 0 or 1; its calibration is the bare logistic curve (see `calibrated`)."""
    return fit_scorecards(x, y, fields, settings, crosses=(settings.crosses,))[0]


def fit_scorecards(
    x: Float32, y: NDArray[Any], fields: Sequence[Field], settings: CardSettings, *, crosses: Sequence[int]
) -> tuple[Scorecard, ...]:
    """One scorecard per number of pairs allowed, all on the same cuts; fields with `read` False stay out of the card."""
    if x.shape[1] != len(fields) or len(y) != len(x) or not 0 < np.sum(y) < len(y):
        raise BadInput("rows, labels of both kinds and a field per column are needed", code="BAD_SHAPE")
    labels = np.asarray(y, np.float64)
    weighed = [_weigh(x, labels, place, one, settings) for place, one in enumerate(fields) if one.read]
    telling = sorted((one for one in weighed if one.value >= settings.value_min), key=lambda one: -one.value)
    chosen = telling[: settings.characteristics_max]
    columns = np.column_stack([one.weight_of_rows for one in chosen]) if chosen else np.zeros((len(y), 0))
    kept, slopes, intercept = _fit_signed(columns, labels, settings.ridge)
    chosen = [chosen[k] for k in kept]
    made = [
        _characteristic((one.cutting,), one, slope * one.weights) for one, slope in zip(chosen, slopes, strict=True)
    ]
    margins = intercept + columns[:, kept] @ slopes
    names = tuple(one.name for one in fields)
    found = []
    for count in crosses:
        more, shift = _find_crosses(chosen, labels, margins, count, settings) if count else ([], 0.0)
        card = build_scorecard(
            names, (*made, *more), intercept=intercept + shift, line=(1.0, 0.0), scale=settings.scale
        )
        found.append(card)
    return tuple(found)


def fit_line(margins: Float64, y: NDArray[Any]) -> tuple[float, float]:
    """Slope and intercept that turn margins float64[n] of rows outside the fitting into log-odds."""
    return logistic_line(margins, np.asarray(y, np.float64), np.ones(len(margins)))


def calibrated(card: Scorecard, line: tuple[float, float]) -> Scorecard:
    """The card with slope and intercept of the line that turns its margins into log-odds, found on rows outside its fitting."""
    return build_scorecard(card.names, card.characteristics, intercept=card.intercept, line=line, scale=card.scale)


def _weigh(x: Float32, y: Float64, place: int, one: Field, settings: CardSettings) -> _Weighed:
    cutting, labels = cut_field(x, y, place, one, settings.cut)
    bins = cutting.bins_of(x)
    known = bins >= 0
    rows = np.bincount(bins[known], minlength=cutting.bins).astype(np.int64)
    ones = np.bincount(bins[known], weights=y[known], minlength=cutting.bins)
    rate = float(y.mean())
    bad = ones + settings.prior_rows * rate
    good = rows - ones + settings.prior_rows * (1.0 - rate)
    weights = np.log(bad / good) - np.log(rate / (1.0 - rate))
    weights[rows == 0] = 0.0
    shares = ones / y.sum(), (rows - ones) / (len(y) - y.sum())
    value = float(np.sum((shares[0] - shares[1]) * weights))
    return _Weighed(cutting, labels, bins, rows, ones.astype(np.int64), weights, value, one.direction == 0)


def _characteristic(cuttings: tuple[Cutting, ...], one: _Weighed, parts: Float64) -> Characteristic:
    mean = float(one.rows @ parts / max(one.rows.sum(), 1))
    return Characteristic(cuttings, parts, mean, one.labels, one.rows, one.ones)


def _fit_signed(columns: Float64, y: Float64, ridge: float) -> tuple[list[int], Float64, float]:
    """Columns that keep a positive coefficient, their coefficients, and the intercept; the worst leaves first, one at a time."""
    kept = list(range(columns.shape[1]))
    while True:
        slopes, intercept = _logistic(columns[:, kept], y, ridge)
        if not kept or slopes.min() > 0.0:
            return kept, slopes, intercept
        kept.pop(int(np.argmin(slopes)))


def _logistic(columns: Float64, y: Float64, ridge: float) -> tuple[Float64, float]:
    """Coefficients and intercept of most likelihood, the coefficients pulled towards one (the weights are log-odds already)."""
    n, width = columns.shape
    wide = np.column_stack([columns, np.ones(n)])
    pull = np.append(np.full(width, ridge), 0.0)
    towards = np.append(np.ones(width), 0.0)
    found = np.append(np.full(width, 0.5), np.log(y.mean() / (1.0 - y.mean())))
    for _ in range(NEWTON_MAX):
        p = 1.0 / (1.0 + np.exp(-np.clip(wide @ found, -500, 500)))
        gradient = wide.T @ (p - y) + pull * (found - towards)
        curvature = (wide * (p * (1.0 - p))[:, None]).T @ wide + np.diag(pull + 1e-9)
        move = np.linalg.solve(curvature, gradient)
        found = found - move * min(1.0, 5.0 / max(float(np.abs(move).max()), 1e-12))
        if float(np.abs(move).max()) < CLOSE:
            break
    return found[:-1], float(found[-1])


def _find_crosses(
    chosen: list[_Weighed], y: Float64, margins: Float64, count: int, settings: CardSettings
) -> tuple[list[Characteristic], float]:
    """Pairs, the most telling first, each fitted to what the card so far leaves open, and what the intercept moves by."""
    among = [one for one in chosen if one.free][:CROSS_AMONG]
    bins = {one.cutting.name: one.bins for one in among}
    pairs = list(combinations(among, 2))
    made: list[Characteristic] = []
    for _ in range(count):
        p = 1.0 / (1.0 + np.exp(-np.clip(margins, -500, 500)))
        gains = [_gain(first, second, bins, y - p, p * (1.0 - p)) for first, second in pairs]
        if not gains or max(gains) < CELLS_BY_GAIN:
            break
        first, second = pairs.pop(int(np.argmax(gains)))
        cuttings = (first.cutting, second.cutting)
        cross = _cross(first, second, combine(cuttings, bins), y, p, settings)
        made.append(_characteristic(cuttings, cross, cross.weights))
        margins = margins + cross.weight_of_rows
    return made, _shift(margins, y)


def _gain(first: _Weighed, second: _Weighed, bins: dict[str, Int64], open_: Float64, spread: Float64) -> float:
    cells = combine((first.cutting, second.cutting), bins)[:CROSS_ROWS_MAX]
    known = cells >= 0
    size = first.cutting.bins * second.cutting.bins
    sums = np.bincount(cells[known], weights=open_[:CROSS_ROWS_MAX][known], minlength=size)
    mass = np.bincount(cells[known], weights=spread[:CROSS_ROWS_MAX][known], minlength=size)
    used = mass > 1.0
    return float(np.sum(sums[used] ** 2 / mass[used]) / max(int(used.sum()), 1))


def _cross(first: _Weighed, second: _Weighed, cells: Int64, y: Float64, p: Float64, settings: CardSettings) -> _Weighed:
    size = first.cutting.bins * second.cutting.bins
    known = cells >= 0
    rows = np.bincount(cells[known], minlength=size).astype(np.int64)
    ones = np.bincount(cells[known], weights=y[known], minlength=size)
    sums = np.bincount(cells[known], weights=(y - p)[known], minlength=size)
    mass = np.bincount(cells[known], weights=(p * (1.0 - p))[known], minlength=size)
    labels = tuple(f"{a} & {b}" for a in first.labels for b in second.labels)
    return _Weighed(first.cutting, labels, cells, rows, ones.astype(np.int64), sums / (mass + settings.cell_prior), 0.0)


def _shift(margins: Float64, y: Float64) -> float:
    """What to add to all margins so that their probabilities sum to the ones."""
    shift = 0.0
    for _ in range(NEWTON_MAX):
        p = 1.0 / (1.0 + np.exp(-np.clip(margins + shift, -500, 500)))
        move = float((y - p).sum() / max(float((p * (1.0 - p)).sum()), 1e-9))
        shift += min(max(move, -2.0), 2.0)
        if abs(move) < CLOSE:
            break
    return shift


__all__ = ["CardSettings", "calibrated", "fit_line", "fit_scorecard", "fit_scorecards"]
