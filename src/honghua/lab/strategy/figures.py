"""Figures with the interval that chance alone would give: sums and ratios by their normal approximation."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from honghua.lab.strategy.orders import Floats
from honghua.models.api import Interval

Z: Final = 1.959964  # 95 %


def ratio_interval(parts: Floats, wholes: Floats) -> Interval:
    """Sum of parts over sum of wholes, both float64[n] by order (linearised, Cochran 1977, §6.3)."""
    n, whole = len(parts), float(wholes.sum())
    ratio = float(parts.sum()) / whole
    spread = math.sqrt(n * float(np.var(parts - ratio * wholes))) / whole
    return Interval(ratio - Z * spread, ratio, ratio + Z * spread)


def sum_interval(values: Floats) -> Interval:
    """The sum of float64[n] over orders, drawn anew."""
    total, spread = float(values.sum()), math.sqrt(len(values) * float(np.var(values)))
    return Interval(total - Z * spread, total, total + Z * spread)
