"""The one kernel that callers run: a batch of events through every group, in blocks, until done or until room is needed."""

from __future__ import annotations

import numpy as np
from numba import njit

from honghua.features.core.kernels.fetching import fetch_rows, fetch_slots, fetch_tiles
from honghua.features.core.kernels.gains import add_event, gather_gains, mark
from honghua.features.core.kernels.reading import read_ratios, read_values
from honghua.features.core.kernels.rows import find_row, lay_row
from honghua.features.core.kernels.tiles import add_at, roll
from honghua.features.core.layout import (
    ABOVE,
    BAD_EVENT,
    BLOCK,
    DONE,
    G_ACCS,
    G_ACCS_END,
    G_AFTER,
    G_BEFORE,
    G_FIRST,
    G_REVERSES,
    G_SECOND,
    G_SECTIONS_END,
    G_TILED,
    G_TRACKS,
    G_TRACKS_END,
    G_WIDTH,
    H_LATE,
    K_CLOCK,
    LATEST_US,
    LEAST,
    NEED_ROWS,
    S_TILE,
    T_CLOCK,
    T_HEAD,
)

AT, KIND, ORIGIN = 0, 1, 3
PURCHASE, REFUND, TRANSFER = 1, 2, 3
ASKED = 62  # features.core.ASKED


@njit(cache=True, forceinline=True)
def is_read(kind):
    """Whether values are read at a row of this kind."""
    return kind == PURCHASE or kind == TRANSFER or kind == ASKED


@njit(cache=True)
def find_bad(events, summed):
    """The first row that no state may see, and why: (row, column), or (-1, -1).

    Times lie in 0 … LATEST_US, kinds in 1 … 62, summed int64[k] columns below ± ABOVE or missing.
    """
    for i in range(events.shape[0]):
        if events[i, AT] < 0 or events[i, AT] > LATEST_US:
            return i, AT
        if events[i, ORIGIN] < 0 or events[i, ORIGIN] > LATEST_US:
            return i, ORIGIN
        if events[i, KIND] < 1 or events[i, KIND] > 62:
            return i, KIND
        for k in range(summed.shape[0]):
            value = events[i, summed[k]]
            if value != LEAST and (value >= ABOVE or value <= -ABOVE):
                return i, summed[k]
    return -1, -1


@njit(cache=True)
def touch(rows, places, first, end, width):
    """Read one word of every line of the rows that follow, so that their cache misses overlap; what it returns means nothing."""
    seen = 0
    for b in range(first, end):
        if places[b] >= 0:
            for k in range(8, width, 8):
                seen ^= rows[places[b] + k]
    return seen


@njit(cache=True)
def feel(
    events, block, item, full, marks, numbers, places, g, groups, accs, spots, tracks, links, blank, windows,
    sections, values, heads, rows, slabs, pool, gains, out,
):  # fmt: skip
    """Events item … full of a block through group g: each rolls its row, reads what excludes it, is added, reads the rest.

    A call per block and not per event: passing so many arrays (numba counts references) costs as much as an event.
    """
    acc = groups[g, G_ACCS]
    acc_end = groups[g, G_ACCS_END]
    first = groups[g, G_TRACKS]
    tiled = groups[g, G_TILED]
    end = groups[g, G_TRACKS_END]
    before = groups[g, G_BEFORE]
    after = groups[g, G_AFTER]
    after_end = groups[g, G_SECTIONS_END]
    for i in range(item, full):
        b = i - block
        r = places[b]
        if r < 0:
            continue
        at = events[i, AT]
        now = max(rows[r + K_CLOCK], at)
        reads = is_read(events[i, KIND])
        if at == now:
            rows[r + K_CLOCK] = now
            for t in range(tiled, end):
                if rows[r + tracks[t, T_HEAD] + S_TILE] != numbers[b, tracks[t, T_CLOCK]]:
                    roll(rows, r, numbers, b, t, end, pool, slabs, tracks, windows)
                    break
        if reads and before < after:
            read_values(rows, r, now, sections, before, after, values, out, i)
        if at == now:
            add_event(events, i, marks[b], accs, acc, acc_end, spots, rows, r)
        else:
            heads[g, H_LATE] += 1
            if gather_gains(events, i, marks[b], accs, acc, acc_end, gains, 0):
                for t in range(first, end):
                    add_at(rows, r, t, at, gains, pool, slabs, heads, g, tracks, links, blank, windows)
        if groups[g, G_REVERSES] == 1 and events[i, KIND] == REFUND:
            if gather_gains(events, i, marks[b], accs, acc, acc_end, gains, 1):
                origin = min(events[i, ORIGIN], now)
                for t in range(first, end):
                    add_at(rows, r, t, origin, gains, pool, slabs, heads, g, tracks, links, blank, windows)
        if reads and after < after_end:
            read_values(rows, r, now, sections, after, after_end, values, out, i)


