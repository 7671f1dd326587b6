"""The crowd around a customer: other customers who use the same things, and whether they move in lockstep.

Two hops through things that few share (a hub ties nobody), then what the crowd buys: how much of it meets at this shop, how alike
their shops are, and the densest block of crowd × shops by peeling. Caps: MIDDLE things, CO_CAP users a thing, CROWD_CAP members of
whom EXPLORED are looked at, THEIRS shops each.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from honghua.graph.core.kernels.layout import CLOCK, CUT_SHORT, DAY_TICKS, SKIPPED_HUBS, amount_of, other_of
from honghua.graph.core.kernels.prefetch import prefetch
from honghua.graph.core.kernels.walks import SET, add_to_set, clear_set, collect, hint_block

MIDDLE = 8
CO_CAP = 32
CROWD_CAP = 32
EXPLORED = 12  # members whose shops are looked at
THEIRS = 8
SHOPS = 24  # of one ego block
UNIT = 5040  # of weights in the block
CROWD_VALUES = 15
LINK_BUYERS = 12
LINK_THINGS = 8
LINK_VALUES = 3


@njit(cache=True)
def count_others(seen, entries, count):
    """Distinct other nodes of the first `count` entries."""
    clear_set(seen)
    distinct = 0
    for k in range(count):
        distinct += 1 if add_to_set(seen, other_of(entries[k, 0])) else 0
    return distinct


@njit(cache=True)
def meet_crowd(heads, pool, ring, tally, things, count, mask, since, subject, entries, seen, users, crowd, facts):
    """Other users of things int64[count], newest first, into crowd int64[CROWD_CAP]; how many.

    A thing whose newest CO_CAP entries are of many users is a hub and ties nobody; one that few use often is none, so a farm cannot hide
    behind its own traffic.  facts int64[4] out: met within 1 day, within 7 days, entries looked at, hubs passed over; seen, users: sets
    """
    facts[:] = 0
    clear_set(seen)
    add_to_set(seen, subject)
    flat = heads.reshape(-1)
    for k in range(count):
        prefetch(flat, 2 * things[k])
    for k in range(count):
        hint_block(heads, pool, things[k])
    found = 0
    now = ring[CLOCK]
    for k in range(count):
        n = collect(heads, pool, ring, tally, things[k], mask, since, CO_CAP, 4 * CO_CAP, entries)
        if n == CO_CAP and 2 * count_others(users, entries, n) >= CO_CAP:
            facts[3] += 1
            tally[SKIPPED_HUBS] += 1
            continue
        facts[2] += n
        for j in range(n):
            node = other_of(entries[j, 0])
            if add_to_set(seen, node):
                if found == CROWD_CAP:
                    tally[CUT_SHORT] += 1
                    return found
                crowd[found] = node
                found += 1
                age = now - entries[j, 1]
                facts[0] += 1 if age <= DAY_TICKS else 0
                facts[1] += 1 if age <= 7 * DAY_TICKS else 0
    return found


@njit(cache=True, inline="always")
def slot_in_set(seen, visitors, node):
    """The slot of a node in a scratch set with a mask of visitors beside it; a new node begins with none."""
    mark = (seen[SET] << 27) | node
    at = ((node * 0x9E3779B1) >> 12) & (SET - 1)
    while True:
        word = seen[at]
        if word == mark:
            return at
        if word >> 27 != seen[SET]:
            seen[at] = mark
            visitors[at] = 0
            return at
        at = (at + 1) & (SET - 1)


@njit(cache=True, inline="always")
def count_bits(bits):
    """Ones among the low 32 bits."""
    bits = bits - ((bits >> 1) & 0x55555555)
    bits = (bits & 0x33333333) + ((bits >> 2) & 0x33333333)
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F
    return ((bits * 0x01010101) & 0xFFFFFFFF) >> 24


@njit(cache=True)
def sense_crowd(
    heads, pool, ring, tally, crowd, size, shops, own, shop, mask, since, entries, seen, visitors, block, out
):
    """What the crowd buys: values 4 … 12 of the crowd into out, and the block of shops with two or more visitors for peeling.

    crowd int64[size]; shops: the subject's own distinct shops int64[own]; shop: this event's, 0 = absent; mask: edges to shops
    seen, visitors int64[SET]: scratch.  block int64[SHOPS] out: of each shop a bit a visitor, bit 0 the subject; returns how many shops
    """
    clear_set(seen)
    for k in range(own):
        visitors[slot_in_set(seen, visitors, shops[k])] = 1
    flat = heads.reshape(-1)
    for k in range(size):
        prefetch(flat, 2 * crowd[k])
    for k in range(size):
        hint_block(heads, pool, crowd[k])
    at_shop, at_amount, lockstep, edges, distinct, listed = 0, 0, 0, 0, 0, 0
    overlap = 0.0
    for k in range(size):
        bit = 2 << k
        n = collect(heads, pool, ring, tally, crowd[k], mask, since, THEIRS, 3 * THEIRS, entries)
        theirs, shared, here = 0, 0, 0
        for j in range(n):
            node = other_of(entries[j, 0])
            if node == shop:
                here = 1
                at_amount += amount_of(entries[j, 0])
            at = slot_in_set(seen, visitors, node)
            before = visitors[at]
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
def sense_links(heads, pool, ring, tally, buyers, count, mask, since, entries, things, owners, group, out):
    """How many of a shop's last buyers are tied to each other by a thing that they share: LINK_VALUES values into out float32[3].

    buyers int64[count], count <= LINK_BUYERS; mask: edges to things that tie; things, owners int64[LINK_BUYERS * LINK_THINGS],
    group int64[LINK_BUYERS]: scratch.  0 linked buyers, 1 their share, 2 buyers in the largest group
    """
    flat = heads.reshape(-1)
    for k in range(count):
        prefetch(flat, 2 * buyers[k])
    for k in range(count):
        hint_block(heads, pool, buyers[k])
        group[k] = k
    number = 0
    for k in range(count):
        n = collect(heads, pool, ring, tally, buyers[k], mask, since, LINK_THINGS, 2 * LINK_THINGS, entries)
        for j in range(n):
            thing = other_of(entries[j, 0])
            at = 0
            while at < number and things[at] != thing:
                at += 1
            if at == number:
                things[at], owners[at] = thing, k
                number += 1
            else:
                a, b = owners[at], k
                while group[a] != a:
                    a = group[a]
                while group[b] != b:
                    b = group[b]
                group[max(a, b)] = min(a, b)
    linked, largest = 0, 0
    for k in range(count):
        members = 0
        for j in range(count):
            root = j
            while group[root] != root:
                root = group[root]
            members += 1 if root == k else 0
        if members > 1:
            linked += members
        largest = max(largest, members)
    out[0], out[2] = linked, largest
    if count > 0:
        out[1] = np.float32(linked / count)
