"""Fusion: a logistic line over the forest's margin and the detectors' voices, whose weights are never below a floor.

The floor is what makes a new kind of fraud visible: a detector that fires strongly raises the fused score even where no label taught it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HINGE: Final = 3.0  # one in a thousand is where a surprise becomes an alarm
MARGIN_MAX: Final = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """probability = logistic(bias + weights · voices), the margin cut at ± MARGIN_MAX: what `kernels.score_rows` computes."""

    bias: float
    weights: Floats

    def margin(self, voices: Floats) -> Floats:
        """Of voices float64[n, K]; summed column by column, so that a row's last bit doesn't depend on how many rows stand beside it."""
        found = np.full(len(voices), self.bias)
        for k, weight in enumerate(self.weights):
            found += voices[:, k] * weight
        return found


def surprise_voices(surprise: Floats) -> Floats:
    """float64[n, 2]: the surprise, and how far it is beyond the alarm."""
    return np.column_stack([surprise, np.maximum(surprise - HINGE, 0.0)])


__all__ = ["HINGE", "Line", "surprise_voices"]
