"""One event after the other: number its nodes, append its edges, read its values."""

from __future__ import annotations

import numpy as np
from numba import njit

from honghua.graph.core.kernels.crowds import (
    CROWD_VALUES,
    EXPLORED,
    LINK_BUYERS,
    LINK_VALUES,
    MIDDLE,
    THEIRS,
    meet_crowd,
    peel_block,
    sense_crowd,
    sense_links,
)
from honghua.graph.core.kernels.cycles import find_cycle
from honghua.graph.core.kernels.idmap import mix, slot_of, take_node, typed
from honghua.graph.core.kernels.layout import CLOCK, DAY_TICKS, EPOCH_US, TICK_US, WINDOW, other_of, sort_of
from honghua.graph.core.kernels.prefetch import prefetch
from honghua.graph.core.kernels.ring import append_edge, move_clock
from honghua.graph.core.kernels.senses import (
    MONEY_VALUES,
    SUBJECT_CAP,
    SUBJECT_VALUES,
    THING_CAP,
    THING_VALUES,
    TICK_S,
    gather_subject,
    sense_money,
    sense_subject,
    sense_thing,
)
from honghua.graph.core.kernels.unions import sense_ties
from honghua.graph.core.kernels.walks import add_to_set, clear_set, collect, distinct_others, hint_block

AT, KIND, AMOUNT, KINDS, TIES, SHOPS_MASK, SHOP_PAIR, MONEY_PAIR, TIE_PAIRS = range(9)  # places in `setting` int64[9]
USERS_MONTH = 8  # place of users_30d among the values of a thing
CYCLE_VALUES = 3
MONTH, WEEK = 30 * DAY_TICKS, 7 * DAY_TICKS


@njit(cache=True)
def touch(event, setting, pairs, table, keys, heads, pool, ring, segments, free, nodes):
    """Number the nodes of one event and append its edges.

    event int64[C]; pairs int64[P, 4]: left column, right column, left type, right type; nodes int64[P, 2] out, 0 = absent
    """
    move_clock(ring, event[setting[AT]])
    flat = heads.reshape(-1)
    for p in range(pairs.shape[0]):
        for side in range(2):
            key, kind = event[pairs[p, side]], pairs[p, 2 + side]
            nodes[p, side] = 0
            if side == 0 and p > 0 and pairs[p, 0] == pairs[0, 0] and kind == pairs[0, 2]:
                nodes[p, 0] = nodes[0, 0]
            elif key > 0:
                nodes[p, side] = take_node(table, keys, heads, ring, free, typed(key, kind), kind)
                prefetch(flat, 2 * nodes[p, side])
    for p in range(pairs.shape[0]):
        left, right = nodes[p, 0], nodes[p, 1]
        if left != 0 and right != 0 and left != right:
            append_edge(heads, pool, ring, segments, left, right, event[setting[AMOUNT]])


@njit(cache=True)
def sense_touched(heads, pool, ring, tally, pairs, nodes, setting, big, others, sets, counts, acc, buyers, out):
    """Values of the subject and of each thing it touched; returns (entries of the subject, distinct buyers of the shop).

    big int64[SUBJECT_CAP, 2] out: the subject's entries; others: scratch; buyers int64[LINK_BUYERS] out
    """
    now, subject = ring[CLOCK], nodes[0, 0]
    for p in range(pairs.shape[0]):
        if nodes[p, 1] != 0:
            hint_block(heads, pool, nodes[p, 1])
    count = collect(heads, pool, ring, tally, subject, 0xFFFF, now - MONTH, SUBJECT_CAP, SUBJECT_CAP, big)
    gather_subject(big, count, now, sets[0], counts, acc)
    place, bought = 0, 0
    for p in range(pairs.shape[0]):
        left, right, kind = nodes[p, 0], nodes[p, 1], pairs[p, 3]
        if left == subject:
            sense_subject(big, count, now, kind, right if right != left else 0, acc, out[place:])
        place += SUBJECT_VALUES
        if right != 0 and left != 0 and left != right:
            n = collect(
                heads, pool, ring, tally, right, 1 << (2 * pairs[p, 2]), now - MONTH, THING_CAP, 4 * THING_CAP, others
            )
            if n > 0:
                sense_thing(heads, others, n, now, left, sets[0], counts, out[place:])
            if p == setting[SHOP_PAIR]:
                bought = distinct_others(others, n, LINK_BUYERS, sets[0], buyers)
        place += THING_VALUES
    if setting[MONEY_PAIR] >= 0:
        sense_money(big, count, now, pairs[0, 2], sets[0], counts, out[place:])
        place += MONEY_VALUES
    return count, bought, place


