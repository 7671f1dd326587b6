"""Turns margins into probabilities. About 10 ns a row; scalar exp, so one row and many give the same bits."""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True)
def logistic_rows(margins, slope, intercept, out):
    """1 / (1 + exp(−(slope × margin + intercept))): margins float64[n] into out float64[n]."""
    for i in range(margins.shape[0]):
        z = slope * margins[i] + intercept
        # exp overflows beyond 709; there the answer is 0 to the last bit anyway.
        out[i] = 1.0 / (1.0 + math.exp(-z)) if z > -700.0 else 0.0


@njit(cache=True)
def exponential_rows(margins, out):
    """exp(margin), margins cut at 700: margins float64[n] into out float64[n]."""
    for i in range(margins.shape[0]):
        out[i] = math.exp(min(margins[i], 700.0))


@njit(cache=True)
def isotonic_rows(margins, knots, values, out):
    """Straight lines between (knots, values), level beyond both ends.

    margins float64[n]  knots float64[k] strictly rising, k ≥ 1  values float64[k] never falling  out float64[n]; NaN stays NaN
    """
    last = knots.shape[0] - 1
    for i in range(margins.shape[0]):
        m = margins[i]
        if m <= knots[0]:
            out[i] = values[0]
        elif m >= knots[last]:
            out[i] = values[last]
        elif m != m:
            out[i] = m
        else:
            k = np.searchsorted(knots, m)  # knots[k − 1] < m ≤ knots[k]
            low, high = values[k - 1], values[k]
            share = (m - knots[k - 1]) / (knots[k] - knots[k - 1])
            out[i] = min(max(low + share * (high - low), low), high)


@njit(cache=True)
def pool_adjacent(y, weight, out):
    """The never falling sequence nearest to y in weighted squares, into out: pool adjacent violators.

    y, weight, out float64[n]; weights are positive
    """
    n = y.shape[0]
    mean = np.empty(n)
    mass = np.empty(n)
    size = np.empty(n, np.int64)
    blocks = 0
    for i in range(n):
        mean[blocks], mass[blocks], size[blocks] = y[i], weight[i], 1
        blocks += 1
        while blocks > 1 and mean[blocks - 2] >= mean[blocks - 1]:
            both = mass[blocks - 2] + mass[blocks - 1]
            mean[blocks - 2] = (mean[blocks - 2] * mass[blocks - 2] + mean[blocks - 1] * mass[blocks - 1]) / both
            mass[blocks - 2] = both
            size[blocks - 2] += size[blocks - 1]
            blocks -= 1
    k = 0
    for b in range(blocks):
        for _ in range(size[b]):
            out[k] = mean[b]
            k += 1
