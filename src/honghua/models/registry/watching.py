"""What one night finds of one version: a day's rows against its fitting, and its vintages against what they said. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from honghua.models.core.drift import DriftReference, psi
from honghua.models.core.intervals import Interval, auc_interval
from honghua.models.examining.stability import chance_psi
from honghua.models.registry.packing import Outcomes, ScoredBatch


@dataclass(frozen=True, slots=True)
class WatchBounds:
    """Beyond what people are told; days of fewer than rows_min rows and vintages of fewer than ones_min defaults alarm nothing.

    score_psi, column_psi   the rule of thumb (Siddiqi 2006; grade C), and beyond what chance gives so few rows
    score_shift_sd, null_change, auc_fall, level   grade U: ours. auc_fall: below the AUC that was filed, surely; level: how far the
                            share of defaults of a vintage may stand from what was said, surely
    chance                  how seldom a column, day or vintage where nothing happened may speak: there are many of them
    """

    score_psi: float = 0.25
    column_psi: float = 0.25
    score_shift_sd: float = 0.5
    null_change: float = 0.10
    auc_fall: float = 0.03
    level: float = 0.04
    rows_min: int = 100
    ones_min: int = 20
    chance: float = 0.0001


@dataclass(frozen=True, slots=True)
class WatchedDay:
    """A version's day. null_change and column_psi: the largest of a column; worst_column: whose PSI it is."""

    version_id: int
    on_day: dt.date
    rows: int
    batches: int
    score_psi: float
    score_shift_sd: float
    null_change: float
    column_psi: float
    worst_column: str
    alarms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WatchedVintage:
    """A version's month of scoring, as far as outcomes are known. said: the sum of probabilities of those labelled."""

    version_id: int
    month: dt.date
    labelled: int
    ones: int
    said: float
    auc: Interval | None
    alarms: tuple[str, ...]


def judge_day(
    reference: DriftReference,
    batches: list[ScoredBatch],
    *,
    version_id: int,
    on_day: dt.date,
    bounds: WatchBounds,
) -> WatchedDay:
    """Rows of a day beside those of the fitting."""
    x = np.concatenate([batch.x for batch in batches])
    scores = np.concatenate([batch.scores for batch in batches])
    counts = reference.count(x, scores)
    columns = np.array([psi(a, b) for a, b in zip(reference.counts[:-1], counts[:-1])])
    score_psi = psi(reference.counts[-1], counts[-1])
    was = reference.counts[:-1, -1] / np.maximum(reference.counts[:-1].sum(axis=1), 1)
    nulls = np.abs(counts[:-1, -1] / len(scores) - was)
    shift = float((scores.mean() - reference.score_mean) / reference.score_sd)
    worst = int(np.argmax(columns)) if len(columns) else -1
    alarms = []
    if len(scores) >= bounds.rows_min:
        chance = chance_psi(reference.counts[-1], counts[-1], chance=bounds.chance)
        if score_psi > max(bounds.score_psi, chance):
            alarms.append(f"scores are spread otherwise than at the fitting: PSI {score_psi:.2f}")
        if abs(shift) > bounds.score_shift_sd:
            alarms.append(f"scores moved: by {shift:+.2f} standard deviations")
        alarms += _judge_columns(reference, counts, (columns, nulls), bounds)
    return WatchedDay(
        version_id, on_day, len(scores), len(batches), score_psi, shift, float(nulls.max(initial=0.0)),
        float(columns[worst]) if worst >= 0 else 0.0, reference.names[worst] if worst >= 0 else "", tuple(alarms),
    )  # fmt: skip


def _judge_columns(
    reference: DriftReference,
    counts: NDArray[np.int64],
    found: tuple[NDArray[np.float64], NDArray[np.float64]],
    bounds: WatchBounds,
) -> list[str]:
    columns, nulls = found
    alarms = []
    for k in np.flatnonzero(columns > bounds.column_psi).tolist():
        if columns[k] > chance_psi(reference.counts[k], counts[k], chance=bounds.chance):
            alarms.append(f"{reference.names[k]} is spread otherwise: PSI {columns[k]:.2f}")
    alarms += [
        f"{reference.names[k]} is missing more or less often: by {nulls[k]:.0%}"
        for k in np.flatnonzero(nulls > bounds.null_change).tolist()
    ]
    return alarms


def judge_vintages(
    scored: Mapping[dt.date, list[ScoredBatch]],
    outcomes: list[Outcomes],
    *,
    version_id: int,
    filed_auc: float | None,
    bounds: WatchBounds,
) -> list[WatchedVintage]:
    """Months of scoring (their first day → batches) beside what became of their rows; months without a label are left out."""
    known, ones = last_words(outcomes)
    found = []
    for month, batches in sorted(scored.items()):
        keys = np.concatenate([batch.keys for batch in batches])
        scores = np.concatenate([batch.scores for batch in batches])
        place = np.searchsorted(known, keys)
        there = (
            (place < len(known)) & (known[np.minimum(place, max(len(known) - 1, 0))] == keys)
            if len(known)
            else np.zeros(0, bool)
        )
        if not there.any():
            continue
        y, said = ones[place[there]], scores[there]
        auc = auc_interval(y, said) if 0 < int(y.sum()) < len(y) else None
        alarms = _judge_vintage(y, said, auc, filed_auc, bounds)
        found.append(WatchedVintage(version_id, month, len(y), int(y.sum()), float(said.sum()), auc, tuple(alarms)))
    return found


def _judge_vintage(
    y: NDArray[np.bool_], said: NDArray[np.float64], auc: Interval | None, filed: float | None, bounds: WatchBounds
) -> list[str]:
    alarms = []
    if int(y.sum()) >= bounds.ones_min and auc is not None and filed is not None and auc.high < filed - bounds.auc_fall:
        alarms.append(f"ranks worse than when it was filed: AUC {auc.mid:.3f}, filed with {filed:.3f}")
    seen, told = float(y.mean()), float(said.mean())
    error = float(np.sqrt(np.sum(said * (1.0 - said)))) / len(y)  # of the share of ones, if what was said is true
    if len(y) >= bounds.rows_min and abs(told - seen) > max(
        bounds.level, NormalDist().inv_cdf(1.0 - bounds.chance / 2.0) * error
    ):
        alarms.append(f"defaulted otherwise than was said: {seen:.1%}, said {told:.1%}")
    return alarms


def last_words(outcomes: list[Outcomes]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Keys, rising, and what was said of each last."""
    if not outcomes:
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    keys = np.concatenate([one.keys for one in outcomes])[::-1]
    ones = np.concatenate([one.ones for one in outcomes])[::-1]
    known, first = np.unique(keys, return_index=True)
    return known, ones[first]
