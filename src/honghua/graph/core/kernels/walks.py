"""Reading: the newest entries of a node, aggregates over them, and two hops.  Every cap that bites is counted.

A walk goes block by block from the newest; blocks are contiguous, so a hop costs one dependent miss for the head, one for the
newest block and one for each further block of up to 127 entries.
"""

from __future__ import annotations

from honghua.graph.core.kernels.compiling import njit
from honghua.graph.core.kernels.layout import (
    AGE,
    CLOCK,
    CUT_SHORT,
    M7,
    M16,
    M40,
    M47,
    SLOTS,
    STAMP_BITS,
    VISITS,
    WALKS,
    WINDOW,
    amount_of,
    other_of,
    sort_of,
    tick_of,
)
from honghua.graph.core.kernels.prefetch import prefetch
from honghua.graph.core.kernels.ring import is_held

SET = 2048  # slots of a large scratch set, int64[SET + 1]; the last word of a set counts its uses
SMALL_SET = 256  # slots of a small one: near the processor, for at most 128 nodes
FILL_MAX = SET // 2


@njit(cache=True, inline="always")
def clear_set(seen):
    """Empty a scratch set in O(1); returns its new stamp, shifted for marks."""
    stamp = seen[seen.shape[0] - 1] + 1
    seen[seen.shape[0] - 1] = stamp
    return stamp << 27


@njit(cache=True, inline="always")
def slot_of_node(seen, stamp, node):
    """(slot, is it new) of a node in a scratch set int64[2**k + 1] of which at most half fills; stamp: what clear_set returned."""
    rest = seen.shape[0] - 2
    mark = stamp | node
    at = ((node * 0x9E3779B1) >> 12) & rest
    while True:
        word = seen[at]
        if word == mark:
            return at, False
        if word < stamp:
            seen[at] = mark
            return at, True
        at = (at + 1) & rest


@njit(cache=True, inline="always")
def add_to_set(seen, stamp, node):
    """Whether the node was not yet in the set."""
    return slot_of_node(seen, stamp, node)[1]


@njit(cache=True, inline="always")
def hint_block(heads, pool, node):
    """Ask early for the newest block of a node whose head is near."""
    word = heads[node, 0]
    slot = word & SLOTS
    prefetch(pool, slot)
    prefetch(pool, slot + ((word >> 40) & M7))


@njit(cache=True)
def collect(heads, pool, ring, tally, node, mask, since, cap, visits, out):
    """The newest entries of a node since a tick, newest first, at most `cap` of the kinds in `mask` among `visits` looked at.

    mask: a bit per `sort_of`; since: a tick, not before the window; out int64[>= cap, 2]: entry and absolute tick.
    Returns how many; counts a walk that a cap cut short.
    """
    tally[WALKS] += 1
    since = max(since, ring[CLOCK] - ring[WINDOW])
    age = (ring[AGE] + 2) << STAMP_BITS  # no entry of a block is as far after the block's stamp
    word = heads[node, 0]
    place = word & M40
    used = (word >> 40) & M7
    begun = (heads[node, 1] >> 28) & M16
    found, left = 0, visits
    if (begun << STAMP_BITS) + age <= since:
        return 0
    while used > 0 and is_held(place, ring):
        slot = place & SLOTS
        header = pool[slot]
        stamp = header >> 47
        if (stamp << STAMP_BITS) + age <= since:
            break
        prefetch(pool, header & SLOTS)
        for k in range(slot + used, slot, -1):
            entry = pool[k]
            tick = tick_of(entry, stamp)
            if tick < since or found == cap or left == 0:
                tally[CUT_SHORT] += 1 if tick >= since else 0
                tally[VISITS] += visits - left
                return found
            left -= 1
            out[found, 0] = (
                entry  # kept when it is of a kind asked for, else the next goes there: no branch to mispredict
            )
            out[found, 1] = tick
            found += (mask >> sort_of(entry)) & 1
        place = header & M40
        used = (header >> 40) & M7
    tally[VISITS] += visits - left
    return found


