"""Communities by union-find: merges at once, splits when the forest is built anew from the ties of the window.

A forest is parent int32[nodes] (0 = its own root; a root is the smallest number of its tree) and size int32[nodes], the customers under
a root. `log` int64[rows, 2] is a ring of ties: left | right << 27 | pair << 54 and the tick. Cost: 6 … 15 ns a tie when built anew
(sequential log, about one random line), 0.1 … 0.3 µs live.
"""

from __future__ import annotations

import numpy as np

from honghua.graph.core.kernels.compiling import njit

NODE_BITS = 27
NODE_MASK = (1 << NODE_BITS) - 1
USERS_MAX = 20  # a thing that more customers share ties nobody
WRITTEN, LOST = 0, 1  # places in `logged` int64[2]


@njit(cache=True)
def find_root(parent, node):
    """The root of a node; halves the way there."""
    while parent[node] != 0:
        above = parent[node]
        higher = parent[above]
        if higher == 0:
            return np.int64(above)
        parent[node] = higher
        node = np.int64(higher)
    return np.int64(node)


@njit(cache=True)
def unite(parent, size, left, right):
    """Tie two nodes of which left is a customer; sizes go along."""
    a, b = find_root(parent, left), find_root(parent, right)
    if size[a] == 0 and a == left:
        size[a] = 1
    if a != b:
        low, high = min(a, b), max(a, b)
        parent[high] = low
        size[low] += size[high]


@njit(cache=True)
def log_tie(log, logged, left, right, pair, tick, window):
    """Write one tie down; what it overwrites counts as lost when it is inside the window."""
    at = logged[WRITTEN] % log.shape[0]
    if logged[WRITTEN] >= log.shape[0] and log[at, 1] >= tick - window:
        logged[LOST] += 1
    log[at, 0] = left | (right << NODE_BITS) | (pair << (2 * NODE_BITS))
    log[at, 1] = tick
    logged[WRITTEN] += 1


@njit(cache=True, nogil=True)
def rebuild(log, first, last, since, customers, parents, sizes):
    """Build all forests from the rows first … last - 1 of the log that are not before `since`.

    parents, sizes int32[pairs + 1, nodes] out: a forest a pair, and one of all ties.  customers: bit of each pair whose right node
    is a customer too.  Rem's algorithm: walk up both sides at once, splice on the way.
    """
    parents[:] = 0
    sizes[:] = 0
    everything = parents.shape[0] - 1
    for row in range(first, last):
        at = row % log.shape[0]
        if log[at, 1] < since:
            continue
        word = log[at, 0]
        left, right, pair = word & NODE_MASK, (word >> NODE_BITS) & NODE_MASK, word >> (2 * NODE_BITS)
        for forest in (pair, everything):
            sizes[forest, left] = 1
            if (customers >> pair) & 1:
                sizes[forest, right] = 1
            splice(parents[forest], left, right)
    for forest in range(parents.shape[0]):
        parent, size = parents[forest], sizes[forest]
        for node in range(1, parent.shape[0]):  # a parent is smaller than its child, so one pass flattens
            above = parent[node]
            if above != 0:
                root = parent[above] if parent[above] != 0 else above
                parent[node] = root
                size[root] += size[node]


@njit(cache=True)
def splice(parent, a, b):
    """Rem's union of two nodes; the larger number hangs under the smaller."""
    while a != b:
        above_a = parent[a] if parent[a] != 0 else a
        above_b = parent[b] if parent[b] != 0 else b
        if above_a == above_b:
            return
        if above_a > above_b:
            if a == above_a:
                parent[a] = above_b
                return
            parent[a] = above_b
            a = np.int64(above_a)
        else:
            if b == above_b:
                parent[b] = above_a
                return
            parent[b] = above_a
            b = np.int64(above_b)


@njit(cache=True)
def replay_ties(log, first, last, customers, parents, sizes):
    """Apply the ties first … last - 1 of the log to forests that were built without them."""
    for row in range(first, last):
        word = log[row % log.shape[0], 0]
        left, right, pair = word & NODE_MASK, (word >> NODE_BITS) & NODE_MASK, word >> (2 * NODE_BITS)
        tie(parents, sizes, left, right, pair, (customers >> pair) & 1)


@njit(cache=True)
def tie(parents, sizes, left, right, pair, is_customer):
    """Tie two nodes in the pair's forest and in that of all."""
    for forest in (pair, parents.shape[0] - 1):
        if is_customer and sizes[forest, right] == 0 and parents[forest, right] == 0:
            sizes[forest, right] = 1
        unite(parents[forest], sizes[forest], left, right)


@njit(cache=True)
def sense_ties(pairs, nodes, ties, users, tick, window, log, logged, parents, sizes, out):
    """Tie the subject to what it touched, unless more than USERS_MAX share it, and read the sizes of its communities.

    ties: bit of each pair that ties; users float32[P] users of each thing within 30 d; out float32[P + 1]: customers in the subject's
    community of each pair that ties, in order, and of all
    """
    subject = nodes[0, 0]
    for p in range(pairs.shape[0]):
        right = nodes[p, 1]
        if (ties >> p) & 1 and nodes[p, 0] == subject and right != 0 and right != subject and users[p] <= USERS_MAX:
            tie(parents, sizes, subject, right, p, pairs[p, 2] == pairs[p, 3])
            log_tie(log, logged, subject, right, p, tick, window)
    place = 0
    for p in range(pairs.shape[0]):
        if (ties >> p) & 1:
            out[place] = max(1, sizes[p, find_root(parents[p], subject)])
            place += 1
    everything = parents.shape[0] - 1
    out[place] = max(1, sizes[everything, find_root(parents[everything], subject)])