@njit(cache=True, nogil=True)  # a desk writes one unit while it judges the next
def step(
    events, out, block, group, item,
    conditions, filters, summed, hops, groups, accs, spots, tracks, links, blank, windows, sections, values, ratios,
    ratio_numbers, heads, rows, slots, slabs, pool, marks, numbers, places, gains,
):  # fmt: skip
    """Feed events int64[n, C] in order and write out float32[n, V]; resumes at (block, group, item) after room was made.

    Returns (status, block, group, item): DONE; NEED_ROWS of `group` (call again with these three once there is room);
    BAD_EVENT with row `block` and column `group`, before anything changed. Plan tables and state as in `layout`;
    marks, places int64[BLOCK], numbers int64[BLOCK, hops], gains int64[most accumulators of a group] are kept between calls.
    A row whose kind is none of PURCHASE, TRANSFER and ASKED, and values of a key with an absent entity, read NaN.
    """
    n = events.shape[0]
    if block == 0 and group == 0 and item == 0:
        row, column = find_bad(events, summed)
        if row >= 0:
            return BAD_EVENT, row, column, 0
    while block < n:
        stop = min(n, block + BLOCK)
        if group == 0 and item == block:
            for i in range(block, stop):
                marks[i - block] = mark(events, i, conditions, filters)
                for h in range(hops.shape[0]):
                    numbers[i - block, h] = events[i, AT] // hops[h]
                for v in range(out.shape[1]):
                    out[i, v] = np.nan
        for g in range(group, groups.shape[0]):
            full = stop
            if g == group:
                fetch_slots(events, item, stop, groups[g, G_FIRST], groups[g, G_SECOND], g, slots, heads)
            fetch_rows(
                events, item, stop, groups[g, G_FIRST], groups[g, G_SECOND], g, groups[g, G_WIDTH], slots, heads, rows
            )
            for i in range(item, stop):
                first = events[i, groups[g, G_FIRST]]
                second = 0
                if groups[g, G_SECOND] >= 0:
                    second = events[i, groups[g, G_SECOND]]
                places[i - block] = -1
                if first != 0 and (second != 0 or groups[g, G_SECOND] < 0):
                    r, new = find_row(rows, slots, heads, g, groups[g, G_WIDTH], first, second)
                    if r < 0:
                        full = i
                        break
                    if new:
                        lay_row(rows, r, g, groups, tracks, blank)
                    places[i - block] = r
            if full - item > 1:
                gains[0] = touch(rows, places, item - block, full - block, groups[g, G_WIDTH])
                fetch_tiles(
                    rows, places, numbers, item - block, full - block, groups[g, G_TILED], groups[g, G_TRACKS_END], pool, slabs, tracks,
                )  # fmt: skip
            if g + 1 < groups.shape[0]:  # on their way while this group is at work
                fetch_slots(events, block, stop, groups[g + 1, G_FIRST], groups[g + 1, G_SECOND], g + 1, slots, heads)
            feel(
                events, block, item, full, marks, numbers, places, g, groups, accs, spots, tracks, links, blank, windows,
                sections, values, heads, rows, slabs, pool, gains, out,
            )  # fmt: skip
            if full < stop:
                return NEED_ROWS, block, g, full
            item = block
        for i in range(block, stop):
            if is_read(events[i, KIND]):
                read_ratios(events, i, ratios, ratio_numbers, out)
        block = stop
        group = 0
        item = block
    return DONE, n, 0, 0
