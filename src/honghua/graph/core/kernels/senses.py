"""What an event's edges say: values of the subject (the customer), of each thing it touches, and of the crowd around it.

Windows are 1, 7 and 30 days back from the graph's clock, the event's own edges included. All walks are the newest entries under
caps; a value that a cap cut short is a lower bound, and the thing's `_is_hub` says so.
"""

from __future__ import annotations

import numpy as np

from honghua.graph.core.kernels.compiling import njit
from honghua.graph.core.kernels.layout import DAY_TICKS, amount_of, other_of, sort_of
from honghua.graph.core.kernels.walks import add_to_set, clear_set, slot_of_node

SUBJECT_CAP = 256
THING_CAP = 96
DAYS = (1, 7, 30)
TICK_S = 4.0
SAME_AMOUNTS = 16
THIN_ENTRIES = 8
FOREVER = 1 << 62
NEAR, FAR = 8, 32  # the spread of the newest so many buyers

# Accumulators of one type of thing, acc int64[8, ACC].
COUNT, AMOUNT, DISTINCT, BEFORE, ALL_COUNT, ACC = 0, 3, 6, 9, 10, 11
SUBJECT_VALUES = 12
THING_VALUES = 19
MONEY_VALUES = 11


@njit(cache=True, inline="always")
def count_in_set(seen, stamp, counts, node):
    """Count a node in a scratch set with counts int64[slots] beside it; its count so far."""
    at, is_new = slot_of_node(seen, stamp, node)
    if is_new:
        counts[at] = 0
    counts[at] += 1
    return counts[at]


@njit(cache=True)
def gather_subject(entries, count, now, seen, counts, acc):
    """Sum up a node's `count` outgoing entries by type of the other node into acc int64[8, ACC] (layout above).

    seen, counts: afterwards how often each other node stands in them, under the stamp returned.
    """
    acc[:] = 0
    acc[:, BEFORE] = -1
    stamp = clear_set(seen)
    for k in range(count):
        entry, age = entries[k, 0], now - entries[k, 1]
        sort = sort_of(entry)
        if sort & 1 == 0:
            continue
        kind = sort >> 1
        window = (1 if age > DAY_TICKS else 0) + (1 if age > 7 * DAY_TICKS else 0)
        acc[kind, COUNT + window] += 1
        acc[kind, AMOUNT + window] += amount_of(entry)
        if count_in_set(seen, stamp, counts, other_of(entry)) == 1:
            acc[kind, DISTINCT + window] += 1
        acc[kind, ALL_COUNT] += 1
        if acc[kind, ALL_COUNT] == 2:
            acc[kind, BEFORE] = entries[k, 1]
    return stamp


@njit(cache=True)
def sense_subject(now, kind, thing, seen, stamp, counts, acc, out):
    """The subject's own habit with one type of thing: SUBJECT_VALUES values into out float32[…] (names in core/sensing.py).

    thing: the node that the event touched, 0 = absent: then what needs it stays missing; the rest as gather_subject left it.
    """
    total, amount, distinct = 0, 0, 0
    for w in range(3):
        total += acc[kind, COUNT + w]
        amount += acc[kind, AMOUNT + w]
        distinct += acc[kind, DISTINCT + w]
        out[w] = total
        out[3 + w] = amount
        out[6 + w] = distinct
    if acc[kind, BEFORE] >= 0:
        out[9] = (now - acc[kind, BEFORE]) * TICK_S
    if thing != 0:
        at, is_new = slot_of_node(seen, stamp, thing)
        if is_new:
            counts[at] = 0
        pair = counts[at]
        out[10] = 1.0 if pair <= 1 else 0.0
        if total > 0:
            out[11] = np.float32(pair / total)


@njit(cache=True)
def sense_thing(heads, entries, count, now, subject, seen, counts, out):
    """What others did with the thing: THING_VALUES values into out float32[…] from its `count` newest incoming entries.

    The event's own edge stands first in entries, so they are newest first and a window is a beginning of them.
    """
    stamp = clear_set(seen)
    top, others, thin, recent = 0, 0, 0, 0
    other_tick, same, compared = -1, 0, 0
    own = amount_of(entries[0, 0])
    total, distinct, window, reach = 0, 0, 0, DAY_TICKS
    for k in range(count):
        entry, age = entries[k, 0], now - entries[k, 1]
        while age > reach:
            out[window], out[3 + window], out[6 + window] = k, total, distinct
            window += 1
            reach = 7 * DAY_TICKS if window == 1 else FOREVER
        node, amount = other_of(entry), amount_of(entry)
        seen_before = count_in_set(seen, stamp, counts, node)
        top = max(top, seen_before)
        distinct += 1 if seen_before == 1 else 0
        total += amount
        if (compared == SAME_AMOUNTS) & (others == SAME_AMOUNTS):
            continue
        if node != subject:
            if other_tick < 0:
                other_tick = entries[k, 1]
            if compared < SAME_AMOUNTS:
                compared += 1
                same += 1 if abs(amount - own) * 64 <= own else 0
            if seen_before == 1 and others < SAME_AMOUNTS:
                others += 1
                thin += 1 if heads[node, 1] >> 44 <= THIN_ENTRIES else 0
                recent += 1 if age <= DAY_TICKS else 0
    for w in range(window, 3):
        out[w], out[3 + w], out[6 + w] = count, total, distinct
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
    day = np.int64(out[0])
    out[16] = np.float32(day * 30 / count)
    out[17] = np.float32(distinct / count)
    out[18] = 1.0 if count == THING_CAP else 0.0


@njit(cache=True)
def sense_money(entries, count, now, kind, seen, out):
    """Money that a node took in and gave on among its own type: MONEY_VALUES values into out float32[…].

    In and out: count 1 d, amount 1 d, amount 7 d, distinct 7 d (0 … 3, 4 … 7); 8 passed on: the smaller of the two over the larger,
    1 d; 9 the same over 7 d; 10 seconds from the last incoming to the newest outgoing.
    """
    last_in, last_out = -1, -1
    for paid in range(2):
        stamp = clear_set(seen)
        number, amount_day, amount_week, distinct, last = 0, 0, 0, 0, -1
        for k in range(count):
            entry, age = entries[k, 0], now - entries[k, 1]
            if age > 7 * DAY_TICKS:
                break  # newest first
            if sort_of(entry) != 2 * kind + paid:
                continue
            amount = amount_of(entry)
            amount_week += amount
            distinct += 1 if add_to_set(seen, stamp, other_of(entry)) else 0
            last = max(last, entries[k, 1])
            if age <= DAY_TICKS:
                number += 1
                amount_day += amount
        out[4 * paid], out[4 * paid + 1], out[4 * paid + 2] = number, amount_day, amount_week
        out[4 * paid + 3] = distinct
        if paid == 0:
            last_in = last
        else:
            last_out = last
    for w in range(2):
        larger = max(out[1 + w], out[5 + w])
        if larger > 0:
            out[8 + w] = np.float32(min(out[1 + w], out[5 + w]) / larger)
    if last_in >= 0 and last_out >= last_in:
        out[10] = (last_out - last_in) * TICK_S
