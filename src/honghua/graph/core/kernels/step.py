"""One event after the other: number its nodes, append its edges, read its values."""

from __future__ import annotations

import numpy as np

from honghua.graph.core.kernels.ahead import DEPTH, look_ahead
from honghua.graph.core.kernels.compiling import njit
from honghua.graph.core.kernels.crowds import (
    CO_CAP,
    EXPLORED,
    LINK_BUYERS,
    LINK_THINGS,
    MONTH,
    THEIRS,
    WEEK,
    list_middle,
    meet_crowd,
    peel_block,
    sense_crowd,
    sense_links,
)
from honghua.graph.core.kernels.cycles import find_cycle
from honghua.graph.core.kernels.idmap import take_node, typed
from honghua.graph.core.kernels.layout import CLOCK, EPOCH_US, TICK_US, WINDOW, other_of
from honghua.graph.core.kernels.prefetch import prefetch
from honghua.graph.core.kernels.ring import append_edge, move_clock
from honghua.graph.core.kernels.senses import (
    SUBJECT_CAP,
    THING_CAP,
    TICK_S,
    gather_subject,
    sense_money,
    sense_subject,
    sense_thing,
)
from honghua.graph.core.kernels.unions import sense_ties
from honghua.graph.core.kernels.walks import collect, collect_many, distinct_others, hint_block

# Places in `setting` int64[SETTINGS]: columns and masks of the plan, then where each group of values begins in a row, -1 = not asked for.
AT, KIND, AMOUNT, KINDS, TIES, SHOPS_MASK, SHOP_PAIR, MONEY_PAIR, TIE_PAIRS = range(9)
OWN_AT, THING_AT, STRIDE, MONEY_AT, CYCLE_AT, LINKS_AT, TIED_AT, FELLOW_AT, COMMUNITY_AT, SETTINGS = range(9, 19)
THINGS, SHOPS_LIST, TIED, FELLOWS, BUYERS, DEGREES, CHAINS, LISTS = range(8)  # rows of `lists`
USERS_MONTH = 8  # place of users_30d among the values of a thing
CYCLE_VALUES = 3
HINTED = 20  # newest users of a thing whose heads are asked for early
MANY = 12  # chains walked at once


@njit(cache=True)
def touch(event, setting, pairs, table, keys, heads, pool, ring, segments, free, parents, nodes):
    """Number the nodes of one event and append its edges.

    event int64[C]; pairs int64[P, 4]: left column, right column, left type, right type; nodes int64[P, 2] out, 0 = absent
    """
    move_clock(ring, event[setting[AT]])
    flat, width = parents.reshape(-1), parents.shape[1]
    for p in range(pairs.shape[0]):
        for side in range(2):
            key, kind = event[pairs[p, side]], pairs[p, 2 + side]
            nodes[p, side] = 0
            if side == 0 and p > 0 and pairs[p, 0] == pairs[0, 0] and kind == pairs[0, 2]:
                nodes[p, 0] = nodes[0, 0]
            elif key > 0:
                nodes[p, side] = take_node(table, keys, heads, ring, free, typed(key, kind), kind)
        if (setting[TIE_PAIRS] >> p) & 1:
            for side in range(2):
                prefetch(flat, p * width + nodes[p, side])
                prefetch(flat, (parents.shape[0] - 1) * width + nodes[p, side])
    for p in range(pairs.shape[0]):
        left, right = nodes[p, 0], nodes[p, 1]
        if left != 0 and right != 0 and left != right:
            append_edge(heads, pool, ring, segments, left, right, event[setting[AMOUNT]])


