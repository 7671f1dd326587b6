"""The bureau simulator's loops: find a person among ten million, and add up what all lenders say of them.

Cost sketch: 24 steps of a binary search (the last ones miss the cache: 24 × 0.1 µs) and some three accounts of 32 bytes.
"""

from __future__ import annotations

from numba import njit

(
    X_LENDERS, X_ACCOUNTS, X_LIMIT, X_BALANCE, X_DUE, X_OVERDUE_ACCOUNTS, X_OVERDUE, X_WORST_STATUS, X_WORST_CLASS, X_INQUIRIES_90D,
    X_INQUIRIES_6M,
) = range(11)  # fmt: skip
FIGURES = 11
RING = 8  # inquiries remembered of one person
DAYS_90 = 90
DAYS_6M = 182


@njit(cache=True)
def find_person(keys, key):
    """Where `key` stands in the sorted uint64[n] `keys`; −1 when it does not."""
    low = 0
    high = len(keys)
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low if low < len(keys) and keys[low] == key else -1


@njit(cache=True)
def worst_of(early, late):
    """The worst of 24 months of 4 bits: early uint64 (16 months), late uint32 (8). Codes 1 … 7 are lateness, all others are not."""
    worst = 0
    for k in range(16):
        code = (early >> (4 * k)) & 15
        if code <= 7 and code > worst:
            worst = code
    for k in range(8):
        code = (late >> (4 * k)) & 15
        if code <= 7 and code > worst:
            worst = code
    return worst


@njit(cache=True)
def sum_up_person(place, starts, lenders, amounts, classes, early, late, out):
    """Figures of the person at `place` into out int64[FIGURES], without the inquiries.

    starts uint32[n + 1]: where accounts begin; lenders uint16[m]; amounts uint32[m, 4] = limit, balance, due, overdue in whole yuan;
    classes uint8[m]; early uint64[m] and late uint32[m]: 24 months. A lender counts once: at most 64 accounts of one person are compared.
    """
    for k in range(FIGURES):
        out[k] = 0
    out[X_WORST_CLASS] = 1
    first = starts[place]
    end = starts[place + 1]
    for a in range(first, end):
        is_new = True
        for b in range(max(first, a - 64), a):
            if lenders[b] == lenders[a]:
                is_new = False
                break
        if is_new:
            out[X_LENDERS] += 1
        out[X_ACCOUNTS] += 1
        out[X_LIMIT] += 100 * amounts[a, 0]
        out[X_BALANCE] += 100 * amounts[a, 1]
        out[X_DUE] += 100 * amounts[a, 2]
        if amounts[a, 3] > 0:
            out[X_OVERDUE_ACCOUNTS] += 1
            out[X_OVERDUE] += 100 * amounts[a, 3]
        out[X_WORST_STATUS] = max(out[X_WORST_STATUS], worst_of(early[a], late[a]))
        out[X_WORST_CLASS] = max(out[X_WORST_CLASS], classes[a])


@njit(cache=True)
def count_inquiries(place, rings, counts, day, out):
    """Inquiries of the last 90 days and six months into out, then remember this one.

    rings uint16[n, RING]: day numbers less 18000 of the last ones; counts uint8[n]: how many were ever written, 255 = many.
    """
    for k in range(min(counts[place], RING)):
        age = day - 18000 - rings[place, k]
        if age < DAYS_90:
            out[X_INQUIRIES_90D] += 1
        if age < DAYS_6M:
            out[X_INQUIRIES_6M] += 1
    slot = counts[place] % RING
    rings[place, slot] = day - 18000
    if counts[place] == 255:
        counts[place] = 255 - (255 - RING) // RING * RING
    else:
        counts[place] += 1
