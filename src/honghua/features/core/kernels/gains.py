"""What one event adds to the accumulators of a key."""

from __future__ import annotations

import numpy as np
from numba import njit

from honghua.features.core.kernels.rows import scatter
from honghua.features.core.layout import (
    A_BIN,
    A_COLUMN,
    A_FILTER,
    A_NONE,
    A_REVERSE,
    A_SPOTS,
    A_SPOTS_END,
    A_WHAT,
    BIN,
    BINS,
    BIT,
    BITS,
    C_COLUMN,
    C_CONSTANT,
    C_OP,
    COUNT,
    F_FROM,
    F_TO,
    LAST,
    LEAST,
    MAX,
    MIN,
    ROOT,
    SQUARE_HIGH,
    SQUARE_LOW,
    SUM,
)

LOW = 0xFFFFFFFF
KIND = 1
ASKED = 62  # features.core.ASKED


@njit(cache=True, forceinline=True)
def mark(events, i, conditions, filters):
    """Bit f = filter f holds for event i of int64[n, C]. A missing number (LEAST) fails every condition; a row that asks, all."""
    marks = 0
    if events[i, KIND] == ASKED:
        return marks
    for f in range(filters.shape[0]):
        holds = True
        for c in range(filters[f, F_FROM], filters[f, F_TO]):
            value = events[i, conditions[c, C_COLUMN]]
            wanted = conditions[c, C_CONSTANT]
            op = conditions[c, C_OP]
            if value == LEAST:
                holds = False
            elif op == 0:
                holds = value == wanted
            elif op == 1:
                holds = value != wanted
            elif op == 2:
                holds = value < wanted
            elif op == 3:
                holds = value <= wanted
            elif op == 4:
                holds = value > wanted
            elif op == 5:
                holds = value >= wanted
            else:
                holds = value % wanted == 0
            if not holds:
                break
        if holds:
            marks |= 1 << f
    return marks


@njit(cache=True, forceinline=True)
def held(value):
    """A value whose square fits an int64."""
    return min(max(value, -ROOT), ROOT)


@njit(cache=True, forceinline=True)
def gain_of(what, part, value):
    """What one value adds to an accumulator; for BIN 1 or 0."""
    if what == COUNT:
        return 1
    if what == SUM:
        return held(value) if part == 1 else value
    if what == MAX or what == LAST:
        return value
    if what == MIN:
        return -value
    if what == BIT:
        return BITS[scatter(value) & 63]
    if what == SQUARE_HIGH:
        return held(value) * held(value) >> 32
    if what == SQUARE_LOW:
        return held(value) * held(value) & LOW
    return 1 if scatter(value) & (BINS - 1) == part else 0


@njit(cache=True, forceinline=True)
def add_event(events, i, marks, accs, first, end, spots, rows, r):
    """Add event i to the open tiles of the row at r: each accumulator that it touches, at each of its words."""
    place = np.uint64(r)
    for a in range(first, end):
        if not (marks >> accs[a, A_FILTER]) & 1:
            continue
        value = events[i, accs[a, A_COLUMN]]
        if value == accs[a, A_NONE]:
            continue
        what = accs[a, A_WHAT]
        start = np.uint64(accs[a, A_SPOTS])
        stop = np.uint64(accs[a, A_SPOTS_END])
        if what == BIN:
            if start < stop:  # the first bin knows the words of all
                at = np.uint64(r + (scatter(value) & (BINS - 1)))
                for s in range(start, stop):
                    rows[at + spots[s]] += 1
            continue
        gain = gain_of(what, accs[a, A_BIN], value)
        if what < BIN:
            for s in range(start, stop):
                rows[place + spots[s]] += gain
        elif what < BIT:
            for s in range(start, stop):
                rows[place + spots[s]] = max(rows[place + spots[s]], gain)
        elif what == BIT:
            for s in range(start, stop):
                rows[place + spots[s]] |= gain
        else:
            for s in range(start, stop):
                rows[place + spots[s]] = gain


@njit(cache=True)
def gather_gains(events, i, marks, accs, first, end, gains, back):
    """Write gains[0 : end - first], where an event belongs to another tile than the open one; False when it adds nothing.

    Nothing gained = 0, for maxima and lasts LEAST. back = 1: what a refund takes back, as gains below 0, by A_REVERSE.
    """
    some = False
    for a in range(first, end):
        what = accs[a, A_WHAT]
        gain = 0
        if what == MAX or what == MIN or what == LAST:
            gain = LEAST
        chosen = accs[a, A_REVERSE] if back == 1 else accs[a, A_FILTER]
        value = events[i, accs[a, A_COLUMN]]
        if chosen >= 0 and (marks >> chosen) & 1 and value != accs[a, A_NONE]:
            some = True
            gain = gain_of(what, accs[a, A_BIN], value)
            if back == 1:
                gain = -gain
        gains[a - first] = gain
    return some
