"""Folds of a key's events, newest first, with a stop at the beginning of every window: all windows and aggregates in one pass.

The arithmetic is that of the live store (features.core.kernels.reading), in the same order, so that the same name has the same bits.
Cost sketch: 2 … 5 ns an event that a row sees, and 2 ns a value written.
"""

from __future__ import annotations

from math import log

import numpy as np
from numba import njit

from honghua.features.api import BINS, BIT, DISTINCT, SQUARE_HIGH, SQUARE_LOW, SUM, bits_set, gain_of, scatter, spread

# What a fold can tell, in the order of the columns of `places`.
COUNT, TOTAL, MEAN, MOST, LEAST_OF, SPREAD, DIFFERENT, VARIETY, LATEST, SINCE, FIRST, AGGREGATES = range(12)
ALWAYS = -(2**63)  # the beginning of "ever"


@njit(cache=True, nogil=True)
def fold(at, value, begin, end, as_of, hops, tiles, places, out):
    """Write what `places` asks for into out float32[columns, rows].

    at int64[m] times and value int64[m] values of the events that take part, those of a key side by side and rising in time;
    begin, end int64[n] the events of each row's key that it may see; as_of int64[n];
    hops, tiles int64[w] windows from the shortest to the longest (hop 0 = ever);
    places int32[w, AGGREGATES] the column of out for each, -1 = not asked. A row with begin < 0 has an absent key and gets NaN.
    """
    squares = (places[:, SPREAD] >= 0).any()
    hashed = (places[:, DIFFERENT] >= 0).any()
    binned = (places[:, VARIETY] >= 0).any()
    bins = np.zeros(BINS, np.int64)
    for r in range(len(begin)):
        i = end[r] - 1
        count = total = held = high = low = bits = 0
        most, least = np.int64(0), np.int64(0)
        bins[:] = 0
        for w in range(len(hops)):
            start = ALWAYS
            if hops[w] > 0:
                start = (as_of[r] // hops[w] - tiles[w]) * hops[w]
            while begin[r] >= 0 and i >= begin[r] and at[i] >= start:
                v = value[i]
                most = v if count == 0 else max(most, v)
                least = v if count == 0 else min(least, v)
                count += 1
                total += v
                if squares:
                    held += gain_of(SUM, 1, v)
                    high += gain_of(SQUARE_HIGH, 0, v)
                    low += gain_of(SQUARE_LOW, 0, v)
                if hashed:
                    bits |= gain_of(BIT, 0, v)
                if binned:
                    bins[scatter(v) & (BINS - 1)] += 1
                i -= 1
            for a in range(AGGREGATES):
                column = places[w, a]
                if column < 0:
                    continue
                x = np.nan
                if begin[r] < 0:
                    x = np.nan
                elif a == COUNT:
                    x = float(count)
                elif a == TOTAL:
                    x = float(total)
                elif a == DIFFERENT:
                    x = float(DISTINCT[bits_set(bits)])
                elif count > 0:
                    if a == MEAN:
                        x = float(total) / float(count)
                    elif a == MOST:
                        x = float(most)
                    elif a == LEAST_OF:
                        x = float(least)
                    elif a == SPREAD:
                        x = spread(count, held, high, low)
                    elif a == VARIETY:
                        x = variety(bins, count)
                    elif a == LATEST:
                        x = float(value[end[r] - 1])
                    elif a == SINCE:
                        x = float(as_of[r] - at[end[r] - 1]) / 1e6
                    else:
                        x = float(as_of[r] - at[begin[r]]) / 1e6
                out[column, r] = np.float32(x)


@njit(cache=True)
def variety(bins, count):
    """Entropy of the shares of the 16 bins, in nats; count > 0."""
    heard = 0.0
    for k in range(BINS):
        held = float(bins[k])
        if held > 0.0:
            heard += held * log(held)
    return max(0.0, log(float(count)) - heard / float(count))


@njit(cache=True, nogil=True)
def fold_counts(at, begin, end, as_of, hops, tiles, columns, out):
    """Counts alone, by bisection: out float32[columns, rows] for windows hops, tiles int64[w] and columns int32[w] (−1 = not asked)."""
    for r in range(len(begin)):
        for w in range(len(hops)):
            if columns[w] < 0:
                continue
            if begin[r] < 0:
                out[columns[w], r] = np.nan
                continue
            low = begin[r]
            if hops[w] > 0:
                start = (as_of[r] // hops[w] - tiles[w]) * hops[w]
                high = end[r]
                while low < high:
                    middle = (low + high) // 2
                    if at[middle] < start:
                        low = middle + 1
                    else:
                        high = middle
            out[columns[w], r] = np.float32(float(end[r] - low))


@njit(cache=True, nogil=True)
def find_ends(seq, begin, stop, bound, out):
    """out int64[n]: behind the last event of seq[begin … stop] whose number in the stream is below bound, for each row."""
    for r in range(len(begin)):
        low = begin[r]
        high = stop[r]
        while low < high:
            middle = (low + high) // 2
            if seq[middle] < bound[r]:
                low = middle + 1
            else:
                high = middle
        out[r] = low


@njit(cache=True, nogil=True)
def fill_bins(x, who, bins, good, bad):
    """Count who = 1 into bad[0 … bins − 1] and who = 0 into good, by bins of x float32[m] with as equal numbers as ties allow."""
    if len(x) == 0 or x.min() == x.max():
        for i in range(len(x)):
            bad[0] += who[i]
            good[0] += 1 - who[i]
        return
    order = np.argsort(x)
    last = taken = 0
    for place in range(len(x)):
        i = order[place]
        if place > 0 and x[i] != x[order[place - 1]] and taken * bins >= len(x) and last < bins - 1:
            last += 1
            taken = 0
        taken += 1
        bad[last] += who[i]
        good[last] += 1 - who[i]


@njit(cache=True, nogil=True)
def information_values(columns, target, bins, out, used, trend):
    """Information value of each column: sum over bins of (share of yes − share of no) × ln(share of yes / share of no), smoothed by ½.

    columns float32[V, n], NaN = missing, a bin of its own; target uint8[n]; bins: of equal numbers of rows, ties never parted;
    out float64[V] the values, used int64[V] how many bins held rows, trend float64[V] covariance of the rate with the order of the bins.
    Cost sketch: a sort a column, n log n.  Source: Siddiqi, Credit Risk Scorecards (2006), ch. 6.
    """
    v_count, n = columns.shape
    yes = 0
    for i in range(n):
        yes += target[i]
    no = n - yes
    good, bad, x = np.zeros(bins + 1), np.zeros(bins + 1), np.zeros(n, np.float32)
    who = np.zeros(n, np.uint8)
    for v in range(v_count):
        good[:] = 0.0
        bad[:] = 0.0
        known = 0
        for i in range(n):
            if columns[v, i] == columns[v, i]:
                x[known] = columns[v, i]
                who[known] = target[i]
                known += 1
            elif target[i] == 1:
                bad[bins] += 1.0
            else:
                good[bins] += 1.0
        fill_bins(x[:known], who, bins, good, bad)
        filled = 0
        for b in range(bins + 1):
            filled += good[b] + bad[b] > 0
        total, rising, seen = 0.0, 0.0, 0.0
        for b in range(bins + 1):
            rows = good[b] + bad[b]
            if rows > 0:
                p = (bad[b] + 0.5) / (yes + 0.5 * filled)
                q = (good[b] + 0.5) / (no + 0.5 * filled)
                total += (p - q) * np.log(p / q)
            if b < bins:
                rising += (bad[b] - rows * yes / n) * (seen + rows / 2)
                seen += rows
        out[v] = total
        used[v] = filled
        trend[v] = rising


__all__ = ["AGGREGATES", "find_ends", "fold", "fold_counts", "information_values"]
