"""How good scores are. Labels are 0 or 1, higher scores mean more likely 1; ties are counted as ties, never broken by luck."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from honghua.base.errors import BadInput

Float64 = np.ndarray[Any, np.dtype[np.float64]]
Labels = np.ndarray[Any, Any]
Keys = np.ndarray[Any, np.dtype[np.int64]]


def auc(y: Labels, scores: Float64, *, weight: Float64 | None = None) -> float:
    """Chance that a positive stands above a negative, ties half; NaN when one class is missing."""
    steps = _steps(y, scores, weight)
    positive, negative = steps.positive[-1], steps.negative[-1]
    if positive <= 0 or negative <= 0:
        return float("nan")
    up, right = np.diff(steps.positive, prepend=0.0), np.diff(steps.negative, prepend=0.0)
    return float((right @ (steps.positive - up / 2.0)) / (positive * negative))


def average_precision(y: Labels, scores: Float64, *, weight: Float64 | None = None) -> float:
    """Mean precision over the positives, at each one's score; NaN without positives."""
    steps = _steps(y, scores, weight)
    if steps.positive[-1] <= 0:
        return float("nan")
    precision = steps.positive / (steps.positive + steps.negative)
    return float(np.diff(steps.positive, prepend=0.0) @ precision / steps.positive[-1])


def ks(y: Labels, scores: Float64, *, weight: Float64 | None = None) -> float:
    """Largest distance between the score distributions of the classes; NaN when one is missing."""
    steps = _steps(y, scores, weight)
    positive, negative = steps.positive[-1], steps.negative[-1]
    if positive <= 0 or negative <= 0:
        return float("nan")
    return float(np.max(np.abs(steps.positive / positive - steps.negative / negative)))


def recall_at_precision(y: Labels, scores: Float64, *, precision: float) -> float:
    """Largest recall of a threshold whose precision is at least `precision`; 0 when there is none."""
    steps = _steps(y, scores, None)
    good = steps.positive >= precision * (steps.positive + steps.negative)
    return float(np.max(steps.positive[good], initial=0.0) / max(steps.positive[-1], 1.0))


def macro_f1(y: Labels, scores: Float64, *, threshold: float) -> float:
    """Mean of the F1 of both classes where `score ≥ threshold` means 1. The threshold must come from other rows."""
    said, is_one = np.asarray(scores) >= threshold, _binary(y)
    hit, false_alarm = float(np.sum(said & is_one)), float(np.sum(said & ~is_one))
    miss, rest = float(np.sum(~said & is_one)), float(np.sum(~said & ~is_one))
    ones = 2.0 * hit / max(2.0 * hit + false_alarm + miss, 1.0)
    zeros = 2.0 * rest / max(2.0 * rest + false_alarm + miss, 1.0)
    return (ones + zeros) / 2.0


def choose_threshold(y: Labels, scores: Float64) -> float:
    """The threshold of the largest macro F1 on these (tuning) rows: half way between two scores, the highest among equals."""
    steps = _steps(y, scores, None)
    hit, false_alarm = steps.positive, steps.negative
    miss, rest = hit[-1] - hit, false_alarm[-1] - false_alarm
    wrong = false_alarm + miss
    f1 = hit / np.maximum(2.0 * hit + wrong, 1.0) + rest / np.maximum(2.0 * rest + wrong, 1.0)
    best = int(np.argmax(f1))
    below = steps.scores[best + 1] if best + 1 < len(f1) else steps.scores[best]
    middle = (steps.scores[best] + below) / 2.0
    return float(middle if middle > below or below == steps.scores[best] else steps.scores[best])


def brier(y: Labels, probability: Float64) -> float:
    """Mean squared distance of probabilities from what happened."""
    return float(np.mean((np.asarray(probability, np.float64) - _binary(y)) ** 2))


def log_loss(y: Labels, probability: Float64) -> float:
    """Mean −log of the probability of what happened, probabilities cut at 1e-15."""
    p = np.clip(np.asarray(probability, np.float64), 1e-15, 1.0 - 1e-15)
    return float(-np.mean(np.where(_binary(y), np.log(p), np.log1p(-p))))


@dataclass(frozen=True, slots=True)
class CardPrecision:
    """Precision of the daily review queue: the mean over days, each day's, and how many there were to find each day."""

    mean: float
    days: tuple[int, ...]
    precision: tuple[float, ...]
    compromised: tuple[int, ...]
    k: int

    @property
    def ceiling(self) -> float:
        """What a perfect ranking could have had on these days (given whom this one has found before)."""
        return float(np.mean([min(count, self.k) / self.k for count in self.compromised])) if self.days else 0.0


def card_precision_at_k(days: Keys, cards: Keys, y: Labels, scores: Float64, *, k: int = 100) -> CardPrecision:
    """The handbook's card precision@k: per day a card has its highest score and counts as compromised with one fraud that day; the k
    highest cards are looked at, precision is found / k, and found cards leave all later days. Among equal scores the lower card is first.
    """
    if k < 1 or not len(days) == len(cards) == len(y) == len(scores):
        raise BadInput("k must be positive and the columns of one length", code="BAD_SHAPE")
    fraud = _binary(y)
    found: set[int] = set()
    told = []
    for day in np.unique(days):
        rows = np.flatnonzero(days == day)
        rows = rows[[int(card) not in found for card in cards[rows]]]
        names, place = np.unique(cards[rows], return_inverse=True)
        best = np.full(len(names), -np.inf)
        np.maximum.at(best, place, np.asarray(scores, np.float64)[rows])
        compromised = np.zeros(len(names), bool)
        np.logical_or.at(compromised, place, fraud[rows])
        top = np.lexsort((names, -best))[:k]
        hits = names[top[compromised[top]]]
        told.append((int(day), len(hits) / k, int(compromised.sum())))
        found.update(hits.tolist())
    columns = tuple(zip(*told)) or ((), (), ())
    mean = float(np.mean(columns[1])) if told else 0.0
    return CardPrecision(mean, columns[0], columns[1], columns[2], k)


@dataclass(frozen=True, slots=True)
class _Steps:
    """The classes at or above each different score, from the highest down."""

    scores: Float64
    positive: Float64
    negative: Float64


def _steps(y: Labels, scores: Float64, weight: Float64 | None) -> _Steps:
    is_one, scores = _binary(y), np.asarray(scores, np.float64)
    if len(scores) == 0 or len(scores) != len(is_one) or np.isnan(scores).any():
        raise BadInput("scores must be numbers, as many as labels and at least one", code="BAD_SHAPE")
    order = np.argsort(-scores, kind="stable")
    mass = np.ones(len(scores)) if weight is None else np.asarray(weight, np.float64)[order]
    ranked = scores[order]
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    return _Steps(ranked[ends], np.cumsum(mass * is_one[order])[ends], np.cumsum(mass * ~is_one[order])[ends])


def _binary(y: Labels) -> np.ndarray[Any, np.dtype[np.bool_]]:
    labels = np.asarray(y)
    is_one: np.ndarray[Any, np.dtype[np.bool_]] = labels == 1
    if not (is_one | (labels == 0)).all():
        raise BadInput("labels must be 0 or 1", code="BAD_LABELS")
    return is_one
