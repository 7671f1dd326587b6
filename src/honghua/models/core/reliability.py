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
    """Per bin of equally many rows: mean probability, share of ones, rows. Slope 1 and intercept 0 mean well calibrated."""

    said: tuple[float, ...]
    seen: tuple[float, ...]
    rows: tuple[int, ...]
    ece: float
    slope: float
    intercept: float


def measure_reliability(y: Labels, probability: Float64, *, bins: int = BINS) -> Reliability:
    """Reliability of probabilities in 0 … 1; rows of one probability may be split between two bins."""
    ones, p = np.asarray(y, np.float64), np.asarray(probability, np.float64)
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    said = [float(p[part].mean()) for part in parts]
    seen = [float(ones[part].mean()) for part in parts]
    rows = [len(part) for part in parts]
    ece = sum(n * abs(a - b) for n, a, b in zip(rows, said, seen)) / max(len(p), 1)
    inner = np.clip(p, EDGE, 1.0 - EDGE)
    slope, intercept = logistic_line(np.log(inner / (1.0 - inner)), ones, np.ones(len(p)))
    return Reliability(tuple(said), tuple(seen), tuple(rows), float(ece), slope, intercept)