@njit(cache=True)
def gather_things(heads, pool, ring, tally, pairs, nodes, others, masks, walk, things, held):
    """The newest users of each thing into things int64[P, THING_CAP, 2], place by place of the plan; held[p] = 0: absent."""
    flat = heads.reshape(-1)
    for p in range(pairs.shape[0]):
        left, right = nodes[p, 0], nodes[p, 1]
        others[p] = right if left != 0 and left != right else 0  # node 0 has no entries
        masks[p] = 1 << (2 * pairs[p, 2])
    since = ring[CLOCK] - MONTH
    collect_many(
        heads, pool, ring, tally, others, masks, pairs.shape[0], since, THING_CAP, 4 * THING_CAP, walk, things, held
    )  # fmt: skip
    for p in range(pairs.shape[0]):
        for k in range(min(held[p], HINTED)):
            prefetch(flat, 2 * other_of(things[p, k, 0]))


@njit(cache=True)
def sense_own(pairs, nodes, setting, big, count, now, sets, counts, acc, out):
    """Values of the subject: its habits with each type of thing, and its money."""
    if setting[OWN_AT] >= 0:
        stamp = gather_subject(big, count, now, sets, counts, acc)
        for p in range(pairs.shape[0]):
            left, right, kind = nodes[p, 0], nodes[p, 1], pairs[p, 3]
            if left == nodes[0, 0]:
                thing = right if right != left else 0
                sense_subject(now, kind, thing, sets, stamp, counts, acc, out[setting[OWN_AT] + p * setting[STRIDE] :])
    if setting[MONEY_AT] >= 0:
        sense_money(big, count, now, pairs[0, 2], sets, out[setting[MONEY_AT] :])


@njit(cache=True)
def sense_things(heads, nodes, setting, things, held, now, sets, counts, users, spare, out):
    """Values of each thing; users float32[P] out: how many use it.  spare float32[THING_VALUES]: where values go that are not asked for"""
    for p in range(nodes.shape[0]):
        users[p] = 0
        if held[p] > 0:
            values = out[setting[THING_AT] + p * setting[STRIDE] :] if setting[THING_AT] >= 0 else spare
            sense_thing(heads, things[p], held[p], now, nodes[p, 0], sets, counts, values)
            users[p] = values[USERS_MONTH]


@njit(cache=True, inline="always")
def place_touched(pairs, nodes, held, node):
    """The pair under which the event touched a node whose users are in `things` already, -1 when it did not."""
    for p in range(nodes.shape[0]):
        if nodes[p, 1] == node and held[p] > 0 and pairs[p, 2] == pairs[0, 2] and pairs[p, 3] != pairs[0, 2]:
            return p
    return -1


@njit(cache=True)
def gather_crowd(
    heads, pool, ring, tally, pairs, nodes, things, held, middle, count, reach, masks, walk, chains, sets, many, found, crowd, out
):  # fmt: skip
    """Meet the users of `count` middle nodes within `reach` ticks, and ask for their heads: how many are to be looked at.

    things, held: what gather_things found, so that no chain is walked twice; chains int64[>= count]: scratch
    """
    since = ring[CLOCK] - reach
    masks[:count] = 1 << (2 * pairs[0, 2])
    for k in range(count):
        chains[k] = middle[k] if place_touched(pairs, nodes, held, middle[k]) < 0 else 0  # node 0 has no entries
    collect_many(heads, pool, ring, tally, chains, masks, count, since, CO_CAP, 4 * CO_CAP, walk, many, found)
    for k in range(count):
        if chains[k] == 0:
            p = place_touched(pairs, nodes, held, middle[k])
            n = 0
            while n < min(held[p], CO_CAP) and things[p, n, 1] >= since:
                many[k, n, 0], many[k, n, 1] = things[p, n, 0], things[p, n, 1]
                n += 1
            found[k] = n
    met = meet_crowd(tally, many, found, count, ring[CLOCK], nodes[0, 0], sets, crowd, out)
    flat = heads.reshape(-1)
    for k in range(min(met, EXPLORED)):
        prefetch(flat, 2 * crowd[k])
    return min(met, EXPLORED)


