"""Keys to dense node numbers: open addressing, 8 bytes a slot (36 bits of the hash and the number), keys beside.

`table` int64[slots] 0 = free; `keys` int64[nodes] the typed key of every number. Numbers begin at 1; 0 is nobody.
"""

from __future__ import annotations

from honghua.graph.core.kernels.compiling import njit
from honghua.graph.core.kernels.layout import CLOCK, FREE, M28, NODES, REFUSED, REUSED, WINDOW
from honghua.graph.core.kernels.prefetch import prefetch

NODE_BITS = 27
NODE_MASK = (1 << NODE_BITS) - 1
M32 = (1 << 32) - 1
M36 = (1 << 36) - 1
MIX_A, MIX_B, MIX_C = 0x5851F42D, 0x4C957F2D, 0x2545F491  # odd, below 2**31: products of 32 bits stay below 2**63


@njit(cache=True, inline="always")
def mix(key):
    """A 62-bit hash of an int64 key without overflow, so that it also runs uncompiled."""
    low = (key & M32) * MIX_A
    high = ((key >> 32) & M32) * MIX_B
    h = low ^ (high >> 7) ^ (high << 1 & M32)
    h = ((h ^ (h >> 31)) & M32) * MIX_C ^ (h >> 17)
    return (h ^ (h >> 29)) & ((1 << 62) - 1)


@njit(cache=True, inline="always")
def typed(key, kind):
    """The key under which a node of a type is kept: customer 5 is not merchant 5."""
    return key ^ (kind << 60)


@njit(cache=True, inline="always")
def slot_of(h, slots):
    """The first slot to look at."""
    return ((h & M32) * slots) >> 32


@njit(cache=True)
def find_node(table, keys, key):
    """The number of a typed key, 0 when it is unknown."""
    h = mix(key)
    tag = (h >> 26) & M36
    at = slot_of(h, table.shape[0])
    while True:
        word = table[at]
        if word == 0:
            return 0
        if word >> NODE_BITS == tag and keys[word & NODE_MASK] == key:
            return word & NODE_MASK
        at += 1
        if at == table.shape[0]:
            at = 0


@njit(cache=True)
def place_node(table, keys, node):
    """Enter node, whose key stands in keys[node] and is not yet in the table."""
    h = mix(keys[node])
    at = slot_of(h, table.shape[0])
    while table[at] != 0:
        at += 1
        if at == table.shape[0]:
            at = 0
    table[at] = (((h >> 26) & M36) << NODE_BITS) | node


@njit(cache=True)
def sweep_nodes(table, keys, heads, ring, free):
    """Take back the numbers of nodes without an entry in the window (nothing in the window names them either); how many.

    free int64[nodes] out: the numbers, highest first.  The table is built anew: 25 ns a node, only when numbers run out.
    """
    cut = ring[CLOCK] - ring[WINDOW]
    count = 0
    table[:] = 0
    for node in range(keys.shape[0] - 1, 0, -1):
        if node >= ring[NODES]:
            continue
        if heads[node, 1] & M28 < cut or keys[node] == 0:
            keys[node] = 0
            heads[node, 0] = 0
            heads[node, 1] = 0
            free[count] = node
            count += 1
        else:
            place_node(table, keys, node)
    ring[FREE] = count
    return count


@njit(cache=True)
def take_node(table, keys, heads, ring, free, key, kind):
    """The number of a typed key, given out when it is new; 0 when every number is in use within the window (counted)."""
    node = find_node(table, keys, key)
    if node != 0:
        heads[node, 1] = (heads[node, 1] >> 28 << 28) | ring[CLOCK]  # wanted: no sweep takes it before its edge comes
        return node
    if ring[FREE] == 0 and ring[NODES] >= keys.shape[0]:
        # A sweep that frees little would come again at once: it waits until the clock has moved an eighth of the window.
        if ring[CLOCK] < free[0]:
            ring[REFUSED] += 1
            return 0
        swept = sweep_nodes(table, keys, heads, ring, free)
        if swept == 0:
            free[0] = ring[CLOCK] + (ring[WINDOW] >> 3)
            ring[REFUSED] += 1
            return 0
    if ring[FREE] > 0:
        ring[FREE] -= 1
        node = free[ring[FREE]]
        ring[REUSED] += 1
        if ring[FREE] == 0:
            free[0] = ring[CLOCK]
    else:
        node = ring[NODES]
        ring[NODES] += 1
    keys[node] = key
    heads[node, 0] = kind << 54
    heads[node, 1] = ring[CLOCK]
    place_node(table, keys, node)
    return node


@njit(cache=True)
def take_nodes(table, keys, heads, ring, free, names, kinds, out):
    """Numbers of many keys: names int64[n] (0 = nobody), kinds int64[n] types 0 … 7, out int64[n].  About 25 ns each."""
    n = names.shape[0]
    for i in range(n):
        if i + 12 < n:
            prefetch(table, slot_of(mix(typed(names[i + 12], kinds[i + 12])), table.shape[0]))
        out[i] = 0
        if names[i] != 0:
            out[i] = take_node(table, keys, heads, ring, free, typed(names[i], kinds[i]), kinds[i])


@njit(cache=True)
def find_nodes(table, keys, names, kinds, out):
    """As take_nodes, but an unknown key is 0."""
    for i in range(names.shape[0]):
        out[i] = find_node(table, keys, typed(names[i], kinds[i])) if names[i] != 0 else 0