@njit(cache=True)
def sense_crowds(
    heads, pool, ring, tally, pairs, nodes, setting, big, count, others, sets, counts, lists, block, weigh, place, out
):
    """Values of the two crowds: those tied by things (devices, addresses, payees) and those met at shops that few use.

    lists int64[4, 64]: scratch for things, crowd and own shops; block int64[SHOPS], weigh int64[2, SHOPS]: scratch of the peeling
    """
    now, subject = ring[CLOCK], nodes[0, 0]
    shop = nodes[setting[SHOP_PAIR], 1] if setting[SHOP_PAIR] >= 0 else 0
    things, crowd, shops = lists[0], lists[1], lists[2]
    own = 0
    clear_set(sets[0])
    for k in range(count):
        if own < THEIRS and (setting[SHOPS_MASK] >> sort_of(big[k, 0])) & 1 and now - big[k, 1] <= WEEK:
            if add_to_set(sets[0], other_of(big[k, 0])):
                shops[own] = other_of(big[k, 0])
                own += 1
    facts = lists[3]
    for sort in range(2):
        mask = setting[TIES] if sort == 0 else setting[SHOPS_MASK]
        if mask == 0:
            continue
        reach = MONTH if sort == 0 else WEEK
        clear_set(sets[0])
        n = 0
        for k in range(count):
            if n < MIDDLE and (mask >> sort_of(big[k, 0])) & 1 and now - big[k, 1] <= reach:
                if add_to_set(sets[0], other_of(big[k, 0])):
                    things[n] = other_of(big[k, 0])
                    n += 1
        size = meet_crowd(
            heads,
            pool,
            ring,
            tally,
            things,
            n,
            1 << (2 * pairs[0, 2]),
            now - reach,
            subject,
            others,
            sets[0],
            sets[1],
            crowd,
            facts,
        )
        values = out[place:]
        values[0], values[1], values[2], values[3] = size, facts[0], facts[1], facts[3]
        buys = setting[SHOPS_MASK] if setting[SHOPS_MASK] != 0 else setting[TIES]
        looked = min(size, EXPLORED)
        listed = sense_crowd(
            heads,
            pool,
            ring,
            tally,
            crowd,
            looked,
            shops,
            own,
            shop,
            buys,
            now - WEEK,
            others,
            sets[1],
            counts,
            block,
            values,
        )
        if listed > 0:
            peel_block(block, listed, looked + 1, weigh, lists[4], values[13:])
        else:
            values[13], values[14] = 0, 0
        place += CROWD_VALUES
    return place


@njit(cache=True)
def sense_money_and_links(
    heads, pool, ring, tally, pairs, nodes, setting, bought, others, stack, lists, limits, cycle, place, out
):
    """Values of the cycle that this event's money closes and of ties among the shop's last buyers; the place after them."""
    now = ring[CLOCK]
    money = setting[MONEY_PAIR]
    if money >= 0:
        payer, payee = nodes[money, 0], nodes[money, 1]
        if payee != 0 and payee != payer:
            mask = 1 << (2 * pairs[money, 2])
            find_cycle(heads, pool, ring, tally, payer, payee, mask, now - WEEK, limits, stack, cycle)
            out[place] = cycle[0]
            if cycle[0] > 0:
                out[place + 1] = cycle[1]
                out[place + 2] = (now - cycle[2]) * TICK_S
        place += CYCLE_VALUES
    if setting[SHOP_PAIR] >= 0 and setting[TIES] != 0:
        if nodes[setting[SHOP_PAIR], 1] != 0:
            ties, since, values = setting[TIES], now - MONTH, out[place:]
            sense_links(
                heads, pool, ring, tally, lists[6], bought, ties, since, others, lists[7], lists[8], lists[9], values
            )  # fmt: skip
        place += LINK_VALUES
    return place


@njit(cache=True)
def step_events(
    events, start, setting, pairs, table, keys, heads, pool, ring, segments, free, tally, log, logged, parents, sizes, epoch,
    nodes, big, others, stack, sets, counts, acc, lists, block, weigh, limits, cycle, users, out,
):  # fmt: skip
    """Append the edges of each event from row `start` on and read its values, in order, until the clock reaches the next epoch.

    events int64[n, C]; out float32[n, V]: rows of other kinds, and of events without a subject, stay NaN.  Returns the row reached: n,
    or the first row of the next epoch.  limits int64[3] of find_cycle; users float32[P]: scratch; all other arrays are the state of
    graph and communities, or scratch of the sensor (core/sensing.py)
    """
    n = events.shape[0]
    for i in range(start, n):
        if i + 2 < n:
            for p in range(pairs.shape[0]):
                key = events[i + 2, pairs[p, 1]]
                prefetch(table, slot_of(mix(typed(key, pairs[p, 3])), table.shape[0]))
            prefetch(table, slot_of(mix(typed(events[i + 2, pairs[0, 0]], pairs[0, 2])), table.shape[0]))
        row = out[i]
        row[:] = np.nan
        kind = events[i, setting[KIND]]
        if kind < 0 or kind > 62 or (setting[KINDS] >> kind) & 1 == 0:
            continue
        if ring[EPOCH_US] >= 0 and (events[i, setting[AT]] - ring[EPOCH_US]) // TICK_US >= epoch[0]:
            return i
        touch(events[i], setting, pairs, table, keys, heads, pool, ring, segments, free, nodes)
        if nodes[0, 0] == 0:
            continue
        count, bought, place = sense_touched(
            heads, pool, ring, tally, pairs, nodes, setting, big, others, sets, counts, acc, lists[6], row
        )  # fmt: skip
        place = sense_money_and_links(
            heads, pool, ring, tally, pairs, nodes, setting, bought, others, stack, lists, limits, cycle, place, row
        )  # fmt: skip
        place = sense_crowds(
            heads, pool, ring, tally, pairs, nodes, setting, big, count, others, sets, counts, lists, block, weigh, place, row
        )  # fmt: skip
        if setting[TIE_PAIRS] != 0:
            for p in range(pairs.shape[0]):
                users[p] = row[p * (SUBJECT_VALUES + THING_VALUES) + SUBJECT_VALUES + USERS_MONTH]
            sense_ties(
                pairs,
                nodes,
                setting[TIE_PAIRS],
                users,
                ring[CLOCK],
                ring[WINDOW],
                log,
                logged,
                parents,
                sizes,
                row[place:],
            )
    return n
