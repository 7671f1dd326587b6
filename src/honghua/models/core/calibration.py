"""Calibration: how a margin becomes a probability — the booster's own link, Platt's line, or a never falling curve (isotonic)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np

from honghua.base.errors import BadInput
from honghua.models.core.booster_text import Link
from honghua.models.core.kernels import calibrating

Float64 = np.ndarray[Any, np.dtype[np.float64]]

PLATT_ROUNDS_MAX = 100
PLATT_CLOSE = 1e-10


class CalibrationKind(IntEnum):
    """Stored numbers."""

    IDENTITY = 0
    LOGISTIC = 1
    EXPONENTIAL = 2
    ISOTONIC = 3


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Immutable. LOGISTIC: knots = [slope], values = [intercept]. ISOTONIC: knots strictly rise, values never fall."""

    kind: CalibrationKind
    knots: Float64 = field(default_factory=lambda: np.zeros(0))
    values: Float64 = field(default_factory=lambda: np.zeros(0))

    def apply(self, margins: Float64) -> Float64:
        """Probability of every margin."""
        out = np.empty(len(margins))
        self.apply_into(margins, out)
        return out

    def apply_into(self, margins: Float64, out: Float64) -> None:
        """Probability of every margin into out; `out` may be `margins` itself."""
        if self.kind is CalibrationKind.LOGISTIC:
            calibrating.logistic_rows(margins, self.knots[0], self.values[0], out)
        elif self.kind is CalibrationKind.EXPONENTIAL:
            calibrating.exponential_rows(margins, out)
        elif self.kind is CalibrationKind.ISOTONIC:
            calibrating.isotonic_rows(margins, self.knots, self.values, out)
        else:
            out[:] = margins

    @property
    def digest(self) -> bytes:
        """SHA-256 of what `apply` reads."""
        numbers = np.concatenate([[float(self.kind), float(len(self.knots))], self.knots, self.values])
        return hashlib.sha256(numbers.tobytes()).digest()


def link_calibration(link: Link, *, steepness: float) -> Calibration:
    """The booster's own link: what LightGBM's predict gives."""
    if link is Link.LOGISTIC:
        return Calibration(CalibrationKind.LOGISTIC, np.array([steepness]), np.zeros(1))
    return Calibration(CalibrationKind.EXPONENTIAL if link is Link.EXPONENTIAL else CalibrationKind.IDENTITY)


def fit_isotonic(margins: Float64, y: Float64, *, weight: Float64 | None = None) -> Calibration:
    """The never falling curve nearest to the labels in squares. Order is kept but not strictly: ranks may become ties."""
    margins, y, weight = _checked(margins, y, weight)
    knots, place = np.unique(margins, return_inverse=True)
    mass = np.bincount(place, weight)
    mean = np.bincount(place, weight * y) / mass
    fitted = np.empty(len(knots))
    calibrating.pool_adjacent(mean, mass, fitted)
    # Of a level stretch only the two ends matter to the curve.
    inner = np.ones(len(knots), bool)
    inner[1:-1] = (fitted[1:-1] != fitted[:-2]) | (fitted[1:-1] != fitted[2:])
    return Calibration(CalibrationKind.ISOTONIC, knots[inner], fitted[inner])


def fit_platt(margins: Float64, y: Float64, *, weight: Float64 | None = None) -> Calibration:
    """Platt's line: slope and intercept of a logistic regression on the margin, with Platt's softened targets, by Newton's method."""
    margins, y, weight = _checked(margins, y, weight)
    positive, negative = float(weight @ y), float(weight @ (1.0 - y))
    target = np.where(y > 0, (positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0))
    slope, intercept = logistic_line(margins, target, weight)
    return Calibration(CalibrationKind.LOGISTIC, np.array([slope]), np.array([intercept]))


def logistic_line(z: Float64, target: Float64, weight: Float64) -> tuple[float, float]:
    """Slope and intercept of the logistic curve of most likelihood; Newton with halved steps, deterministic."""
    line = np.array([0.0, float(np.log((weight @ target + 1e-9) / (weight @ (1.0 - target) + 1e-9)))])
    columns = np.stack([z, np.ones_like(z)])
    loss = _log_loss(line, columns, target, weight)
    for _ in range(PLATT_ROUNDS_MAX):
        p = 1.0 / (1.0 + np.exp(-np.clip(line @ columns, -700, 700)))
        gradient = columns @ (weight * (p - target))
        curvature = (columns * (weight * p * (1.0 - p))) @ columns.T + 1e-12 * np.eye(2)
        move = np.linalg.solve(curvature, gradient)
        scale = 1.0
        while scale > PLATT_CLOSE and _log_loss(line - scale * move, columns, target, weight) > loss:
            scale /= 2.0
        line = line - scale * move
        loss = _log_loss(line, columns, target, weight)
        if float(np.max(np.abs(scale * move))) < PLATT_CLOSE:
            break
    return float(line[0]), float(line[1])


def _log_loss(line: Float64, columns: Float64, target: Float64, weight: Float64) -> float:
    z = line @ columns
    return float(weight @ (np.logaddexp(0.0, z) - target * z))


def _checked(margins: Float64, y: Float64, weight: Float64 | None) -> tuple[Float64, Float64, Float64]:
    margins, y = np.asarray(margins, np.float64), np.asarray(y, np.float64)
    weight = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
    if len(margins) == 0 or len(margins) != len(y) or len(weight) != len(y):
        raise BadInput("a calibration needs at least one margin, and as many labels", code="BAD_SHAPE")
    if not (np.isfinite(margins).all() and np.isin(y, (0.0, 1.0)).all() and (weight > 0).all()):
        raise BadInput("a calibration needs finite margins, labels 0 or 1 and positive weights", code="BAD_LABELS")
    return margins, y, weight
