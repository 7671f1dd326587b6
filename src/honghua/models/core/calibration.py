"""How a margin becomes a probability: the booster's own link, a line before a logistic curve where somebody gives one.

The one calibration of fraud scores is the fusion's line over the margin and the detectors' voices (`fraud/core/fusion.py`, ADR 0026).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np

from honghua.models.core.booster_text import Link
from honghua.models.core.kernels import calibrating

Float64 = np.ndarray[Any, np.dtype[np.float64]]

ROUNDS_MAX = 100
CLOSE = 1e-10


class CalibrationKind(IntEnum):
    """Stored numbers."""

    IDENTITY = 0
    LOGISTIC = 1
    EXPONENTIAL = 2


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Immutable. LOGISTIC: knots = [slope], values = [intercept]."""

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


def logistic_line(z: Float64, target: Float64, weight: Float64) -> tuple[float, float]:
    """Slope and intercept of the logistic curve of most likelihood; Newton with halved steps, deterministic."""
    line = np.array([0.0, float(np.log((weight @ target + 1e-9) / (weight @ (1.0 - target) + 1e-9)))])
    columns = np.stack([z, np.ones_like(z)])
    loss = _log_loss(line, columns, target, weight)
    for _ in range(ROUNDS_MAX):
        p = 1.0 / (1.0 + np.exp(-np.clip(line @ columns, -700, 700)))
        gradient = columns @ (weight * (p - target))
        curvature = (columns * (weight * p * (1.0 - p))) @ columns.T + 1e-12 * np.eye(2)
        move = np.linalg.solve(curvature, gradient)
        scale = 1.0
        while scale > CLOSE and _log_loss(line - scale * move, columns, target, weight) > loss:
            scale /= 2.0
        line = line - scale * move
        loss = _log_loss(line, columns, target, weight)
        if float(np.max(np.abs(scale * move))) < CLOSE:
            break
    return float(line[0]), float(line[1])


def _log_loss(line: Float64, columns: Float64, target: Float64, weight: Float64) -> float:
    z = line @ columns
    return float(weight @ (np.logaddexp(0.0, z) - target * z))
