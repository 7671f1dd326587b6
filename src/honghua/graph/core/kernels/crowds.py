"""The crowd around a customer: other customers who use the same things, and whether they move in lockstep.

Two hops through things that few share (a hub ties nobody), then what the crowd buys: how much of it meets at this shop, how alike
their shops are, and the densest block of crowd × shops by peeling. Caps: MIDDLE things, CO_CAP users a thing, CROWD_CAP members of
whom EXPLORED are looked at, THEIRS shops each.
"""

from __future__ import annotations

import numpy as np

from honghua.graph.core.kernels.compiling import njit
from honghua.graph.core.kernels.layout import CUT_SHORT, DAY_TICKS, SKIPPED_HUBS, amount_of, other_of, sort_of
from honghua.graph.core.kernels.walks import add_to_set, clear_set, slot_of_node

MONTH, WEEK = 30 * DAY_TICKS, 7 * DAY_TICKS
MIDDLE = 8
CO_CAP = 32
CROWD_CAP = 32
EXPLORED = 12  # members whose shops are looked at
THEIRS = 8  # of a member; the subject's own are the MIDDLE shops
SHOPS = 24  # of one ego block
UNIT = 5040  # of weights in the block
CROWD_VALUES = 15
LINK_BUYERS = 12
LINK_THINGS = 8
LINK_VALUES = 3


@njit(cache=True)
def list_middle(entries, count, now, ties, buys, seen, things, shops):
    """Distinct things that tie (30 d) and shops (7 d) of the subject's `count` entries, newest first, MIDDLE of each at most; how many.

    ties, buys: masks of edges; things, shops int64[>= MIDDLE] out; seen int64[2, …]: two sets
    """
    one, two = clear_set(seen[0]), clear_set(seen[1])
    tied, bought = 0, 0
    for k in range(count):
        bit = 1 << sort_of(entries[k, 0])
        if bit & (ties | buys) == 0:
            continue
        node, age = other_of(entries[k, 0]), now - entries[k, 1]
        if bit & ties and tied < MIDDLE and age <= MONTH and add_to_set(seen[0], one, node):
            things[tied] = node
            tied += 1
        if bit & buys and bought < MIDDLE and age <= WEEK and add_to_set(seen[1], two, node):
            shops[bought] = node
            bought += 1
        if tied == MIDDLE and (bought == MIDDLE or age > WEEK):
            break
    return tied, bought


@njit(cache=True, inline="always")
def is_hub(seen, entries, count):
    """Whether a thing's newest CO_CAP entries are of so many users that it ties nobody."""
    if count < CO_CAP:
        return False
    stamp = clear_set(seen)
    distinct = 0
    for k in range(count):
        distinct += 1 if add_to_set(seen, stamp, other_of(entries[k, 0])) else 0
        if 2 * distinct >= CO_CAP:
            return True
    return False


@njit(cache=True)
def meet_crowd(tally, many, found, count, now, subject, seen, crowd, out):
    """Other users of `count` things, whose newest entries are many int64[count, …, 2], into crowd int64[CROWD_CAP]; how many.

    A thing whose newest CO_CAP entries are of many users is a hub and ties nobody; one that few use often is none, so a farm cannot hide
    behind its own traffic.  found int64[count]: entries of each; seen int64[2, …]: two sets; out float32[…]: values 0 … 3 of the crowd
    """
    stamp = clear_set(seen[0])
    add_to_set(seen[0], stamp, subject)
    met, day, week, hubs = 0, 0, 0, 0
    full = False
    for k in range(count):
        if is_hub(seen[1], many[k], found[k]):
            hubs += 1
            continue
        for j in range(found[k]):
            node = other_of(many[k, j, 0])
            if add_to_set(seen[0], stamp, node):
                if met == CROWD_CAP:
                    tally[CUT_SHORT] += 1
                    full = True
                    break
                crowd[met] = node
                met += 1
                age = now - many[k, j, 1]
                day += 1 if age <= DAY_TICKS else 0
                week += 1 if age <= WEEK else 0
        if full:
            break
    tally[SKIPPED_HUBS] += hubs
    out[0], out[1], out[2], out[3] = met, day, week, hubs
    return met


@njit(cache=True, inline="always")
def count_bits(bits):
    """Ones among the low 32 bits."""
    bits = bits - ((bits >> 1) & 0x55555555)
    bits = (bits & 0x33333333) + ((bits >> 2) & 0x33333333)
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F
    return ((bits * 0x01010101) & 0xFFFFFFFF) >> 24


