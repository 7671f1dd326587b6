"""Keys to memory rows: open addressing over all entities at once; the longest unseen half leaves when every row is taken.

table int32[slots] 0 = free, else row; keys int64[rows] typed key of each row; memory float64[rows, MEMORY_WIDTH]. Row 0 is nobody.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from honghua.fraud.core.kernels.layout import (
    CLEAR_AT,
    FRAUD_AT,
    FRAUD_LA,
    G_DROPPED,
    G_ROWS,
    LAST_AT,
    RAISED_AT,
    STREAK_AT,
)
from honghua.graph.core import prefetch

M32 = (1 << 32) - 1
LINE = 8  # words of a line of the cache
TYPE_BITS = 60


@njit(cache=True, inline="always")
def slot_of(key, slots):
    """The first slot to look at; products stay below 2**63, so that it also runs uncompiled."""
    h = (key & M32) * 0x5851F42D ^ ((key >> 32) & M32) * 0x4C957F2D
    h = ((h ^ (h >> 31)) & M32) * 0x2545F491
    return ((h ^ (h >> 29)) & M32) * slots >> 32


@njit(cache=True)
def find_row(table, keys, key):
    """The row of a typed key, 0 when it is unknown."""
    at = slot_of(key, table.shape[0])
    while table[at] != 0:
        if keys[table[at]] == key:
            return table[at]
        at += 1
        if at == table.shape[0]:
            at = 0
    return 0


@njit(cache=True)
def enter(table, keys, row):
    """Make a row findable."""
    at = slot_of(keys[row], table.shape[0])
    while table[at] != 0:
        at += 1
        if at == table.shape[0]:
            at = 0
    table[at] = row


@njit(cache=True)
def clear_row(memory, row):
    """A memory that has seen nothing."""
    memory[row, :] = 0.0
    memory[row, LAST_AT] = np.nan
    memory[row, RAISED_AT] = np.nan
    memory[row, FRAUD_AT] = np.nan
    memory[row, CLEAR_AT] = np.nan
    memory[row, STREAK_AT] = np.nan
    memory[row, FRAUD_LA] = np.nan


@njit(cache=True)
def forget_half(table, keys, memory, everybody):
    """Drop the longest unseen half (ties: all of them that fall under the cut); O(rows log rows), once in rows / 2 new keys."""
    used = int(everybody[G_ROWS])
    seen = np.sort(memory[1 : used + 1, LAST_AT].copy())  # NaN (never bought) sorts last and always leaves
    cut = seen[used // 2]
    table[:] = 0
    kept = 0
    for row in range(1, used + 1):
        if not memory[row, LAST_AT] > cut:
            continue
        kept += 1
        if kept != row:
            keys[kept] = keys[row]
            memory[kept, :] = memory[row, :]
        enter(table, keys, kept)
    everybody[G_DROPPED] += used - kept
    everybody[G_ROWS] = kept


@njit(cache=True)
def take_row(table, keys, memory, everybody, key):
    """The row of a typed key, a new one when it is unknown. Rows may move when the memory is full: take all, then find."""
    row = find_row(table, keys, key)
    if row != 0:
        return row
    if everybody[G_ROWS] + 1 >= keys.shape[0]:
        forget_half(table, keys, memory, everybody)
    if everybody[G_ROWS] + 1 >= keys.shape[0]:
        return 0
    everybody[G_ROWS] += 1
    row = int(everybody[G_ROWS])
    keys[row] = key
    clear_row(memory, row)
    enter(table, keys, row)
    return row


@njit(cache=True)
def rebuild(table, keys, rows):
    """Enter rows 1 … rows into an empty table."""
    for row in range(1, rows + 1):
        enter(table, keys, row)


@njit(cache=True)
def hint_rows(events, places, types, table, keys, memory):
    """Ask for the memories of these events' entities, so that they are on their way together; what is not found loses a hint.

    Three rounds, since each names what the next asks for: slots of the table, keys, rows.
    """
    flat, slots, width = memory.reshape(-1), table.shape[0], memory.shape[1]
    for i in range(events.shape[0]):
        for e in range(places.shape[0]):
            prefetch(table, slot_of(events[i, places[e]] ^ (types[e] << TYPE_BITS), slots))
    for i in range(events.shape[0]):
        for e in range(places.shape[0]):
            prefetch(keys, table[slot_of(events[i, places[e]] ^ (types[e] << TYPE_BITS), slots)])
    for i in range(events.shape[0]):
        for e in range(places.shape[0]):
            row = find_row(table, keys, events[i, places[e]] ^ (types[e] << TYPE_BITS))
            if row != 0:
                for k in range(row * width, (row + 1) * width, LINE):
                    prefetch(flat, k)
                prefetch(flat, (row + 1) * width - 1)
