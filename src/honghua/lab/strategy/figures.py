"""Figures with the interval that chance alone would give: shares by Wilson, means and ratios by their normal approximation."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from honghua.lab.strategy.orders import Floats
from honghua.models.api import Interval

Z: Final = 1.959964  # 95 %


def share_interval(hits: int, of: int) -> Interval:
    """Wilson's interval of a share; 0 … 1 where there is nothing to count."""
    if not of:
        return Interval(0.0, math.nan, 1.0)
    p = hits / of
    middle, half = p + Z * Z / (2 * of), Z * math.sqrt(p * (1 - p) / of + Z * Z / (4 * of * of))
    scale = 1 + Z * Z / of
    return Interval(max(0.0, (middle - half) / scale), p, min(1.0, (middle + half) / scale))


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
