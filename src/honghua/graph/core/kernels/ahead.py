"""Looking ahead: while one event is read, the lines that the next ones will need are on their way from memory.

An event DEPTH rows ahead has the slots of its keys hinted at, a row later the heads of its nodes, then block after block of their
chains. These are hints only: nothing of them enters a value, so what comes in between may change anything.
"""

from __future__ import annotations

from honghua.graph.core.kernels.compiling import njit
from honghua.graph.core.kernels.idmap import M36, NODE_BITS, NODE_MASK, mix, slot_of, typed
from honghua.graph.core.kernels.layout import M7, M40, M47, SLOTS
from honghua.graph.core.kernels.prefetch import prefetch
from honghua.graph.core.kernels.ring import is_held

DEPTH = 12  # rows ahead: 2 for the keys, the others for blocks of a chain


@njit(cache=True, inline="always")
def hint_slots(events, row, pairs, table, ahead):
    """Hint at the slots of the keys of one event; its hashes stay in ahead."""
    for end in range(pairs.shape[0] + 1):
        column, kind = (pairs[0, 0], pairs[0, 2]) if end == 0 else (pairs[end - 1, 1], pairs[end - 1, 3])
        key = events[row, column]
        ahead[end] = -1
        if key > 0:
            ahead[end] = mix(typed(key, kind))
            prefetch(table, slot_of(ahead[end], table.shape[0]))


@njit(cache=True, inline="always")
def hint_heads(table, keys, heads, ahead):
    """Hint at the heads of the nodes whose slots have come; their numbers stay in ahead, 0 for new ones."""
    flat = heads.reshape(-1)
    for end in range(ahead.shape[0]):
        h, node = ahead[end], 0
        if h >= 0:
            at = slot_of(h, table.shape[0])
            while table[at] != 0:
                if table[at] >> NODE_BITS == (h >> 26) & M36:
                    node = table[at] & NODE_MASK
                    prefetch(flat, 2 * node)
                    prefetch(keys, node)
                    break
                at = at + 1 if at + 1 < table.shape[0] else 0
        ahead[end] = node


@njit(cache=True, inline="always")
def hint_chain(heads, pool, ring, ahead, is_first):
    """Hint at the next block of each chain: the newest, or the one before that which ahead names."""
    for end in range(ahead.shape[0]):
        word = ahead[end]
        if word == 0:
            continue
        if is_first:
            word = heads[word, 0] & M47
        else:  # only a block that is still held has a header
            word = pool[word & SLOTS] & M47 if is_held(word & M40, ring) else 0
        used = (word >> 40) & M7
        ahead[end] = 0
        if used > 0 and is_held(word & M40, ring):
            prefetch(pool, word & SLOTS)
            prefetch(pool, (word & SLOTS) + used)
            ahead[end] = word


@njit(cache=True)
def look_ahead(events, first, row, pairs, table, keys, heads, pool, ring, ahead):
    """Move every event after `row` one step on, to be called for each row from first - DEPTH on.

    ahead int64[DEPTH, P + 1]: hash, node or place of each end of an event, as far as it has come; what it held before does not matter.
    """
    n = events.shape[0]
    for distance in range(1, DEPTH + 1):
        there = row + distance
        if there < first or there >= n:
            continue
        ends = ahead[there % DEPTH]
        if distance == DEPTH:
            hint_slots(events, there, pairs, table, ends)
        elif distance == DEPTH - 1:
            hint_heads(table, keys, heads, ends)
        else:
            hint_chain(heads, pool, ring, ends, distance == DEPTH - 2)
