"""Trails: what was odd about the events of a shop, device, address, payee or customer lately, whoever was behind them.

An oddity is 0 … 1 and told of one event: most of what is left is drained, the customer is fresh, the device is new to an old customer.
One alone is ordinary life; the same shop or payee in many of them is not. Nothing here is learnt from labels.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from honghua.fraud.core.kernels.layout import (
    E_CREDIT,
    E_OF_AVAILABLE,
    E_ROUND,
    E_UNDER,
    LAST_AT,
    O_ADDRESS,
    O_ALL,
    O_BIG,
    O_BURST,
    O_COMPANY,
    O_DEVICE,
    O_DRAIN,
    O_FRESH,
    O_HOUR,
    O_MERCHANT,
    O_PAYEE,
    O_REFUND,
    O_ROUND,
    O_SERIES,
    O_UNDER,
    ODDITIES,
    R_HOUR,
    R_SURGE,
    R_Z,
    S_ADDRESS,
    S_AGE,
    S_DEVICE,
    S_MERCHANT,
    S_PAYEE,
    S_REFUNDS,
    S_SERIES,
    SEEN,
    TRAIL_LONG,
    TRAIL_SHORT,
    TRAILS_KEPT,
)

DAY = 86_400_000_000.0
TAU_SHORT, TAU_LONG = 2 * DAY, 10 * DAY
FRESH_S = 7 * 86_400.0
KNOWN_EVENTS = 5.0  # before that everything about a customer is new
UNDER_SHARE = 0.12
PRIOR = 1.0  # events without any oddity that an entity begins with


@njit(cache=True, inline="always")
def part(value, low, high):
    """Where a value stands between low and high, 0 … 1; 0 when missing."""
    if not value > low:
        return 0.0
    return min((value - low) / (high - low), 1.0)


@njit(cache=True)
def tell_oddities(event_values, signs, habits, seen, odd):
    """The oddities of one event into odd float64[ODDITIES], without those that need its things' memory.

    event_values float32[EVENT_VALUES]; signs float32[SIGNS]; habits float32[HABIT_VALUES] of the customer; seen: the customer's events.
    """
    odd[:] = 0.0
    if not event_values[E_CREDIT] <= 0:
        odd[O_DRAIN] = part(event_values[E_OF_AVAILABLE], 0.0, 1.0)
    odd[O_BIG] = part(habits[R_Z], 1.0, 4.0)
    odd[O_HOUR] = part(habits[R_HOUR], 2.0, 5.0)
    odd[O_FRESH] = 1.0 if signs[S_AGE] < FRESH_S else 0.0
    if seen >= KNOWN_EVENTS:
        odd[O_DEVICE] = part(signs[S_DEVICE], 0.0, 1.0)
        odd[O_ADDRESS] = part(signs[S_ADDRESS], 0.0, 1.0)
        odd[O_PAYEE] = part(signs[S_PAYEE], 0.0, 1.0)
        odd[O_MERCHANT] = part(signs[S_MERCHANT], 0.0, 1.0)
    odd[O_UNDER] = 1.0 if event_values[E_UNDER] <= UNDER_SHARE else 0.0
    odd[O_ROUND] = part(event_values[E_ROUND], 2.0, 4.0)
    odd[O_SERIES] = part(signs[S_SERIES], 1.0, 4.0)
    odd[O_REFUND] = part(signs[S_REFUNDS], 0.0, 3.0)
    odd[O_ALL] = (
        2 * odd[O_DRAIN] * odd[O_DRAIN] + odd[O_BIG] + odd[O_FRESH] + odd[O_DEVICE] + 0.5 * (odd[O_ADDRESS] + odd[O_PAYEE])
        + 0.3 * (odd[O_MERCHANT] + odd[O_UNDER] + odd[O_ROUND] + odd[O_HOUR]) + odd[O_SERIES] + odd[O_REFUND]
    ) / 4.0  # fmt: skip


@njit(cache=True)
def read_trail(memory, row, at, odd, out):
    """Fading sums over two days with the event itself, and means over ten days before it: out float32[2 * ODDITIES].  About 40 ns."""
    short = long = 0.0
    if memory[row, SEEN] > 0:
        gap = max(at - memory[row, LAST_AT], 0.0)
        short, long = math.exp(-gap / TAU_SHORT), math.exp(-gap / TAU_LONG)
    under = memory[row, TRAIL_LONG + ODDITIES] * long + PRIOR
    for j in range(ODDITIES):
        out[j] = memory[row, TRAIL_SHORT + j] * short + odd[j]
        out[ODDITIES + j] = memory[row, TRAIL_LONG + j] * long / under


@njit(cache=True)
def tell_company(trails, habits, kept, customer, odd, theirs):
    """Oddities that run through the links: odd (for the things) from the customer's trail, theirs (for the customer) from the things'.

    trails float32[E, 2 * ODDITIES], habits float32[E, …]; kept int64[E]: parts that are kept; customer: place of the customer or −1;
    theirs float64[2]: burst, company.
    """
    theirs[:] = 0.0
    for e in range(trails.shape[0]):
        if e == customer or kept[e] & TRAILS_KEPT == 0 or math.isnan(trails[e, 0]):
            continue
        theirs[0] = max(theirs[0], part(habits[e, R_SURGE], 0.5, 3.0))
        theirs[1] = max(theirs[1], float(trails[e, ODDITIES + O_ALL]))
    odd[O_BURST] = odd[O_COMPANY] = 0.0
    if customer >= 0 and kept[customer] & TRAILS_KEPT and not math.isnan(trails[customer, 0]):
        odd[O_BURST] = float(trails[customer, ODDITIES + O_BURST])
        odd[O_COMPANY] = float(trails[customer, ODDITIES + O_COMPANY])


@njit(cache=True)
def learn_trail(memory, row, at, odd, burst, company):
    """The event's oddities become part of the entity's trail; before its habits are learnt, since they move LAST_AT."""
    short = long = 0.0
    if memory[row, SEEN] > 0:
        gap = max(at - memory[row, LAST_AT], 0.0)
        short, long = math.exp(-gap / TAU_SHORT), math.exp(-gap / TAU_LONG)
    for j in range(ODDITIES):
        value = odd[j]
        if j == O_BURST:
            value = burst
        if j == O_COMPANY:
            value = company
        memory[row, TRAIL_SHORT + j] = memory[row, TRAIL_SHORT + j] * short + value
        memory[row, TRAIL_LONG + j] = memory[row, TRAIL_LONG + j] * long + value
    memory[row, TRAIL_SHORT + ODDITIES] = memory[row, TRAIL_SHORT + ODDITIES] * short + 1.0
    memory[row, TRAIL_LONG + ODDITIES] = memory[row, TRAIL_LONG + ODDITIES] * long + 1.0


@njit(cache=True)
def short_of_round(amount, unit):
    """How far an amount lies under the next of 1, 2, 3, 5 × 10**k major units (from 100 on), as part of it; NaN below 70 of them."""
    if amount < 70 * unit:
        return np.nan
    step = 100 * unit
    while True:
        for factor in (1, 2, 3, 5):
            if factor * step > amount:
                return float(factor * step - amount) / float(factor * step)
        step *= 10