@njit(cache=True)
def sense_crowd(many, found, size, shops, own, shop, seen, visitors, block, out):
    """What the crowd buys: values 4 … 12 of the crowd into out, and the block of shops with two or more visitors for peeling.

    many int64[size, …, 2], found int64[size]: the newest shops of each member; shops: the subject's own distinct shops int64[own]
    shop: this event's, 0 = absent; seen: a set, visitors int64[its slots]: scratch
    block int64[SHOPS] out: of each shop a bit a visitor, bit 0 the subject; returns how many shops
    """
    stamp = clear_set(seen)
    for k in range(own):
        visitors[slot_of_node(seen, stamp, shops[k])[0]] = 1
    at_shop, at_amount, lockstep, edges, distinct, listed = 0, 0, 0, 0, 0, 0
    overlap = 0.0
    for k in range(size):
        bit = 2 << k
        theirs, shared, here = 0, 0, 0
        for j in range(found[k]):
            node = other_of(many[k, j, 0])
            if node == shop:
                here = 1
                at_amount += amount_of(many[k, j, 0])
            at, is_new = slot_of_node(seen, stamp, node)
            before = 0 if is_new else visitors[at]
            if before & bit:
                continue
            theirs += 1
            shared += before & 1
            distinct += 1 if before <= 1 else 0
            if before != 0 and before & (before - 1) == 0 and listed < SHOPS:
                block[listed] = at
                listed += 1
            visitors[at] = before | bit
        edges += theirs
        at_shop += here
        lockstep += 1 if shared >= 2 else 0
        if theirs + own > shared:
            overlap = max(overlap, shared / (theirs + own - shared))
    top = 1 if edges > 0 else 0
    for s in range(listed):
        block[s] = visitors[block[s]]
        top = max(top, count_bits(block[s] >> 1))
    out[7], out[8], out[9], out[10] = lockstep, np.float32(overlap), edges, distinct
    if shop != 0:
        out[4], out[5] = at_shop, at_amount
    if size > 0:
        if shop != 0:
            out[6] = np.float32(at_shop / size)
        out[11] = np.float32(top / size)
        out[12] = np.float32(edges / (size + max(distinct, 1)))
    return listed


@njit(cache=True)
def peel_block(block, number, members, tied, degrees, out):
    """Densest part of the ego block by peeling: density and members in it into out float32[2].

    block int64[number]: of each shop a bit a visitor. An edge to a shop counts 1 / (1 + half the bits of its number of visitors), so a
    shop where everybody goes ties little; density is weight over nodes. The least tied member goes first, a shop with one visitor left
    goes with it.  tied int64[2, >= SHOPS], degrees int64[>= members]: scratch.
    """
    degrees[:members] = 0
    weight, shops = 0, number
    for s in range(number):
        visitors = count_bits(block[s])
        bits, rest = 0, visitors
        while rest > 1:
            rest >>= 1
            bits += 1
        tied[0, s], tied[1, s] = visitors, 2 * UNIT // (2 + bits)
        weight += visitors * tied[1, s]
        for k in range(members):
            degrees[k] += tied[1, s] * ((block[s] >> k) & 1)
    alive = (1 << members) - 1
    best, best_members = 0.0, 0
    for left in range(members, 1, -1):
        density = weight / (left + shops)
        if density > best:
            best, best_members = density, left
        least, lowest = 0, 1 << 62
        for k in range(members):
            if degrees[k] < lowest:
                least, lowest = k, degrees[k]
        degrees[least] = 1 << 62
        alive &= ~(1 << least)
        for s in range(number):
            if (block[s] >> least) & 1 and tied[0, s] >= 2:
                tied[0, s] -= 1
                weight -= tied[1, s]
                if tied[0, s] == 1:
                    weight -= tied[1, s]
                    shops -= 1
                    last = block[s] & alive
                    degrees[count_bits(last - 1)] -= tied[1, s]
    out[0] = np.float32(best / UNIT)
    out[1] = best_members


@njit(cache=True)
def sense_links(many, found, count, seen, owners, group, out):
    """How many of a shop's last buyers are tied to each other by a thing that they share: LINK_VALUES values into out float32[3].

    many int64[count, …, 2], found int64[count]: the newest ties of each buyer; seen: a set, owners int64[its slots]: scratch
    group int64[2, >= count]: scratch.  0 linked buyers, 1 their share, 2 buyers in the largest group
    """
    for k in range(count):
        group[0, k] = k
        group[1, k] = 0
    stamp = clear_set(seen)
    for k in range(count):
        for j in range(found[k]):
            at, is_new = slot_of_node(seen, stamp, other_of(many[k, j, 0]))
            if is_new:
                owners[at] = k
                continue
            a, b = owners[at], k
            while group[0, a] != a:
                a = group[0, a]
            while group[0, b] != b:
                b = group[0, b]
            group[0, max(a, b)] = min(a, b)
    linked, largest = 0, 0
    for k in range(count):
        root = k
        while group[0, root] != root:
            root = group[0, root]
        group[1, root] += 1
    for k in range(count):
        members = group[1, k]
        linked += members if members > 1 else 0
        largest = max(largest, members)
    out[0], out[2] = linked, largest
    if count > 0:
        out[1] = np.float32(linked / count)