@njit(cache=True)
def collect_many(heads, pool, ring, tally, nodes, masks, count, since, cap, visits, walk, out, found):
    """`collect` for nodes int64[count] with masks int64[count] at once: one block of each in turn, so that their misses overlap.

    walk int64[>= 3, >= count]: scratch; out int64[>= count, >= cap, 2]; found int64[>= count] out: entries of each.
    """
    flat = heads.reshape(-1)
    for k in range(count):
        prefetch(flat, 2 * nodes[k])
    since = max(since, ring[CLOCK] - ring[WINDOW])
    age = (ring[AGE] + 2) << STAMP_BITS
    tally[WALKS] += count
    live, looked, cuts = 0, 0, 0
    for k in range(count):
        found[k] = 0
        word = heads[nodes[k], 0]
        begun = (heads[nodes[k], 1] >> 28) & M16
        if (word >> 40) & M7 > 0 and (begun << STAMP_BITS) + age > since and is_held(word & M40, ring):
            walk[0, live], walk[1, live], walk[2, live] = k, word & M47, visits
            live += 1
            prefetch(pool, word & SLOTS)
            prefetch(pool, (word & SLOTS) + ((word >> 40) & M7))
    while live > 0:
        kept = 0
        for a in range(live):
            k, word, left = walk[0, a], walk[1, a], walk[2, a]
            slot = word & SLOTS
            header = pool[slot]
            stamp = header >> 47
            if (stamp << STAMP_BITS) + age <= since:
                looked += visits - left
                continue
            before = header & SLOTS
            used = (header >> 40) & M7
            n, mask, over = found[k], masks[k], False
            here = (word >> 40) & M7
            take = min(here, left)
            top = slot + here
            if take > 0 and n + take <= cap and tick_of(pool[top - take + 1], stamp) >= since:
                for j in range(take):  # no limit lies within these entries
                    entry = pool[top - j]
                    out[k, n, 0] = entry
                    out[k, n, 1] = tick_of(entry, stamp)
                    n += (mask >> sort_of(entry)) & 1
                left -= take
                top -= take
            for j in range(top, slot, -1):
                entry = pool[j]
                tick = tick_of(entry, stamp)
                if (tick < since) | (n == cap) | (left == 0):
                    cuts += 1 if tick >= since else 0
                    over = True
                    break
                left -= 1
                out[k, n, 0] = entry
                out[k, n, 1] = tick
                n += (mask >> sort_of(entry)) & 1
            found[k] = n
            if not over and used > 0 and is_held(header & M40, ring):
                walk[0, kept], walk[1, kept], walk[2, kept] = k, header & M47, left
                kept += 1
                prefetch(pool, before)
                prefetch(pool, before + used)
            else:
                looked += visits - left
        live = kept
    tally[VISITS] += looked
    tally[CUT_SHORT] += cuts


@njit(cache=True, nogil=True)
def hop1(heads, pool, ring, tally, node, mask, since, cap, seen, out):
    """Aggregate the newest `cap` entries of a node since a tick, in one pass.

    seen: a scratch set.  out int64[5]: count, sum and largest of the amounts (minor units), distinct other nodes, newest tick (-1).
    """
    tally[WALKS] += 1
    since = max(since, ring[CLOCK] - ring[WINDOW])
    word = heads[node, 0]
    place = word & M40
    used = (word >> 40) & M7
    begun = (heads[node, 1] >> 28) & M16
    count, total, largest, distinct, newest = 0, 0, 0, 0, -1
    stamps = clear_set(seen)
    visits = cap << 2
    more = used > 0 and ((begun + ring[AGE] + 2) << STAMP_BITS) > since
    while more and used > 0 and is_held(place, ring):
        slot = place & SLOTS
        header = pool[slot]
        stamp = header >> 47
        if ((stamp + ring[AGE] + 2) << STAMP_BITS) <= since:
            break
        prefetch(pool, header & SLOTS)
        for k in range(slot + used, slot, -1):
            entry = pool[k]
            tick = tick_of(entry, stamp)
            if tick < since:
                more = False
                break
            if count == cap or visits == 0:
                tally[CUT_SHORT] += 1
                more = False
                break
            visits -= 1
            if (mask >> sort_of(entry)) & 1:
                amount = amount_of(entry)
                newest = max(newest, tick)
                count += 1
                total += amount
                largest = max(largest, amount)
                if add_to_set(seen, stamps, other_of(entry)):
                    distinct += 1
        place = header & M40
        used = (header >> 40) & M7
    out[0], out[1], out[2], out[3], out[4] = count, total, largest, distinct, newest


