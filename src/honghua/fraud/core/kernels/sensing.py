"""The walk over events: each is read against what its entities remember, then learnt. Labels, refunds and raises are only learnt."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from honghua.fraud.core.kernels.habits import learn_habits, learn_seen, read_habits
from honghua.fraud.core.kernels.labels import DAY, learn_label, learn_near, learn_rate, read_labels
from honghua.fraud.core.kernels.layout import (
    CLEARED,
    DRAWN,
    E_AMOUNT,
    E_BASE_RATE,
    E_CREDIT,
    E_DRAINED_RAISE,
    E_DRAWN,
    E_HOUR,
    E_OF_AVAILABLE,
    E_OF_LIMIT,
    E_RAISE_AGE,
    E_ROUND,
    E_SILENCE,
    E_TRANSFER,
    E_UNDER,
    E_WEEKDAY,
    ENTITY_VALUES,
    EVENT_VALUES,
    FRAUD_REPORTED,
    G_HOURS,
    G_LABEL_AT,
    G_RATE,
    HABIT_VALUES,
    HABITS_KEPT,
    HOUR_BINS,
    L_RATE,
    LABEL_VALUES,
    LABELS_KEPT,
    LIMIT_RAISED,
    MISSING,
    O_BURST,
    O_COMPANY,
    ODDITIES,
    PURCHASE,
    R_Z,
    RAISED_AT,
    RAISED_BY,
    REFUND,
    REFUNDS,
    SEEN,
    TRAILS_KEPT,
    TRANSFER,
)
from honghua.fraud.core.kernels.memory import TYPE_BITS, find_row, take_row
from honghua.fraud.core.kernels.trails import learn_trail, read_trail, short_of_round, tell_company, tell_oddities

HOURS_A_BIN = 24 // HOUR_BINS
AT, KIND, AMOUNT, ORIGIN = 0, 1, 2, 3
N_AVAILABLE, N_LIMIT, N_HOUR, N_WEEKDAY, N_CREDIT = range(5)
HOUR_FADE = 0.9999


@njit(cache=True)
def roundness(amount, unit):
    """How many trailing decimal zeros an amount has beyond its minor units, 0 … 4."""
    if amount <= 0 or amount % unit != 0:
        return 0.0
    left, zeros = amount // unit, 0
    while zeros < 4 and left % 10 == 0:
        left //= 10
        zeros += 1
    return float(zeros) + 1.0 if zeros < 4 else 4.0


@njit(cache=True, inline="always")
def number_of(event, place):
    """A number of an event, NaN when it has none."""
    if place < 0 or event[place] == MISSING:
        return np.nan
    return float(event[place])


@njit(cache=True)
def read_event(event, numbers, memory, customer, everybody, unit, out):
    """What the event says alone and with its customer's limit: out float32[EVENT_VALUES]."""
    out[:] = np.nan
    amount = float(event[AMOUNT])
    out[E_AMOUNT] = math.log1p(max(amount, 0.0))
    out[E_ROUND] = roundness(event[AMOUNT], unit)
    out[E_UNDER] = short_of_round(event[AMOUNT], unit)
    out[E_HOUR] = number_of(event, numbers[N_HOUR])
    out[E_WEEKDAY] = number_of(event, numbers[N_WEEKDAY])
    out[E_CREDIT] = number_of(event, numbers[N_CREDIT])
    out[E_TRANSFER] = 1.0 if event[KIND] == TRANSFER else 0.0
    if everybody[G_LABEL_AT] > 0:
        out[E_BASE_RATE] = everybody[G_RATE]
        out[E_SILENCE] = (float(event[AT]) - everybody[G_LABEL_AT]) / DAY
    available, limit = number_of(event, numbers[N_AVAILABLE]), number_of(event, numbers[N_LIMIT])
    if available > 0:
        out[E_OF_AVAILABLE] = amount / available
    if limit > 0:
        out[E_OF_LIMIT] = amount / limit
    if customer > 0 and not math.isnan(memory[customer, RAISED_AT]):
        out[E_RAISE_AGE] = (float(event[AT]) - memory[customer, RAISED_AT]) / DAY
        out[E_DRAWN] = (memory[customer, DRAWN] + amount) / max(memory[customer, RAISED_BY], 1.0)
        if available > 0:
            out[E_DRAINED_RAISE] = out[E_OF_AVAILABLE] * math.exp(-0.5 * out[E_RAISE_AGE])


@njit(cache=True)
def learn_other(event, places, types, kept, table, keys, memory, everybody):
    """Refunds, limit raises and labels: learnt by the entities that are known; returns nothing to read."""
    kind, origin = event[KIND], float(event[ORIGIN])
    la = math.log1p(max(float(event[AMOUNT]), 0.0))
    fraud = 1.0 if kind == FRAUD_REPORTED else 0.0
    if kind in (FRAUD_REPORTED, CLEARED):
        learn_rate(everybody, float(event[AT]), fraud)
    for e in range(places.shape[0]):
        key = event[places[e]]
        if key == 0:
            continue
        key ^= types[e] << TYPE_BITS
        if kind == LIMIT_RAISED and types[e] == 0:
            row = take_row(table, keys, memory, everybody, key)
            memory[row, RAISED_AT] = event[AT]
            memory[row, RAISED_BY] = event[AMOUNT]
            memory[row, DRAWN] = 0.0
            continue
        row = find_row(table, keys, key)
        if row == 0:
            continue
        if kind == REFUND:
            memory[row, REFUNDS] += 1.0
        elif kept[e] & LABELS_KEPT and kind in (FRAUD_REPORTED, CLEARED):
            learn_label(memory, row, origin, la, fraud, everybody[G_RATE])


