"""Tiles of a track: time rolls over them, contributions go into them.

Cost sketch per event and track: one comparison while the open tile holds. When it closes, one line of the slab is written, and a window
that loses no tile gains the closed one; a window that loses some is summed anew from its tiles that are not empty (at most 60; a
customer's month has a dozen).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from honghua.features.core.layout import (
    FOUR,
    H_DROPPED,
    L_AVAILABLE,
    L_BASE,
    L_FREE,
    L_USED,
    L_WORDS,
    LEAST,
    S_MASK,
    S_SLAB,
    S_TILE,
    T_BITS,
    T_BLANK,
    T_CLOCK,
    T_HEAD,
    T_HOP,
    T_LASTS,
    T_LINKS,
    T_LINKS_END,
    T_MAXS,
    T_OPEN,
    T_TILES,
    T_WINDOWS,
    T_WINDOWS_END,
    T_WORDS,
    W_PLACE,
    W_TILES,
)

# Unsigned, because for a signed place numba asks each time whether it counts from the end.
ONE, TWO, THREE = np.uint64(1), np.uint64(2), np.uint64(3)


@njit(cache=True, forceinline=True)
def take_slab(pool, slabs, t):
    """The number + 1 of an unused slab of track t; the caller saw that L_AVAILABLE is above 0."""
    slabs[t, L_AVAILABLE] -= 1
    if slabs[t, L_FREE] > 0:
        number = slabs[t, L_FREE]
        slabs[t, L_FREE] = pool[slabs[t, L_BASE] + (number - 1) * slabs[t, L_WORDS]]
        return number
    slabs[t, L_USED] += 1
    return slabs[t, L_USED]


@njit(cache=True, forceinline=True)
def give_slab(pool, slabs, t, number):
    """Put a slab back; its first word links to the next free one."""
    pool[slabs[t, L_BASE] + (number - 1) * slabs[t, L_WORDS]] = slabs[t, L_FREE]
    slabs[t, L_FREE] = number
    slabs[t, L_AVAILABLE] += 1


@njit(cache=True, forceinline=True)
def lay_blank(rows, place, words, maxs, bits):
    """Make `words` words, in fours, those of a tile that nothing was added to: words maxs … bits are maxima."""
    for k in range(0, words, FOUR):
        at = np.uint64(place + k)
        rows[at] = LEAST if k >= maxs and k < bits else 0
        rows[at + ONE] = LEAST if k + 1 >= maxs and k + 1 < bits else 0
        rows[at + TWO] = LEAST if k + 2 >= maxs and k + 2 < bits else 0
        rows[at + THREE] = LEAST if k + 3 >= maxs and k + 3 < bits else 0


@njit(cache=True, forceinline=True)
def both(k, maxs, bits, one, other):
    """Word k of two tiles together: their sum, their maximum, or the bits of both."""
    if k < maxs:
        return one + other
    return max(one, other) if k < bits else one | other


@njit(cache=True, forceinline=True)
def gather_tiles(rows, closed, words, maxs, bits, pool, base, newest, tiles, left):
    """Add tiles to the sum at rows[closed …]: bit k of `left` names the k-th tile before place `newest` of the slab at `base`."""
    for k in range(0, words, FOUR):
        at = np.uint64(closed + k)
        a, b, c, d = rows[at], rows[at + ONE], rows[at + TWO], rows[at + THREE]
        position = newest
        rest = left
        while rest != 0:
            if rest & 1:
                tile = np.uint64(base + position * words + k)
                a = both(k, maxs, bits, a, pool[tile])
                b = both(k + 1, maxs, bits, b, pool[tile + ONE])
                c = both(k + 2, maxs, bits, c, pool[tile + TWO])
                d = both(k + 3, maxs, bits, d, pool[tile + THREE])
            rest >>= 1
            position = position - 1 if position > 0 else tiles - 1
        rows[at], rows[at + ONE], rows[at + TWO], rows[at + THREE] = a, b, c, d


@njit(cache=True, forceinline=True)
def roll(rows, r, numbers, b, first, end, pool, slabs, tracks, windows):
    """For the tracks first … end of the row at r whose open tile is not the one of event b: close it, open that one.

    numbers int64[BLOCK, hops]: the tile of each event of the block. The sums of the closed tiles of each window follow.
    Mask: bit 0 the open tile, bit k the k-th before it; set = something was added. A window of n tiles covers bits 1 … n. A tile opens
    for an event that is added at once, so that bit 0 is always set. Words go in fours, without a loop whose length must be guessed.
    """
    for t in range(first, end):
        head = np.uint64(r + tracks[t, T_HEAD])
        opening = numbers[b, tracks[t, T_CLOCK]]
        closing = rows[head]
        if closing == opening:
            continue
        tiles = tracks[t, T_TILES]
        words = tracks[t, T_WORDS]
        place = r + tracks[t, T_OPEN]
        maxs = tracks[t, T_MAXS] - tracks[t, T_LINKS]
        bits = tracks[t, T_BITS] - tracks[t, T_LINKS]
        steps = opening - closing
        mask = rows[head + ONE]
        number = rows[head + TWO]
        kept = 0
        if closing >= 0 and steps <= tiles:
            kept = (mask & ((1 << (tiles + 1 - steps)) - 1)) << steps
        rows[head] = opening
        rows[head + ONE] = kept | 1
        if kept == 0:
            if number > 0:
                give_slab(pool, slabs, t, number)
                rows[head + TWO] = 0
            if mask != 1:  # closed sums are blank already where there was no closed tile
                for w in range(tracks[t, T_WINDOWS], tracks[t, T_WINDOWS_END]):
                    lay_blank(rows, r + windows[w, W_PLACE], words, maxs, bits)
            lay_blank(rows, place, words, maxs, bits)
            continue
        if number == 0:
            number = take_slab(pool, slabs, t)
            rows[head + TWO] = number
        base = slabs[t, L_BASE] + (number - 1) * slabs[t, L_WORDS]
        newest = closing % tiles
        tile = base + newest * words
        for k in range(0, words, FOUR):
            at, to = np.uint64(place + k), np.uint64(tile + k)
            pool[to], pool[to + ONE], pool[to + TWO], pool[to + THREE] = (
                rows[at],
                rows[at + ONE],
                rows[at + TWO],
                rows[at + THREE],
            )
        for w in range(tracks[t, T_WINDOWS], tracks[t, T_WINDOWS_END]):
            last = windows[w, W_TILES]
            closed = r + windows[w, W_PLACE]
            left = 1 if steps <= last else 0  # the tile that closes; all others are in the sum already
            if steps > last or (mask & ((1 << (last + 1)) - 1)) >> (last + 1 - steps) != 0:
                left = (kept & ((1 << (last + 1)) - 1)) >> steps  # some tile leaves the window: sum anew
                lay_blank(rows, closed, words, maxs, bits)
            gather_tiles(rows, closed, words, maxs, bits, pool, base, newest, tiles, left)
        lay_blank(rows, place, words, maxs, bits)


@njit(cache=True)
def add_gains(words, place, gains, t, tracks, links):
    """Add one event's gains int64[accumulators of the group] to the tile at words[place …]."""
    first = tracks[t, T_LINKS]
    place -= first
    for k in range(first, tracks[t, T_MAXS]):
        words[place + k] += gains[links[k]]
    for k in range(tracks[t, T_MAXS], tracks[t, T_BITS]):
        words[place + k] = max(words[place + k], gains[links[k]])
    for k in range(tracks[t, T_BITS], tracks[t, T_LASTS]):
        words[place + k] |= gains[links[k]]
    for k in range(tracks[t, T_LASTS], tracks[t, T_LINKS_END]):
        if gains[links[k]] != LEAST:
            words[place + k] = gains[links[k]]


