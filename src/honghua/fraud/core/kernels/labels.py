"""What is known of an entity's frauds so far: labels arrive late and count only from then; ages run from the event they are about."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from honghua.fraud.core.kernels.layout import (
    CLEAR_AT,
    DECAYED_AT,
    EMA_FAST,
    EMA_SLOW,
    FRAUD_AT,
    FRAUD_LA,
    FRAUDS,
    G_LABEL_AT,
    G_RATE,
    KNOWN,
    L_AMOUNT,
    L_CLEAR_AGE,
    L_FAST,
    L_FRAUD_AGE,
    L_KNOWN,
    L_NEAR,
    L_RATE,
    L_SLOW,
    L_STREAK,
    L_STREAK_AGE,
    NEAR,
    SEEN,
    STREAK,
    STREAK_AT,
)

DAY = 86_400_000_000.0
HALF_LIFE = 14 * DAY
PRIOR = 2.0  # labels: how many of the population's an entity begins with
FOLLOW_FAST, FOLLOW_SLOW, FOLLOW_ALL, FOLLOW_NEAR = 0.3, 0.06, 0.001, 0.2


@njit(cache=True, inline="always")
def faded(then, now):
    """What is left of a count after a while."""
    return math.exp(-0.6931471805599453 * max(now - then, 0.0) / HALF_LIFE)


@njit(cache=True)
def read_labels(memory, row, at, la, rate, out):
    """Late knowledge of one entity: out float32[LABEL_VALUES]; rate = the population's fraud rate so far.  About 30 ns."""
    out[:] = np.nan
    left = faded(memory[row, DECAYED_AT], at)
    out[L_RATE] = (memory[row, FRAUDS] * left + PRIOR * rate) / (memory[row, KNOWN] * left + PRIOR)
    out[L_KNOWN] = memory[row, KNOWN] * left
    if memory[row, KNOWN] > 0:
        out[L_FAST] = memory[row, EMA_FAST]
        out[L_SLOW] = memory[row, EMA_SLOW]
        out[L_STREAK] = memory[row, STREAK]
        out[L_FRAUD_AGE] = (at - memory[row, FRAUD_AT]) / DAY
        out[L_CLEAR_AGE] = (at - memory[row, CLEAR_AT]) / DAY
        out[L_STREAK_AGE] = (at - memory[row, STREAK_AT]) / DAY
        out[L_AMOUNT] = la - memory[row, FRAUD_LA]
    if memory[row, SEEN] > 0:
        out[L_NEAR] = memory[row, NEAR]


@njit(cache=True)
def learn_label(memory, row, origin, la, fraud, rate):
    """A label has arrived: fraud 1.0 or 0.0, about an event of `origin` with log amount `la`."""
    left = faded(memory[row, DECAYED_AT], origin)
    first = memory[row, KNOWN] == 0
    memory[row, FRAUDS] = memory[row, FRAUDS] * left + fraud
    memory[row, KNOWN] = memory[row, KNOWN] * left + 1.0
    memory[row, DECAYED_AT] = max(origin, memory[row, DECAYED_AT])
    if first:
        memory[row, EMA_FAST] = rate
        memory[row, EMA_SLOW] = rate
    memory[row, EMA_FAST] += FOLLOW_FAST * (fraud - memory[row, EMA_FAST])
    memory[row, EMA_SLOW] += FOLLOW_SLOW * (fraud - memory[row, EMA_SLOW])
    if fraud > 0:
        if not memory[row, STREAK] > 0:
            memory[row, STREAK_AT] = origin
            memory[row, STREAK] = 0.0
        memory[row, STREAK] += 1.0
        memory[row, FRAUD_AT] = origin
        known = memory[row, FRAUD_LA]
        memory[row, FRAUD_LA] = la if math.isnan(known) else known + FOLLOW_FAST * (la - known)
    else:
        memory[row, STREAK] = min(memory[row, STREAK], 0.0) - 1.0
        memory[row, CLEAR_AT] = origin


@njit(cache=True)
def learn_near(memory, row, risk):
    """The risk of whom the entity dealt with: a mean that follows the last five or so."""
    if memory[row, SEEN] == 0:
        memory[row, NEAR] = risk
    else:
        memory[row, NEAR] += FOLLOW_NEAR * (risk - memory[row, NEAR])


@njit(cache=True)
def learn_rate(everybody, at, fraud):
    """The population's fraud rate follows the last thousand labels; the newest arrival is kept: stale labels mean another model."""
    everybody[G_RATE] += FOLLOW_ALL * (fraud - everybody[G_RATE])
    everybody[G_LABEL_AT] = at
