"""Scorecards: points by bins of values, summed, and a straight line from points to log-odds. Small enough to read, exact to repeat.

A value that is not known has points of its own in every characteristic: missing thick data is a finding, not a zero.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SMOOTHING: Final = 20.0  # good and bad rows that each bin is lent, at the overall odds
STEPS_MAX: Final = 50
RIDGE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One value's points: `points[k]` for values in [bounds[k − 1], bounds[k]); `unknown` where it is missing."""

    value: str
    bounds: tuple[float, ...]
    points: tuple[int, ...]
    unknown: int

    def __post_init__(self) -> None:
        assert len(self.points) == len(self.bounds) + 1, f"{self.value}: one more bin than bounds"
        assert list(self.bounds) == sorted(self.bounds), f"{self.value}: bounds rise"


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Characteristics and a line: log-odds of the good outcome = (base + points) / factor. `trained_on` says where it comes from."""

    name: str
    version: str
    base: int
    factor: float
    characteristics: tuple[Characteristic, ...]
    trained_on: str

    def body(self) -> dict[str, Any]:
        """Plain values for storage."""
        parts = [[c.value, list(c.bounds), list(c.points), c.unknown] for c in self.characteristics]
        return {
            "name": self.name, "version": self.version, "base": self.base, "factor": self.factor, "characteristics": parts,
            "trained_on": self.trained_on,
        }  # fmt: skip

    def digest(self) -> bytes:
        """SHA-256 of the body: names the card in every record."""
        return hashlib.sha256(msgspec.json.encode(self.body(), order="deterministic")).digest()


def card_from_body(body: Mapping[str, Any]) -> Scorecard:
    """What `Scorecard.body` wrote."""
    parts = tuple(Characteristic(v, tuple(b), tuple(p), int(u)) for v, b, p, u in body["characteristics"])
    return Scorecard(body["name"], body["version"], int(body["base"]), float(body["factor"]), parts, body["trained_on"])


def points_of(card: Scorecard, names: Sequence[str], rows: Floats) -> Ints:
    """Points int64[n, characteristics] of rows float64[n, names]; NaN takes the points of not knowing."""
    found = np.empty((len(rows), len(card.characteristics)), np.int64)
    for k, one in enumerate(card.characteristics):
        column = rows[:, names.index(one.value)]
        place = np.searchsorted(np.array(one.bounds), column, side="right")
        found[:, k] = np.where(np.isnan(column), one.unknown, np.array(one.points)[np.minimum(place, len(one.bounds))])
    return found


def chances(card: Scorecard, names: Sequence[str], rows: Floats) -> Floats:
    """Chance of the good outcome of rows float64[n, names], float64[n]. Points are whole, so a row scores the same alone as in a crowd."""
    total = card.base + points_of(card, names, rows).sum(axis=1)
    return np.asarray(1.0 / (1.0 + np.exp(-total / card.factor)))


def fit_card(
    name: str, names: Sequence[str], rows: Floats, good: NDArray[np.bool_], *, bounds: Mapping[str, Sequence[float]],
    trained_on: str,
) -> Scorecard:  # fmt: skip
    """A card from labelled rows float64[n, names]: weights of evidence per bin, a ridge logistic line over them, points rounded.

    bounds: inner bounds by value, which are the characteristics. A bin is lent SMOOTHING rows at the overall odds: a thin one says little.
    """
    share = float(np.clip(good.mean(), 1e-6, 1 - 1e-6))
    evidence, columns = [], []
    for value, inner in bounds.items():
        column = rows[:, list(names).index(value)]
        place = np.where(np.isnan(column), len(inner) + 1, np.searchsorted(np.array(inner), column, side="right"))
        counts = np.bincount(place, minlength=len(inner) + 2)
        goods = np.bincount(place, weights=good, minlength=len(inner) + 2)
        odds = (goods + SMOOTHING * share) / (counts - goods + SMOOTHING * (1 - share))
        evidence.append(np.log(odds * (1 - share) / share))
        columns.append(evidence[-1][place])
    weights = _fit_line(np.column_stack([np.ones(len(rows)), *columns]), good.astype(np.float64))
    factor = 20.0 / np.log(2.0)  # twenty points double the odds
    parts = []
    for k, (value, inner) in enumerate(bounds.items()):
        points = np.round(weights[k + 1] * evidence[k] * factor).astype(np.int64).tolist()
        parts.append(Characteristic(value, tuple(float(b) for b in inner), tuple(points[:-1]), points[-1]))
    base = int(np.round(weights[0] * factor))
    version = hashlib.sha256(repr((base, parts)).encode()).hexdigest()[:8]
    return Scorecard(name, version, base, float(factor), tuple(parts), trained_on)


def _fit_line(design: Floats, good: Floats) -> Floats:
    """Ridge logistic regression by Newton's steps; weights of evidence are kept from turning round (≥ 0)."""
    weights = np.zeros(design.shape[1])
    active = np.ones(design.shape[1], np.bool_)
    for _ in range(STEPS_MAX):
        chance = 1.0 / (1.0 + np.exp(-design @ weights))
        penalty = np.full(design.shape[1], RIDGE)
        penalty[0] = 0.0
        slope = design.T @ (good - chance) - penalty * weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(penalty)
        part = np.ix_(active, active)
        weights[active] += np.linalg.solve(curve[part], slope[active])
        turned = active & (weights < 0)
        turned[0] = False
        if turned.any():
            active &= ~turned
            weights[turned] = 0.0
        elif np.abs(slope[active]).max() < 1e-9 * len(good):
            break
    return weights


__all__ = ["Characteristic", "Scorecard", "card_from_body", "chances", "fit_card", "points_of"]