@njit(cache=True)
def add_at(rows, r, t, time, gains, pool, slabs, heads, g, tracks, links, blank, windows):
    """Add gains where `time` belongs: into the open tile, or into a closed one and the sums of the windows that reach it.

    What is older than the longest window is dropped and counted.
    """
    head = r + tracks[t, T_HEAD]
    if tracks[t, T_HOP] == 0:
        add_gains(rows, r + tracks[t, T_OPEN], gains, t, tracks, links)
        return
    number = time // tracks[t, T_HOP]
    back = rows[head + S_TILE] - number
    if back <= 0:
        add_gains(rows, r + tracks[t, T_OPEN], gains, t, tracks, links)
        return
    tiles = tracks[t, T_TILES]
    if back > tiles:
        heads[g, H_DROPPED] += 1
        return
    if rows[head + S_SLAB] == 0:
        rows[head + S_SLAB] = take_slab(pool, slabs, t)
    slab = slabs[t, L_BASE] + (rows[head + S_SLAB] - 1) * slabs[t, L_WORDS]
    place = slab + number % tiles * tracks[t, T_WORDS]
    if not (rows[head + S_MASK] >> back) & 1:
        for k in range(tracks[t, T_WORDS]):
            pool[place + k] = blank[tracks[t, T_BLANK] + tracks[t, T_OPEN] + k]
        rows[head + S_MASK] |= 1 << back
    add_gains(pool, place, gains, t, tracks, links)
    for w in range(tracks[t, T_WINDOWS], tracks[t, T_WINDOWS_END]):
        if windows[w, W_TILES] >= back:
            add_gains(rows, r + windows[w, W_PLACE], gains, t, tracks, links)
