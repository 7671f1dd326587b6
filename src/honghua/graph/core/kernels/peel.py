"""Dense blocks of a whole window: who goes to which shops again and again together (Hooi et al., KDD 2016; Bahmani et al., VLDB 2012).

Edges are taken once a pair, for otherwise one busy pair is the densest block. An edge counts 1 / (1 + half the bits of the degree of its
shop), so a shop where everybody goes ties nobody. Peeling drops all nodes below 1 + SLACK/100 times the density at once: a few dozen
passes over what is left, at most 2 + 2 % off the densest.
"""

from __future__ import annotations

from honghua.graph.core.kernels.compiling import njit
from honghua.graph.core.kernels.layout import M7, NODES, other_of
from honghua.graph.core.kernels.prefetch import prefetch
from honghua.graph.core.kernels.walks import add_to_set, clear_set, collect

SLACK = 2
UNIT = 5040
ALIVE = (1 << 31) - 1


@njit(cache=True, nogil=True)
def list_pairs(heads, pool, ring, tally, kind, mask, since, cap, entries, seen, left, right):
    """Every pair (node of a type, other node) once since a tick, into left, right int64[most]; how many, or -1 when they do not fit.

    mask: the entries to take; cap: entries of a node looked at, counted when it cuts; entries int64[>= cap, 2], seen: scratch
    """
    found = 0
    flat = heads.reshape(-1)
    for node in range(1, ring[NODES]):
        prefetch(flat, 2 * (node + 16))
        if heads[node, 0] >> 54 != kind or (heads[node, 0] >> 40) & M7 == 0:
            continue
        count = collect(heads, pool, ring, tally, node, mask, since, cap, cap, entries)
        stamp = clear_set(seen)
        for k in range(count):
            if add_to_set(seen, stamp, other_of(entries[k, 0])):
                if found == left.shape[0]:
                    return -1
                left[found] = node
                right[found] = other_of(entries[k, 0])
                found += 1
    return found


@njit(cache=True, nogil=True)
def peel_pairs(left, right, count, weights, degrees, turns):
    """Densest block of the first `count` pairs; (density in UNIT, the turn before which it stood).

    left, right int64[m] are reordered.  weights, degrees int64[nodes], turns int32[nodes]: scratch; afterwards a node belongs to the
    block when turns[node] is at least the turn returned: the turn in which it was dropped, 0 for a node of no pair.
    """
    weights[:] = 0
    degrees[:] = 0
    turns[:] = 0
    for k in range(count):
        weights[right[k]] += 1
    for node in range(weights.shape[0]):
        bits, rest = 0, weights[node]
        while rest > 1:
            rest >>= 1
            bits += 1
        weights[node] = 2 * UNIT // (2 + bits)
    nodes, weight = 0, 0
    for k in range(count):
        weight += weights[right[k]]
        for node in (left[k], right[k]):
            nodes += 1 if turns[node] == 0 else 0
            turns[node] = ALIVE
            degrees[node] += weights[right[k]]
    best, best_turn, turn, live = -1, 0, 0, count
    while live > 0:
        turn += 1
        if weight // nodes > best:
            best, best_turn = weight // nodes, turn
        least = degrees[left[0]]
        for k in range(live):
            least = min(least, degrees[left[k]], degrees[right[k]])
        limit = max(weight // nodes, least * (100 + SLACK) // 100)
        for k in range(live):
            for node in (left[k], right[k]):
                if turns[node] == ALIVE and degrees[node] <= limit:
                    turns[node] = turn
                    nodes -= 1
        kept = 0
        for k in range(live):
            a, b = left[k], right[k]
            if turns[a] == ALIVE and turns[b] == ALIVE:
                left[kept], right[kept] = a, b
                kept += 1
            else:
                weight -= weights[b]
                degrees[a] -= weights[b]
                degrees[b] -= weights[b]
                for node in (a, b):
                    if degrees[node] == 0 and turns[node] == ALIVE:  # its last pair went with the other node
                        turns[node] = turn
                        nodes -= 1
        live = kept
    return best, best_turn
