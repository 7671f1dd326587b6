"""What an event's edges say: values of the subject (the customer), of each thing it touches, and of the crowd around it.

Windows are 1, 7 and 30 days back from the graph's clock, the event's own edges included. All walks are the newest entries under
caps; a value that a cap cut short is a lower bound, and the thing's `_is_hub` says so.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from honghua.graph.core.kernels.layout import DAY_TICKS, amount_of, other_of, sort_of
from honghua.graph.core.kernels.walks import SET, clear_set

SUBJECT_CAP = 256
THING_CAP = 96
DAYS = (1, 7, 30)
TICK_S = 4.0
SAME_AMOUNTS = 16
THIN_ENTRIES = 8
NEAR, FAR = 8, 32  # the spread of the newest so many buyers

# Accumulators of one type of thing, acc int64[8, ACC].
COUNT, AMOUNT, DISTINCT, BEFORE, PAIR, ACC = 0, 3, 6, 9, 10, 11
SUBJECT_VALUES = 12
THING_VALUES = 19
MONEY_VALUES = 11


@njit(cache=True, inline="always")
def count_in_set(seen, counts, node):
    """Count a node in a scratch set with counts int64[SET] beside it; its count so far."""
    mark = (seen[SET] << 27) | node
    at = ((node * 0x9E3779B1) >> 12) & (SET - 1)
    while True:
        word = seen[at]
        if word == mark:
            counts[at] += 1
            return counts[at]
        if word >> 27 != seen[SET]:
            seen[at] = mark
            counts[at] = 1
            return 1
        at = (at + 1) & (SET - 1)


@njit(cache=True)
def gather_subject(entries, count, now, seen, counts, acc):
    """Sum up a node's `count` outgoing entries by type of the other node into acc int64[8, ACC] (layout above)."""
    acc[:] = 0
    acc[:, BEFORE] = -1
    clear_set(seen)
    for k in range(count):
        entry, age = entries[k, 0], now - entries[k, 1]
        if sort_of(entry) & 1 == 0:
            continue
        kind = sort_of(entry) >> 1
        window = 0 if age <= DAY_TICKS else 1 if age <= 7 * DAY_TICKS else 2
        acc[kind, COUNT + window] += 1
        acc[kind, AMOUNT + window] += amount_of(entry)
        if count_in_set(seen, counts, other_of(entry)) == 1:
            acc[kind, DISTINCT + window] += 1
        own = acc[kind, COUNT] + acc[kind, COUNT + 1] + acc[kind, COUNT + 2]
        if own == 2:
            acc[kind, BEFORE] = entries[k, 1]


@njit(cache=True)
def sense_subject(entries, count, now, kind, thing, acc, out):
    """The subject's own habit with one type of thing: SUBJECT_VALUES values into out float32[…] (names in core/sensing.py).

    thing: the node that the event touched, 0 = absent: then what needs it stays missing.
    """
    for w in range(3):
        total, amount, distinct = 0, 0, 0
        for k in range(w + 1):
            total += acc[kind, COUNT + k]
            amount += acc[kind, AMOUNT + k]
            distinct += acc[kind, DISTINCT + k]
        out[w] = total
        out[3 + w] = amount
        out[6 + w] = distinct
    if acc[kind, BEFORE] >= 0:
        out[9] = (now - acc[kind, BEFORE]) * TICK_S
    if thing != 0:
        pair = 0
        for k in range(count):
            if other_of(entries[k, 0]) == thing and sort_of(entries[k, 0]) & 1:
                pair += 1
        out[10] = 1.0 if pair <= 1 else 0.0
        if out[2] > 0:
            out[11] = np.float32(pair / out[2])


@njit(cache=True)
def sense_thing(heads, entries, count, now, subject, seen, counts, out):
    """What others did with the thing: THING_VALUES values into out float32[…] from its `count` newest incoming entries.

    The event's own edge stands first in entries.
    """
    clear_set(seen)
    top, others, thin, recent = 0, 0, 0, 0
    other_tick, same, compared = -1, 0, 0
    own = amount_of(entries[0, 0])
    totals = (0, 0, 0)
    amounts = (0, 0, 0)
    distinct = (0, 0, 0)
    for k in range(count):
        node, age, amount = other_of(entries[k, 0]), now - entries[k, 1], amount_of(entries[k, 0])
        seen_before = count_in_set(seen, counts, node)
        top = max(top, seen_before)
        first = 1 if seen_before == 1 else 0
        day, week = (1 if age <= DAY_TICKS else 0), (1 if age <= 7 * DAY_TICKS else 0)
        totals = (totals[0] + day, totals[1] + week, totals[2] + 1)
        amounts = (amounts[0] + day * amount, amounts[1] + week * amount, amounts[2] + amount)
        distinct = (distinct[0] + day * first, distinct[1] + week * first, distinct[2] + first)
        if node == subject:
            continue
        if other_tick < 0:
            other_tick = entries[k, 1]
        if compared < SAME_AMOUNTS:
            compared += 1
            if abs(amount - own) * 64 <= own:
                same += 1
        if first == 1 and others < SAME_AMOUNTS:
            others += 1
            if heads[node, 1] >> 44 <= THIN_ENTRIES:
                thin += 1
            if age <= DAY_TICKS:
                recent += 1
    for w in range(3):
        out[w], out[3 + w], out[6 + w] = totals[w], amounts[w], distinct[w]
    if other_tick >= 0:
        out[9] = (now - other_tick) * TICK_S
        out[10] = np.float32(same / compared)
        out[11] = np.float32(thin / others)
        out[12] = np.float32(recent / others)
    out[13] = np.float32(top / count)
    if count >= NEAR:
        out[14] = (now - entries[NEAR - 1, 1]) * TICK_S
    if count >= FAR:
        out[15] = (now - entries[FAR - 1, 1]) * TICK_S
    out[16] = np.float32(totals[0] * 30 / count)
    out[17] = np.float32(distinct[2] / count)
    out[18] = 1.0 if count == THING_CAP else 0.0


@njit(cache=True)
def sense_money(entries, count, now, kind, seen, counts, out):
    """Money that a node took in and gave on among its own type: MONEY_VALUES values into out float32[…].

    In and out: count 1 d, amount 1 d, amount 7 d, distinct 7 d (0 … 3, 4 … 7); 8 passed on: the smaller of the two over the larger,
    1 d; 9 the same over 7 d; 10 seconds from the last incoming to the newest outgoing.
    """
    last_in, last_out = -1, -1
    for paid in range(2):
        clear_set(seen)
        number, amount_day, amount_week, distinct = 0, 0, 0, 0
        for k in range(count):
            entry, age = entries[k, 0], now - entries[k, 1]
            if sort_of(entry) != 2 * kind + paid or age > 7 * DAY_TICKS:
                continue
            amount_week += amount_of(entry)
            if count_in_set(seen, counts, other_of(entry)) == 1:
                distinct += 1
            if age <= DAY_TICKS:
                number += 1
                amount_day += amount_of(entry)
            if paid == 0:
                last_in = max(last_in, entries[k, 1])
            else:
                last_out = max(last_out, entries[k, 1])
        out[4 * paid], out[4 * paid + 1], out[4 * paid + 2], out[4 * paid + 3] = (
            number,
            amount_day,
            amount_week,
            distinct,
        )
    for w in range(2):
        larger = max(out[1 + w], out[5 + w])
        if larger > 0:
            out[8 + w] = np.float32(min(out[1 + w], out[5 + w]) / larger)
    if last_in >= 0 and last_out >= last_in:
        out[10] = (last_out - last_in) * TICK_S
