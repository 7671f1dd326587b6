"""One row of values out of its parts: windows, graph, memories, numbers and levels, joined in one call."""

from __future__ import annotations

import numpy as np
from numba import njit

from honghua.fraud.core.kernels.layout import ENTITY_VALUES, EVENT_VALUES, MISSING, PURCHASE, SIGNS, TRANSFER
from honghua.fraud.core.kernels.memory import hint_rows
from honghua.fraud.core.kernels.sensing import KIND, N_CREDIT, sense

ROWS = 64  # at a time, so that what is sensed of them is still in the cache when it is copied
NUMBERS = N_CREDIT + 1


@njit(cache=True)
def code_of(key, keys, codes):
    """The code of a level; keys int64[K] sorted, codes float64[K]; 0 = not among them, NaN = absent; 0 whatever it is when K is 0."""
    if keys.shape[0] == 0:
        return 0.0
    if key == 0 or key == MISSING:
        return np.nan
    k = np.searchsorted(keys, key)
    if k < keys.shape[0] and keys[k] == key:
        return codes[k]
    return 0.0


@njit(cache=True)
def pick(sources, places, first, shift, row):
    """row[first + k] = sources[places[k] - shift]."""
    for k in range(places.shape[0]):
        row[first + k] = sources[places[k] - shift]


@njit(cache=True, nogil=True)  # a desk writes one unit while it judges the next
def join(
    events, windows, edges, who, cuts, picks, columns, unit, scales, levels, level_keys, level_codes, table, keys, memory, everybody, out
):  # fmt: skip
    """Sense the memories of n events in order and write whole rows into out float32[n, V].  About 0.35 µs per entity and event.

    windows float32[n, W], edges float32[n, G]: what windows and graph said. A *source* is a place in these two and what is remembered,
    one behind the other.  who int64[3, E]: columns, kinds and parts kept of the entities; picks uint32[P]: sources of the first P values,
    of which those before cuts[0] are windows, those before cuts[1] edges; columns int64[5 + SIGNS]: places of the numbers in events, then
    sources of the signs, −1 = none; unit: minor units of one major; scales float64[S, 2]: column and factor; levels int64[L, 3]: column,
    first and end of its keys in level_keys; the rest as in `sensing.sense`.
    """
    wide, high, end = np.uint64(windows.shape[1]), np.uint64(windows.shape[1] + edges.shape[1]), cuts[2]
    told = np.empty((min(ROWS, events.shape[0]), EVENT_VALUES + who.shape[1] * ENTITY_VALUES), np.float32)
    signs = np.empty((told.shape[0], SIGNS), np.float32)
    numbers, marked = columns[:NUMBERS], columns[NUMBERS:]
    from_windows, from_edges, from_told = picks[: cuts[0]], picks[cuts[0] : cuts[1]], picks[cuts[1] :]
    for start in range(0, events.shape[0], ROWS):
        count = min(ROWS, events.shape[0] - start)
        for r in range(count):
            pick(windows[start + r], from_windows, 0, np.uint64(0), out[start + r])
            pick(edges[start + r], from_edges, cuts[0], wide, out[start + r])
            for k in range(SIGNS):
                sign = np.float32(np.nan)
                if marked[k] >= windows.shape[1]:
                    sign = edges[start + r, marked[k] - windows.shape[1]]
                elif marked[k] >= 0:
                    sign = windows[start + r, marked[k]]
                signs[r, k] = sign
        if count > 1:
            hint_rows(events[start : start + count], who[0], who[1], table, keys, memory)
        sense(events[start : start + count], who, numbers, unit, signs, table, keys, memory, everybody, told[:count])
        for r in range(count):
            row, event = out[start + r], events[start + r]
            pick(told[r], from_told, cuts[1], high, row)
            if event[KIND] != PURCHASE and event[KIND] != TRANSFER:
                row[end:] = np.nan
                continue
            for k in range(scales.shape[0]):
                raw = event[np.int64(scales[k, 0])]
                row[end + k] = raw * scales[k, 1] if raw != MISSING else np.nan
            for k in range(levels.shape[0]):
                first, stop = levels[k, 1], levels[k, 2]
                row[end + scales.shape[0] + k] = code_of(
                    event[levels[k, 0]], level_keys[first:stop], level_codes[first:stop]
                )