@njit(cache=True)
def read_crowd(
    heads, pool, ring, tally, crowd, looked, buys, shops, own, shop, masks, walk, sets, counts, many, found, block, weigh, degrees, out
):  # fmt: skip
    """Values of what a crowd buys, out float32[CROWD_VALUES] where the first four stand already."""
    masks[:looked] = buys
    since = ring[CLOCK] - WEEK
    collect_many(heads, pool, ring, tally, crowd, masks, looked, since, THEIRS, 3 * THEIRS, walk, many, found)
    listed = sense_crowd(many, found, looked, shops, own, shop, sets[1], counts, block, out)
    if listed > 0:
        peel_block(block, listed, looked + 1, weigh, degrees, out[13:])
    else:
        out[13], out[14] = 0, 0


@njit(cache=True)
def sense_crowds(
    heads, pool, ring, tally, pairs, nodes, setting, things, held, tied, bought, buyers, masks, walk, sets, counts, many, found, lists,
    groups, block, weigh, out,
):  # fmt: skip
    """Values of the two crowds, those tied by things and those met at shops that few use, and of ties among the shop's buyers."""
    shop = nodes[setting[SHOP_PAIR], 1] if setting[SHOP_PAIR] >= 0 else 0
    buys = setting[SHOPS_MASK] if setting[SHOPS_MASK] != 0 else setting[TIES]
    shops = lists[SHOPS_LIST]
    members, fellows = 0, 0
    for k in range(tied):
        hint_block(heads, pool, lists[THINGS, k])
    for k in range(bought):
        hint_block(heads, pool, shops[k])
    if setting[TIED_AT] >= 0:
        members = gather_crowd(
            heads, pool, ring, tally, pairs, nodes, things, held, lists[THINGS], tied, MONTH, masks, walk, lists[CHAINS], sets, many,
            found, lists[TIED], out[setting[TIED_AT] :],
        )  # fmt: skip
    if setting[FELLOW_AT] >= 0:
        fellows = gather_crowd(
            heads, pool, ring, tally, pairs, nodes, things, held, shops, bought, WEEK, masks, walk, lists[CHAINS], sets, many, found,
            lists[FELLOWS], out[setting[FELLOW_AT] :],
        )  # fmt: skip
    for k in range(members):
        hint_block(heads, pool, lists[TIED, k])
    if setting[LINKS_AT] >= 0 and shop != 0:
        masks[:buyers] = setting[TIES]
        since = ring[CLOCK] - MONTH
        collect_many(
            heads, pool, ring, tally, lists[BUYERS], masks, buyers, since, LINK_THINGS, 2 * LINK_THINGS, walk, many, found
        )  # fmt: skip
        sense_links(many, found, buyers, sets[0], counts, groups, out[setting[LINKS_AT] :])
    for k in range(fellows):
        hint_block(heads, pool, lists[FELLOWS, k])
    if setting[TIED_AT] >= 0:
        read_crowd(
            heads, pool, ring, tally, lists[TIED], members, buys, shops, bought, shop, masks, walk, sets, counts, many, found,
            block, weigh, lists[DEGREES], out[setting[TIED_AT] :],
        )  # fmt: skip
    if setting[FELLOW_AT] >= 0:
        read_crowd(
            heads, pool, ring, tally, lists[FELLOWS], fellows, buys, shops, bought, shop, masks, walk, sets, counts, many, found,
            block, weigh, lists[DEGREES], out[setting[FELLOW_AT] :],
        )  # fmt: skip


@njit(cache=True)
def sense_cycle(heads, pool, ring, tally, pairs, nodes, setting, limits, stack, cycle, out):
    """Values of the cycle that this event's money closes."""
    money = setting[MONEY_PAIR]
    payer, payee = nodes[money, 0], nodes[money, 1]
    if payee != 0 and payee != payer:
        now, mask, place = ring[CLOCK], 1 << (2 * pairs[money, 2]), setting[CYCLE_AT]
        find_cycle(heads, pool, ring, tally, payer, payee, mask, now - WEEK, limits, stack, cycle)
        out[place] = cycle[0]
        if cycle[0] > 0:
            out[place + 1] = cycle[1]
            out[place + 2] = (now - cycle[2]) * TICK_S


