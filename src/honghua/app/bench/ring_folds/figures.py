"""Figures of `honghua bench rings`: thresholds at a precision, recall with intervals by event and by ring, areas under PR curves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.shares import find_share
from honghua.sim.core import Truth

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

PRECISION: Final = 0.95
FLAGGED_MIN: Final = 20  # a threshold that flags fewer says nothing about its precision
CAUGHT_SHARE: Final = 0.2  # a ring is caught when so much of its crimes is flagged
RESAMPLES: Final = 400


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows that were scored, with what is true of them. Camouflage (ring > 0, no fraud) counts on neither side."""

    fraud: Bools
    ring: Ints
    typology: Ints
    names: tuple[str, ...]

    @classmethod
    def of(cls, truth: Truth, rows: Ints) -> Judged:
        """The truth of some rows of a market."""
        return cls(truth.fraud[rows], truth.ring[rows], truth.typology[rows], truth.names)

    @property
    def innocent(self) -> Bools:
        """Rows of people with no part in a ring."""
        return np.asarray(self.ring == 0)

    def of_typologies(self, names: tuple[str, ...]) -> Bools:
        """Crimes of some typologies."""
        return self.fraud & np.isin(self.typology, [self.names.index(name) for name in names])


def threshold_at(score: Doubles, crime: Bools, innocent: Bools, *, precision: float = PRECISION) -> float:
    """The lowest score at which those at or above it are crimes with this precision; inf when there is none."""
    used = crime | innocent
    order = np.argsort(-score[used], kind="stable")
    ranked, hits = score[used][order], np.cumsum(crime[used][order])
    flagged = np.arange(1, len(ranked) + 1)
    last = np.append(ranked[1:] < ranked[:-1], True)  # of equal scores all are flagged
    fits = np.flatnonzero(last & (hits >= precision * flagged) & (flagged >= FLAGGED_MIN))
    return float(ranked[fits[-1]]) if len(fits) else math.inf


def average_precision(score: Doubles, crime: Bools, innocent: Bools) -> float:
    """The area under the steps of the PR curve."""
    used = crime | innocent
    order = np.argsort(-score[used], kind="stable")
    ranked, hits = score[used][order], np.cumsum(crime[used][order])
    last = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True))
    recall = hits[last] / max(hits[-1], 1)
    return float(np.sum(np.diff(recall, prepend=0.0) * hits[last] / (last + 1)))


def wilson(hits: int, n: int) -> list[float]:
    """[low, share, high] of a share, 95 %."""
    return [round(part, 4) for part in find_share(hits, n)]


def recall_by_ring(flagged: Bools, ring: Ints, rng: np.random.Generator) -> dict[str, Any]:
    """Of crimes and their rings: recall by event (interval by drawing rings anew), by ring, and events until a ring's first flag."""
    rings, place = np.unique(ring, return_inverse=True)
    crimes = np.bincount(place, minlength=len(rings))
    hits = np.bincount(place, flagged, len(rings))
    drawn = rng.integers(0, max(len(rings), 1), (RESAMPLES, len(rings)))
    again = hits[drawn].sum(axis=1) / np.maximum(crimes[drawn].sum(axis=1), 1)
    low, high = np.quantile(again, [0.025, 0.975]) if len(rings) else (0.0, 1.0)
    first = [int(np.argmax(flagged[place == r])) for r in np.flatnonzero(hits)]
    return {
        "crimes": len(flagged), "rings": len(rings),
        "recall": [round(float(low), 4), round(float(flagged.mean()) if len(flagged) else 0.0, 4), round(float(high), 4)],
        "ring_recall": wilson(int((hits >= CAUGHT_SHARE * crimes).sum()), len(rings)),
        "crimes_before_first_flag": float(np.median(first)) if first else None,
    }  # fmt: skip


__all__ = ["Judged", "average_precision", "recall_by_ring", "threshold_at", "wilson"]