@njit(cache=True)
def distinct_others(entries, count, most, seen, out):
    """The first `most` distinct other nodes of `count` entries, newest first, into out int64[>= most]; how many."""
    stamp = clear_set(seen)
    found = 0
    for k in range(count):
        if found == most:
            break
        node = other_of(entries[k, 0])
        if add_to_set(seen, stamp, node):
            out[found] = node
            found += 1
    return found


@njit(cache=True, nogil=True)
def hop2(heads, pool, ring, tally, node, masks, since, fans, budget, entries, middle, seen, out):
    """Aggregate two hops: over the newest `fans[0]` distinct others of a node, the newest `fans[1]` entries of each.

    masks, fans int64[2]; budget: entries looked at in all; entries int64[>= 4 * max(fans), 2], middle int64[>= fans[0]], seen: scratch.
    out int64[5]: middle nodes, entries, distinct nodes at the end (without the first), sum of amounts, middle nodes not looked at.
    """
    count = collect(heads, pool, ring, tally, node, masks[0], since, 4 * fans[0], 8 * fans[0], entries)
    found = distinct_others(entries, count, fans[0], seen, middle)
    flat = heads.reshape(-1)
    for k in range(found):
        prefetch(flat, 2 * middle[k])
    for k in range(found):
        hint_block(heads, pool, middle[k])
    stamp = clear_set(seen)
    edges, distinct, total, skipped = 0, 0, 0, 0
    for k in range(found):
        if edges >= budget or distinct >= FILL_MAX - fans[1]:
            skipped = found - k
            tally[CUT_SHORT] += 1
            break
        count = collect(heads, pool, ring, tally, middle[k], masks[1], since, fans[1], 4 * fans[1], entries)
        for j in range(count):
            entry = entries[j, 0]
            if other_of(entry) != node:
                edges += 1
                total += amount_of(entry)
                if add_to_set(seen, stamp, other_of(entry)):
                    distinct += 1
    out[0], out[1], out[2], out[3], out[4] = found, edges, distinct, total, skipped


@njit(cache=True, nogil=True)
def hop1_many(heads, pool, ring, tally, nodes, mask, span, cap, seen, out):
    """hop1 for nodes int64[n] over the last `span` ticks into out int64[n, 5]."""
    flat = heads.reshape(-1)
    for i in range(nodes.shape[0]):
        if i + 12 < nodes.shape[0]:
            prefetch(flat, 2 * nodes[i + 12])
        if i + 5 < nodes.shape[0]:
            hint_block(heads, pool, nodes[i + 5])
        hop1(heads, pool, ring, tally, nodes[i], mask, ring[CLOCK] - span, cap, seen, out[i])


@njit(cache=True, nogil=True)
def hop2_many(heads, pool, ring, tally, nodes, masks, span, fans, budget, entries, middle, seen, out):
    """hop2 for nodes int64[n] over the last `span` ticks into out int64[n, 5]."""
    for i in range(nodes.shape[0]):
        hop2(heads, pool, ring, tally, nodes[i], masks, ring[CLOCK] - span, fans, budget, entries, middle, seen, out[i])
