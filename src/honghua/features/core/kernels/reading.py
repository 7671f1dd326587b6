"""From words to values: every division, root and logarithm of a feature, once, in float64, and rounded to float32 at the end.

The SQL twin writes the same expressions in the same order, so that both round alike.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np
from numba import njit

from honghua.features.core.layout import (
    BINS,
    DISTINCT,
    LEAST,
    NOTHING,
    Q_COLUMN,
    Q_LESS,
    Q_OVER,
    Q_SUPPORT,
    Q_UNDER,
    R_DISTINCT,
    R_ENTROPY,
    R_MAX,
    R_MEAN,
    R_MIN,
    R_SINCE,
    R_STD,
    R_SUM,
    R_SUM_OF_SOME,
    V_COLUMN,
    V_COUNT,
    V_COUNT_SHIFT,
    V_HIGH,
    V_SHIFT,
    V_WORD,
    V_ZERO,
    X_FROM,
    X_READ,
    X_TO,
)

QUARTER = 0x33333333
ONE = np.uint64(1)  # places are unsigned: for a signed one numba asks each time whether it counts from the end


@njit(cache=True, forceinline=True)
def bits_set(word):
    """How many of the 64 bits of an int64 are set."""
    low = word & 0xFFFFFFFF
    high = (word >> 32) & 0xFFFFFFFF
    low = low - ((low >> 1) & 0x55555555)
    high = high - ((high >> 1) & 0x55555555)
    both = (low & QUARTER) + ((low >> 2) & QUARTER) + (high & QUARTER) + ((high >> 2) & QUARTER)
    both = (both & 0x0F0F0F0F) + ((both >> 4) & 0x0F0F0F0F)
    return ((both * 0x01010101) >> 24) & 0xFF


@njit(cache=True, forceinline=True)
def total(rows, word, shift):
    """Open tile and closed ones of a window together."""
    if shift == 0:
        return rows[word]
    return rows[word] + rows[word + shift]


@njit(cache=True)
def entropy(rows, word, shift):
    """Of the shares of the 16 bins, in nats; NaN when they are empty."""
    n = 0
    for k in range(BINS):
        n += total(rows, word + np.uint64(k), shift)
    if n <= 0:
        return np.nan
    heard = 0.0
    for k in range(BINS):
        count = float(total(rows, word + np.uint64(k), shift))
        if count > 0.0:
            heard += count * log(count)
    return max(0.0, log(float(n)) - heard / float(n))


@njit(cache=True)
def spread(n, s, high, low):
    """Standard deviation of n > 0 numbers from their sum and the two limbs of the sum of their squares."""
    squares = float(high) * 4294967296.0 + float(low)
    count = float(n)
    total_of = float(s)
    return sqrt(max(0.0, count * squares - total_of * total_of) / (count * count))


@njit(cache=True, forceinline=True)
def most(rows, word, shift):
    """The maximum over open tile and closed ones."""
    if shift == 0:
        return rows[word]
    return max(rows[word], rows[word + shift])


@njit(cache=True, forceinline=True)
def write_sums(rows, r, values, first, end, out, i):
    """Values that are a sum, 0 when nothing took part."""
    for v in range(first, end):
        out[i, values[v, V_COLUMN]] = np.float32(float(total(rows, r + values[v, V_WORD], values[v, V_SHIFT])))


@njit(cache=True, forceinline=True)
def write_means(rows, r, values, first, end, divide, out, i):
    """Values that are a sum where something took part; with divide = 1, a mean."""
    for v in range(first, end):
        n = total(rows, r + values[v, V_COUNT], values[v, V_COUNT_SHIFT])
        x = 0.0 if values[v, V_ZERO] == 1 else np.nan
        if n > 0:
            x = float(total(rows, r + values[v, V_WORD], values[v, V_SHIFT]))
            if divide == 1:
                x = x / float(n)
        out[i, values[v, V_COLUMN]] = np.float32(x)


@njit(cache=True, forceinline=True)
def write_distinct(rows, r, values, first, end, out, i):
    """Values that estimate how many different ones were seen from the bits that they set."""
    for v in range(first, end):
        word = r + values[v, V_WORD]
        seen = rows[word]
        if values[v, V_SHIFT] != 0:
            seen |= rows[word + values[v, V_SHIFT]]
        x = DISTINCT[bits_set(seen)]
        if seen == 0 and values[v, V_ZERO] == 0:
            x = np.float32(np.nan)
        out[i, values[v, V_COLUMN]] = x


@njit(cache=True, forceinline=True)
def write_extremes(rows, r, now, values, first, end, read, out, i):
    """Values that come from a maximum: max, last, min (of negated ones), seconds since the latest and since the first."""
    for v in range(first, end):
        x = 0.0 if values[v, V_ZERO] == 1 else np.nan
        found = most(rows, r + values[v, V_WORD], values[v, V_SHIFT])
        if found != LEAST:
            if read == R_MAX:
                x = float(found)
            elif read == R_MIN:
                x = -float(found)
            elif read == R_SINCE:
                x = float(now - found) / 1e6
            else:
                x = float(now + found) / 1e6
        out[i, values[v, V_COLUMN]] = np.float32(x)


@njit(cache=True)
def write_shapes(rows, r, values, first, end, read, out, i):
    """Standard deviations and entropies."""
    for v in range(first, end):
        x = np.nan
        word = r + values[v, V_WORD]
        shift = values[v, V_SHIFT]
        if read == R_STD:
            n = total(rows, r + values[v, V_COUNT], values[v, V_COUNT_SHIFT])
            if n > 0:
                high = r + values[v, V_HIGH]
                x = spread(n, total(rows, word, shift), total(rows, high, shift), total(rows, high + ONE, shift))
        else:
            x = entropy(rows, word, shift)
        if x != x and values[v, V_ZERO] == 1:
            x = 0.0
        out[i, values[v, V_COLUMN]] = np.float32(x)


@njit(cache=True, forceinline=True)
def read_values(rows, r, now, sections, first, end, values, out, i):
    """Write the values of sections first … end, of the row at r, into out[i] of float32[n, V]; NaN or 0 where nothing took part."""
    at = np.uint64(r)
    for x in range(first, end):
        read = sections[x, X_READ]
        start = np.uint64(sections[x, X_FROM])
        stop = np.uint64(sections[x, X_TO])
        if read == R_SUM:
            write_sums(rows, at, values, start, stop, out, i)
        elif read == R_MEAN or read == R_SUM_OF_SOME:
            write_means(rows, at, values, start, stop, 1 if read == R_MEAN else 0, out, i)
        elif read == R_DISTINCT:
            write_distinct(rows, at, values, start, stop, out, i)
        elif read == R_STD or read == R_ENTROPY:
            write_shapes(rows, at, values, start, stop, read, out, i)
        else:
            write_extremes(rows, at, now, values, start, stop, read, out, i)


@njit(cache=True, forceinline=True)
def operand(place, events, i, out):
    """A number of event i or a value of it read before, as float64; NaN when missing."""
    if place >= 0:
        return float(out[i, place])
    if events[i, -1 - place] == LEAST:
        return np.nan
    return float(events[i, -1 - place])


@njit(cache=True, forceinline=True)
def read_ratios(events, i, ratios, ratio_numbers, out):
    """Write the ratios of event i into out float32[n, V], in their order; ratio_numbers float64[R, 3]: prior, weight, support."""
    for q in range(ratios.shape[0]):
        prior = ratio_numbers[q, 0]
        weight = ratio_numbers[q, 1]
        over = operand(ratios[q, Q_OVER], events, i, out)
        under = operand(ratios[q, Q_UNDER], events, i, out)
        if ratios[q, Q_LESS] != NOTHING:
            under = under - operand(ratios[q, Q_LESS], events, i, out)
        under = under + weight
        x = np.nan
        if under != 0.0:
            x = (over + weight * prior) / under
        if ratios[q, Q_SUPPORT] != NOTHING:
            if not operand(ratios[q, Q_SUPPORT], events, i, out) >= ratio_numbers[q, 2]:
                x = np.nan
        out[i, ratios[q, Q_COLUMN]] = np.float32(x)
