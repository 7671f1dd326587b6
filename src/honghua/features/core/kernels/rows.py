"""Rows of keys: hashing, looking up, making a new one.

Cost sketch: one random line of `slots` and the first line of the row, about 30 ns when several look-ups overlap.
"""

from __future__ import annotations

from numba import njit

from honghua.features.core.layout import (
    G_TRACKS,
    G_TRACKS_END,
    H_BASE,
    H_CAPACITY,
    H_FREE,
    H_LIVE,
    H_SEEN,
    H_SLOT_MASK,
    H_SLOTS,
    H_USED,
    K_CLOCK,
    K_KEY,
    K_OTHER,
    K_SEEN,
    S_MASK,
    S_SLAB,
    S_TILE,
    T_BLANK,
    T_HEAD,
    T_HOP,
    T_OPEN,
    T_WINDOWS,
    T_WINDOWS_END,
    T_WORDS,
)

LOW = 0xFFFFFFFF
SALT = 0x2545F491


@njit(cache=True, forceinline=True)
def mix32(x):
    """Scatter 32 bits: 0 ≤ x < 2**32 → 0 … 2**32 - 1. Factors below 2**31, so that no product leaves an int64."""
    x = x ^ (x >> 16)
    x = (x * 0x7FEB352D) & LOW
    x = x ^ (x >> 15)
    x = (x * 0x31848BAB) & LOW
    return x ^ (x >> 16)


@njit(cache=True, forceinline=True)
def scatter(key):
    """32 mixed bits of an int64; the SQL twin computes the same."""
    return mix32((key & LOW) ^ mix32((key >> 32) & LOW))


@njit(cache=True, forceinline=True)
def hash_of(key, other):
    """32 mixed bits of a pair of keys; other 0 for a single one."""
    first = scatter(key)
    if other != 0:
        first = mix32((first + scatter(other)) & LOW)
    return first


@njit(cache=True, forceinline=True)
def slot_of(hashed, heads, g):
    """The first slot to look at."""
    return heads[g, H_SLOTS] + (mix32(hashed ^ SALT) & heads[g, H_SLOT_MASK])


@njit(cache=True, forceinline=True)
def find_row(rows, slots, heads, g, width, key, other):
    """(place of the key's row in `rows`, whether it is new); place -1 when there is no room for a new one.

    rows int64[], slots int64[] (tag << 32 | number of the row + 1; 0 = empty), heads int64[G, HEAD], width words of a row.
    A new row holds its key only; `lay_row` makes it a state. The row counts as seen now.
    """
    hashed = hash_of(key, other)
    tag = hashed >> 1
    mask = heads[g, H_SLOT_MASK]
    base = heads[g, H_BASE]
    place = mix32(hashed ^ SALT) & mask
    slot = heads[g, H_SLOTS] + place
    word = slots[slot]
    while word != 0:
        if word >> 32 == tag:
            r = base + ((word & LOW) - 1) * width
            if rows[r + K_KEY] == key and rows[r + K_OTHER] == other:
                heads[g, H_SEEN] += 1
                rows[r + K_SEEN] = heads[g, H_SEEN]
                return r, False
        place = (place + 1) & mask
        slot = heads[g, H_SLOTS] + place
        word = slots[slot]
    number = heads[g, H_FREE] - 1
    if number >= 0:
        heads[g, H_FREE] = rows[base + number * width + K_OTHER]
    elif heads[g, H_USED] < heads[g, H_CAPACITY]:
        number = heads[g, H_USED]
        heads[g, H_USED] += 1
    else:
        return -1, False
    slots[slot] = tag << 32 | (number + 1)
    r = base + number * width
    rows[r + K_KEY] = key
    rows[r + K_OTHER] = other
    heads[g, H_LIVE] += 1
    heads[g, H_SEEN] += 1
    rows[r + K_SEEN] = heads[g, H_SEEN]
    return r, True


@njit(cache=True)
def lay_row(rows, r, g, groups, tracks, blank):
    """Make a new row the state of a key that has seen nothing; tiled tracks hold no tile until they first roll."""
    rows[r + K_CLOCK] = 0
    for t in range(groups[g, G_TRACKS], groups[g, G_TRACKS_END]):
        words = tracks[t, T_WORDS] * (1 + tracks[t, T_WINDOWS_END] - tracks[t, T_WINDOWS])
        place = tracks[t, T_OPEN]
        for k in range(place, place + words):
            rows[r + k] = blank[tracks[t, T_BLANK] + k]
        if tracks[t, T_HOP] > 0:
            rows[r + tracks[t, T_HEAD] + S_TILE] = -1
            rows[r + tracks[t, T_HEAD] + S_MASK] = 1
            rows[r + tracks[t, T_HEAD] + S_SLAB] = 0


@njit(cache=True)
def fill_slots(rows, slots, heads, g, width):
    """Enter all rows of a group into its cleared slots; free rows have K_SEEN 0."""
    mask = heads[g, H_SLOT_MASK]
    for number in range(heads[g, H_USED]):
        r = heads[g, H_BASE] + number * width
        if rows[r + K_SEEN] > 0:
            hashed = hash_of(rows[r + K_KEY], rows[r + K_OTHER])
            place = mix32(hashed ^ SALT) & mask
            while slots[heads[g, H_SLOTS] + place] != 0:
                place = (place + 1) & mask
            slots[heads[g, H_SLOTS] + place] = (hashed >> 1) << 32 | (number + 1)