@njit(cache=True)
def learn_event(event, rows, kept, memory, everybody, facts, habits, rates, odd, theirs, customer):
    """A purchase or transfer becomes the past of each of its entities. facts = (log amount, hour bin, round, credit)."""
    at, la, bin_ = float(event[AT]), facts[0], int(facts[1])
    count = rows.shape[0]
    for e in range(count):
        if rows[e] != 0 and kept[e] & TRAILS_KEPT:
            own = e == customer
            learn_trail(
                memory, rows[e], at, odd, theirs[0] if own else odd[O_BURST], theirs[1] if own else odd[O_COMPANY]
            )
    for e in range(count):
        if rows[e] == 0:
            continue
        near, new, odd_buyer, others = 0.0, 0.0, np.nan, 0
        for o in range(count):
            if o == e or rows[o] == 0:
                continue
            others += 1
            near += rates[o]
            new = max(new, 1.0 if habits[o, 0] == 0 else 0.0)
            z = habits[o, 1]
            if not math.isnan(z) and not odd_buyer > z:
                odd_buyer = z
        if kept[e] & LABELS_KEPT:
            learn_near(memory, rows[e], near / max(others, 1))
        if kept[e] & HABITS_KEPT:
            learn_habits(memory, rows[e], at, la, float(event[AMOUNT]), bin_, facts[2], facts[3], new, odd_buyer)
        learn_seen(memory, rows[e], at)
    if bin_ >= 0:
        for b in range(HOUR_BINS):
            everybody[G_HOURS + b] *= HOUR_FADE
        everybody[G_HOURS + bin_] += 1.0


@njit(cache=True)
def take_rows(event, places, types, table, keys, memory, everybody, rows):
    """The memory row of each entity of an event, 0 where it is absent."""
    count = places.shape[0]
    for e in range(count):
        rows[e] = 0
        if event[places[e]] != 0:
            rows[e] = take_row(table, keys, memory, everybody, event[places[e]] ^ (types[e] << TYPE_BITS))
    for e in range(count):  # once more: taking the last may have moved the first
        if rows[e] != 0:
            rows[e] = find_row(table, keys, event[places[e]] ^ (types[e] << TYPE_BITS))


@njit(cache=True)
def sense(events, who, numbers, unit, signs, table, keys, memory, everybody, out):
    """Read and learn n events in order.  About 0.35 µs per entity and event.

    events int64[n, C]; who int64[3, E]: columns and kinds of the entities, and the parts of their memory that are kept (bits of layout);
    numbers int64[5] columns or −1; unit: minor units of one major; signs float32[n, SIGNS]: what windows and graph say, NaN = unknown;
    out float32[n, EVENT_VALUES + E·ENTITY_VALUES], NaN for what is neither purchase nor transfer; parts not kept are not written.
    """
    places, types, kept = who[0], who[1], who[2]
    count = places.shape[0]
    rows = np.zeros(count, np.int64)
    habits, rates = np.zeros((count, 2)), np.zeros(count)
    facts, odd, theirs = np.zeros(4), np.zeros(ODDITIES), np.zeros(2)
    place, middle, trails = -1, HABIT_VALUES + LABEL_VALUES, 0
    for e in range(count):
        trails |= kept[e] & TRAILS_KEPT
        if types[e] == 0:
            place = e
    for i in range(events.shape[0]):
        event = events[i]
        if event[KIND] != PURCHASE and event[KIND] != TRANSFER:
            out[i, :] = np.nan
            learn_other(event, places, types, kept, table, keys, memory, everybody)
            continue
        take_rows(event, places, types, table, keys, memory, everybody, rows)
        customer = rows[place] if place >= 0 else 0
        at, rate = float(event[AT]), everybody[G_RATE]
        read_event(event, numbers, memory, customer, everybody, unit, out[i, :EVENT_VALUES])
        hour = out[i, E_HOUR]
        facts[0] = math.log1p(max(float(event[AMOUNT]), 0.0))
        facts[1] = -1.0 if math.isnan(hour) else float(int(hour) // HOURS_A_BIN)
        facts[2] = 1.0 if out[i, E_ROUND] >= 2.0 else 0.0
        facts[3] = 1.0 if out[i, E_CREDIT] > 0 else 0.0
        said = out[i, EVENT_VALUES:].reshape(count, ENTITY_VALUES)
        for e in range(count):
            if rows[e] == 0:
                said[e, :] = np.nan
                continue
            habits[e, 0] = memory[rows[e], SEEN]
            if kept[e] & HABITS_KEPT:
                read_habits(
                    memory,
                    rows[e],
                    at,
                    facts[0],
                    float(event[AMOUNT]),
                    int(facts[1]),
                    everybody,
                    said[e, :HABIT_VALUES],
                )
                habits[e, 1] = said[e, R_Z]
            if kept[e] & LABELS_KEPT:
                read_labels(memory, rows[e], at, facts[0], rate, said[e, HABIT_VALUES:middle])
                rates[e] = said[e, HABIT_VALUES + L_RATE]
        odd[:] = 0.0
        if trails and customer > 0:
            tell_oddities(out[i, :EVENT_VALUES], signs[i], said[place, :HABIT_VALUES], memory[customer, SEEN], odd)
        for e in range(count):
            if kept[e] & TRAILS_KEPT and rows[e] != 0:
                read_trail(memory, rows[e], at, odd, said[e, middle:])
        if trails:
            tell_company(said[:, middle:], said, kept, place if customer > 0 else -1, odd, theirs)
        if customer > 0:
            memory[customer, DRAWN] += float(event[AMOUNT])
        learn_event(event, rows, kept, memory, everybody, facts, habits, rates, odd, theirs, place)
