"""An entity's own habits: amounts, gaps, rhythm, hours. Read before the event is learnt, so a value compares with the past only."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from honghua.fraud.core.kernels.layout import (
    CREDIT,
    DAY,
    EQUAL,
    FAST,
    G_HOURS,
    GAP_MEAN,
    GAP_VAR,
    HOUR_BINS,
    HOURS,
    LA_MAX,
    LA_MEAN,
    LA_VAR,
    LAST_AMOUNT,
    LAST_AT,
    NEW,
    ODD,
    R_BURST,
    R_CREDIT,
    R_EQUAL,
    R_FAST,
    R_GAP,
    R_GAP_Z,
    R_HOUR,
    R_NEW,
    R_ODD,
    R_OVER_MAX,
    R_RATIO,
    R_REFUNDS,
    R_ROUND,
    R_SEEN,
    R_SPREAD,
    R_SURGE,
    R_Z,
    REFUNDS,
    ROUND,
    SEEN,
    SLOW,
)

SECOND = 1_000_000.0
TAU_FAST, TAU_DAY, TAU_SLOW = 3600 * SECOND, 86400 * SECOND, 30 * 86400 * SECOND
VAR_FLOOR = 0.05  # of log amounts: 22 % is nobody's surprise
GAP_FLOOR = 0.5
HOUR_PRIOR = 4.0  # events: how many of the population's hours an entity begins with
HOUR_DECAY = 0.98
SLOWEST = 0.03  # a mean never weighs the newest event less: it follows the last thirty or so


@njit(cache=True, inline="always")
def share_of_new(seen):
    """The weight of the next value in a running mean: an average at first, then a slow follower."""
    return max(1.0 / (seen + 1.0), SLOWEST)


@njit(cache=True)
def hour_surprise(memory, row, everybody, bin_):
    """How unusual this part of the day is for the entity, −log of its smoothed share; NaN while nothing is known."""
    total, known = 0.0, 0.0
    for b in range(HOUR_BINS):
        total += everybody[G_HOURS + b]
        known += memory[row, HOURS + b]
    share = (everybody[G_HOURS + bin_] + 1.0) / (total + HOUR_BINS)
    return -math.log((memory[row, HOURS + bin_] + HOUR_PRIOR * share) / (known + HOUR_PRIOR))


@njit(cache=True)
def read_habits(memory, row, at, la, amount, bin_, everybody, out):
    """What one event means to one entity, before it is learnt: out float32[HABIT_VALUES].  About 60 ns.

    at float64 microseconds; la = log(1 + amount); bin_ −1 = hour unknown. An entity never seen gives NaN except for its counts.
    """
    seen = memory[row, SEEN]
    out[:] = np.nan
    out[R_SEEN] = seen
    decay_fast = decay_day = decay_slow = 0.0
    if seen > 0:
        gap = max(at - memory[row, LAST_AT], 0.0)
        decay_fast, decay_day, decay_slow = (
            math.exp(-gap / TAU_FAST),
            math.exp(-gap / TAU_DAY),
            math.exp(-gap / TAU_SLOW),
        )
        lg = math.log1p(gap / SECOND)
        out[R_GAP] = lg
        out[R_RATIO] = la - memory[row, LA_MEAN]
        out[R_OVER_MAX] = la - memory[row, LA_MAX]
        if seen > 1:
            out[R_Z] = (la - memory[row, LA_MEAN]) / math.sqrt(memory[row, LA_VAR] + VAR_FLOOR)
            out[R_GAP_Z] = (lg - memory[row, GAP_MEAN]) / math.sqrt(memory[row, GAP_VAR] + GAP_FLOOR)
            out[R_SPREAD] = math.sqrt(memory[row, LA_VAR])
        out[R_EQUAL] = memory[row, EQUAL] + 1.0 if amount == memory[row, LAST_AMOUNT] else 0.0
        out[R_ROUND] = memory[row, ROUND]
        out[R_NEW] = memory[row, NEW]
        out[R_ODD] = memory[row, ODD]
        out[R_REFUNDS] = memory[row, REFUNDS] * decay_slow / (memory[row, SLOW] * decay_slow + 1.0)
        out[R_CREDIT] = memory[row, CREDIT]
    fast, day = memory[row, FAST] * decay_fast + 1.0, memory[row, DAY] * decay_day + 1.0
    slow = memory[row, SLOW] * decay_slow + 1.0
    out[R_FAST] = fast
    out[R_BURST] = math.log((fast + 1.0) / (day * (TAU_FAST / TAU_DAY) + 1.0))
    out[R_SURGE] = math.log((day + 1.0) / (slow * (TAU_DAY / TAU_SLOW) + 1.0))
    if bin_ >= 0:
        out[R_HOUR] = hour_surprise(memory, row, everybody, bin_)


@njit(cache=True)
def learn_habits(memory, row, at, la, amount, bin_, round_, credit, newcomer, oddness):
    """The event becomes part of the entity's habits. newcomer: a counterpart is new; oddness: their surprise or NaN."""
    seen = memory[row, SEEN]
    weight = share_of_new(seen)
    if seen > 0:
        gap = max(at - memory[row, LAST_AT], 0.0)
        memory[row, FAST] *= math.exp(-gap / TAU_FAST)
        memory[row, DAY] *= math.exp(-gap / TAU_DAY)
        memory[row, SLOW] *= math.exp(-gap / TAU_SLOW)
        memory[row, REFUNDS] *= math.exp(-gap / TAU_SLOW)
        lg = math.log1p(gap / SECOND)
        step = share_of_new(seen - 1)
        diff = lg - memory[row, GAP_MEAN]
        memory[row, GAP_MEAN] += step * diff
        memory[row, GAP_VAR] = (1.0 - step) * (memory[row, GAP_VAR] + step * diff * diff)
        memory[row, EQUAL] = memory[row, EQUAL] + 1.0 if amount == memory[row, LAST_AMOUNT] else 0.0
        memory[row, LA_MAX] = max(memory[row, LA_MAX], la)
    else:
        memory[row, LA_MAX] = la
    memory[row, FAST] += 1.0
    memory[row, DAY] += 1.0
    memory[row, SLOW] += 1.0
    diff = la - memory[row, LA_MEAN]
    memory[row, LA_MEAN] += weight * diff
    memory[row, LA_VAR] = (1.0 - weight) * (memory[row, LA_VAR] + weight * diff * diff)
    memory[row, ROUND] += weight * (round_ - memory[row, ROUND])
    memory[row, NEW] += weight * (newcomer - memory[row, NEW])
    if not math.isnan(oddness):
        memory[row, ODD] += weight * (oddness - memory[row, ODD])
    memory[row, CREDIT] += weight * (credit - memory[row, CREDIT])
    memory[row, LAST_AMOUNT] = amount
    if bin_ >= 0:
        for b in range(HOUR_BINS):
            memory[row, HOURS + b] *= HOUR_DECAY
        memory[row, HOURS + bin_] += 1.0


@njit(cache=True)
def learn_seen(memory, row, at):
    """The entity was seen; comes last, since all else asks when it was before."""
    memory[row, LAST_AT] = max(at, memory[row, LAST_AT]) if memory[row, SEEN] > 0 else at
    memory[row, SEEN] += 1.0