@njit(cache=True, nogil=True)  # a desk writes one unit while it judges the next
def step_events(
    events, start, setting, pairs, table, keys, heads, pool, ring, segments, free, tally, log, logged, parents, sizes, epoch,
    nodes, big, things, held, many, found, walk, masks, stack, large, small, counts, acc, lists, groups, block, weigh, limits, cycle, users,
    spare, ahead, out,
):  # fmt: skip
    """Append the edges of each event from row `start` on and read its values, in order, until the clock reaches the next epoch.

    events int64[n, C]; out float32[n, V]: rows of other kinds, and of events without a subject, stay NaN.  Returns the row reached: n,
    or the first row of the next epoch.  limits int64[3] of find_cycle; users float32[P]: scratch; all other arrays are the state of
    graph and communities, or scratch of the sensor (core/sensing.py)
    """
    n = events.shape[0]
    asks_crowds = setting[TIED_AT] >= 0 or setting[FELLOW_AT] >= 0
    asks_things = setting[THING_AT] >= 0 or setting[COMMUNITY_AT] >= 0 or setting[LINKS_AT] >= 0
    asks_own = setting[OWN_AT] >= 0 or setting[MONEY_AT] >= 0
    flat = heads.reshape(-1)
    for i in range(start - DEPTH, n):
        look_ahead(events, start, i, pairs, table, keys, heads, pool, ring, ahead)
        if i < start:
            continue
        row = out[i]
        row[:] = np.nan
        kind = events[i, setting[KIND]]
        if kind < 0 or kind > 62 or (setting[KINDS] >> kind) & 1 == 0:
            continue
        if ring[EPOCH_US] >= 0 and (events[i, setting[AT]] - ring[EPOCH_US]) // TICK_US >= epoch[0]:
            return i
        touch(events[i], setting, pairs, table, keys, heads, pool, ring, segments, free, parents, nodes)
        if nodes[0, 0] == 0:
            continue
        now, tied, bought, buyers, count = ring[CLOCK], 0, 0, 0, 0
        held[:] = 0
        if asks_things:
            gather_things(heads, pool, ring, tally, pairs, nodes, lists[CHAINS], masks, walk, things, held)
            if setting[SHOP_PAIR] >= 0:
                p = setting[SHOP_PAIR]
                buyers = distinct_others(things[p], held[p], LINK_BUYERS, small[0], lists[BUYERS])
        if asks_own or asks_crowds:
            count = collect(heads, pool, ring, tally, nodes[0, 0], 0xFFFF, now - MONTH, SUBJECT_CAP, SUBJECT_CAP, big)
        if asks_crowds:
            tied, bought = list_middle(
                big, count, now, setting[TIES], setting[SHOPS_MASK], small, lists[THINGS], lists[SHOPS_LIST]
            )  # fmt: skip
            for k in range(tied):
                prefetch(flat, 2 * lists[THINGS, k])
            for k in range(bought):
                prefetch(flat, 2 * lists[SHOPS_LIST, k])
        if asks_own:
            sense_own(pairs, nodes, setting, big, count, now, large, counts, acc, row)
        if setting[LINKS_AT] >= 0:
            for k in range(buyers):
                hint_block(heads, pool, lists[BUYERS, k])
        if asks_things:
            sense_things(heads, nodes, setting, things, held, now, small[0], counts, users, spare, row)
        sense_crowds(
            heads, pool, ring, tally, pairs, nodes, setting, things, held, tied, bought, buyers, masks, walk, small, counts, many, found,
            lists, groups, block, weigh, row,
        )  # fmt: skip
        if setting[CYCLE_AT] >= 0:
            sense_cycle(heads, pool, ring, tally, pairs, nodes, setting, limits, stack, cycle, row)
        if setting[COMMUNITY_AT] >= 0:
            sense_ties(
                pairs, nodes, setting[TIE_PAIRS], users, now, ring[WINDOW], log, logged, parents, sizes, row[setting[COMMUNITY_AT] :]
            )  # fmt: skip
    return n
