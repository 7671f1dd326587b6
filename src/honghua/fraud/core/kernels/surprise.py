"""How seldom a value is so suspicious: a walk up the tail's thresholds, and the worst few of a detector's values."""

from __future__ import annotations

import math

from numba import njit

STEPS_PER_TEN = 4.0  # thresholds stand at survival 10**(-k/4)
BEYOND_MAX = 2.0  # surprise added at most beyond everything seen
SECOND_PART, THIRD_PART = 0.5, 0.25


@njit(cache=True, inline="always")
def surprise_of(value, thresholds, count):
    """−log10 of the share of peers at least so high; beyond the highest threshold it grows with the logarithm of the excess."""
    k = 0
    while k < count and value >= thresholds[k]:
        k += 1
    if k == count and count > 1:
        span = thresholds[count - 1] - thresholds[0]
        if span > 0:
            return k / STEPS_PER_TEN + min(math.log1p((value - thresholds[count - 1]) / span), BEYOND_MAX)
    return k / STEPS_PER_TEN


@njit(cache=True)
def detector_surprise(values, columns, signs, thresholds, counts, out, worst):
    """Of each row the weighted sum of the three greatest surprises among a detector's values.  About 3 ns a value.

    values float32[n, V]; columns, signs, counts int64[D]; thresholds float32[D, K] rising; out float64[n]; worst int32[n], −1 = none.
    """
    for i in range(values.shape[0]):
        first, second, third = 0.0, 0.0, 0.0
        worst[i] = -1
        for d in range(columns.shape[0]):
            value = values[i, columns[d]]
            if math.isnan(value) or counts[d] == 0:
                continue
            value = value * signs[d]
            if value < thresholds[d, 0]:
                continue
            s = surprise_of(value, thresholds[d], counts[d])
            if s > first:
                first, second, third = s, first, second
                worst[i] = columns[d]
            elif s > second:
                second, third = s, second
            elif s > third:
                third = s
        out[i] = first + SECOND_PART * second + THIRD_PART * third


@njit(cache=True)
def tail_surprise(raw, thresholds, out):
    """The surprise of sums among the sums of peers: raw float64[n], thresholds float32[K], out float64[n] (may be raw)."""
    for i in range(raw.shape[0]):
        out[i] = surprise_of(raw[i], thresholds, thresholds.shape[0])
