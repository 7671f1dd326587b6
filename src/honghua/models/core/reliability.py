"""Whether probabilities mean what they say: reliability bins, expected calibration error, slope and intercept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from honghua.models.core.calibration import logistic_line
from honghua.models.core.metrics import Float64, Labels

BINS = 10
EDGE = 1e-6  # probabilities nearer to 0 or 1 have no finite log-odds


@dataclass(frozen=True, slots=True)
class Reliability:
    """Per bin of equally many rows: mean probability, share of ones, rows. Slope 1 and intercept 0 mean well calibrated.

    slope_error: the slope's standard error, which is large where there are few ones. ece_by_chance: the error that perfectly honest
    probabilities are expected to show on so many rows.
    """

    said: tuple[float, ...]
    seen: tuple[float, ...]
    rows: tuple[int, ...]
    ece: float
    slope: float
    intercept: float
    slope_error: float
    ece_by_chance: float


def measure_reliability(
    y: Labels, probability: Float64, *, weight: Float64 | None = None, bins: int = BINS
) -> Reliability:
    """Reliability of probabilities in 0 … 1; rows of one probability may be split between two bins.

    weight: how many rows each stands for.
    """
    ones, p = np.asarray(y, np.float64), np.asarray(probability, np.float64)
    mass = np.ones(len(p)) if weight is None else np.asarray(weight, np.float64)
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    said = [float(np.average(p[part], weights=mass[part])) for part in parts]
    seen = [float(np.average(ones[part], weights=mass[part])) for part in parts]
    rows = [len(part) for part in parts]
    shares = [float(mass[part].sum() / mass.sum()) for part in parts]
    ece = sum(share * abs(a - b) for share, a, b in zip(shares, said, seen))
    inner = np.clip(p, EDGE, 1.0 - EDGE)
    odds = np.log(inner / (1.0 - inner))
    slope, intercept = logistic_line(odds, ones, mass)
    error = _slope_error(odds, ones, mass, (slope, intercept))
    # A bin's share of ones is off by sqrt(2/π) standard errors on average; weighted rows vary with the squares of their weights.
    spreads = [
        np.sqrt(2.0 / np.pi * max(0.0, a * (1.0 - a)) * float((mass[part] ** 2).sum())) for a, part in zip(said, parts)
    ]
    by_chance = float(sum(spreads) / mass.sum())
    return Reliability(tuple(said), tuple(seen), tuple(rows), float(ece), slope, intercept, error, by_chance)


def _slope_error(z: Float64, ones: Float64, mass: Float64, line: tuple[float, float]) -> float:
    """Of a weighted logistic regression, by the sandwich: weights say how many rows were left out, not how sure one is."""
    columns = np.stack([z, np.ones_like(z)])
    p = 1.0 / (1.0 + np.exp(-np.clip(line[0] * z + line[1], -700, 700)))
    bread = np.linalg.pinv((columns * (mass * p * (1.0 - p))) @ columns.T)
    meat = (columns * (mass * (p - ones)) ** 2) @ columns.T
    return float(np.sqrt(max((bread @ meat @ bread)[0, 0], 0.0)))
