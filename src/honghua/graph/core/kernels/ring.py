"""Appending to the ring: blocks of a size that follows the node's rate, expiry by overwriting the oldest.

A block takes entries until it is full or AGE stamps old; the next gets room for what the node is likely to append within AGE
stamps, at most twice what the last one held. So a node never holds more than three words an entry, and mostly 1.5.
What was appended at tick t stands in a block begun at most AGE + 1 stamps before; the ring therefore holds a window when it has
room for the words of a window and AGE + 1 stamps. Bound: two random lines an end (head and tail), 45 … 60 ns an edge.
"""

from __future__ import annotations

from honghua.graph.core.kernels.compiling import njit
from honghua.graph.core.kernels.layout import (
    AGE,
    BLOCKS,
    CLOCK,
    DEGREE_MAX,
    EDGES,
    EPOCH_US,
    HEAD,
    LAP,
    LAPS,
    LATE,
    LOST,
    M7,
    M16,
    M20,
    M40,
    ROOM,
    SEGMENT_SHIFT,
    SLOT_BITS,
    SLOTS,
    STAMP_BITS,
    TICK_US,
    WINDOW,
    pack_amount,
)
from honghua.graph.core.kernels.prefetch import prefetch


@njit(cache=True, inline="always")
def is_held(place, ring):
    """Whether the block at a place has not been overwritten."""
    before = (place & SLOTS) < ring[HEAD]
    lap = place >> SLOT_BITS
    return ((lap == (ring[LAP] & LAPS)) & before) | ((lap == ((ring[LAP] - 1) & LAPS)) & (not before))


@njit(cache=True)
def enter_segment(ring, segments, segment):
    """The head enters a segment: what stood there is gone.  segments int64[s, 2]: last tick of a block begun, entries.

    When an entry in it may have been inside the window, all of its entries count as lost.
    """
    newest = segments[segment, 0] + ((ring[AGE] + 1) << STAMP_BITS)
    if segments[segment, 1] > 0 and newest > ring[CLOCK] - ring[WINDOW]:
        ring[LOST] += segments[segment, 1]
    segments[segment, 0] = ring[CLOCK]
    segments[segment, 1] = 0


@njit(cache=True)
def begin_block(pool, ring, segments, header, room):
    """Take 1 + room words at the head of the ring and write the header; the new block's place."""
    words = 1 + room
    head = ring[HEAD]
    if head + words > pool.shape[0]:
        for segment in range((head >> ring[SEGMENT_SHIFT]) + 1, segments.shape[0]):
            enter_segment(ring, segments, segment)
        ring[LAP] += 1
        head = 0
        enter_segment(ring, segments, 0)
    first, last = head >> ring[SEGMENT_SHIFT], (head + words - 1) >> ring[SEGMENT_SHIFT]
    for segment in range(first + 1, last + 1):
        enter_segment(ring, segments, segment)
    segments[first, 0] = ring[CLOCK]
    pool[head] = header
    ring[HEAD] = head + words
    ring[BLOCKS] += 1
    return ((ring[LAP] & LAPS) << SLOT_BITS) | head


@njit(cache=True)
def choose_room(ring, room, used, age_stamps):
    """Room of the next block of a node whose last held `used` entries over `age_stamps`."""
    if room == 0:
        return 1
    wanted = (
        2 * used if age_stamps * 2 < ring[AGE] else (used * (ring[AGE] + 1) + (age_stamps >> 1)) // (age_stamps + 1)
    )
    return min(max(wanted, 1), 2 * used, ring[ROOM])


@njit(cache=True, inline="always")
def append_end(heads, pool, ring, segments, node, entry):
    """Append one entry to a node at the clock's tick."""
    word = heads[node, 0]
    times = heads[node, 1]
    tick = ring[CLOCK]
    stamp = tick >> STAMP_BITS
    used = (word >> 40) & M7
    room = (word >> 47) & M7
    begun = (times >> 28) & M16
    place = word & M40
    if (used == room) | (stamp - begun > ring[AGE]) | (not is_held(place, ring)):
        # A block too old for any window is not chained: so no chain is older than a few windows, and laps never alias.
        recent = stamp - begun <= (ring[WINDOW] >> STAMP_BITS) + 2 * ring[AGE] + 2
        before = word & ((1 << 47) - 1) if used > 0 and recent and is_held(place, ring) else 0
        room = choose_room(ring, room, used, stamp - begun)
        place = begin_block(pool, ring, segments, before | (stamp << 47), room)
        used = 0
        begun = stamp
    slot = place & SLOTS
    pool[slot + 1 + used] = entry
    segments[slot >> ring[SEGMENT_SHIFT], 1] += 1
    degree = min((times >> 44) + 1, DEGREE_MAX)
    heads[node, 0] = place | ((used + 1) << 40) | (room << 47) | ((word >> 54) << 54)
    heads[node, 1] = tick | (begun << 28) | (degree << 44)


@njit(cache=True, inline="always")
def move_clock(ring, at_us):
    """Move the graph's clock to a time; a late one is taken as of now, and counted.  Returns the tick."""
    if ring[EPOCH_US] < 0:
        ring[EPOCH_US] = at_us
    tick = (at_us - ring[EPOCH_US]) // TICK_US
    if tick < ring[CLOCK]:
        ring[LATE] += 1
        return ring[CLOCK]
    ring[CLOCK] = tick
    return tick


@njit(cache=True, inline="always")
def append_edge(heads, pool, ring, segments, left, right, amount_minor):
    """Append the edge left → right at the clock's tick to both ends; left and right differ and are not 0."""
    low = ((ring[CLOCK] & M20) << 12) | pack_amount(amount_minor)
    left_type = heads[left, 0] >> 54
    right_type = heads[right, 0] >> 54
    append_end(heads, pool, ring, segments, left, low | (1 << 32) | (right_type << 33) | (right << 36))
    append_end(heads, pool, ring, segments, right, low | (left_type << 33) | (left << 36))
    ring[EDGES] += 1


@njit(cache=True, nogil=True)
def append_edges(heads, pool, ring, segments, at_us, left, right, amount_minor):
    """Append n edges in order.  at_us, left, right, amount_minor int64[n]; an end of 0 and a node with itself are left out."""
    n = at_us.shape[0]
    flat = heads.reshape(-1)
    for i in range(n):
        if i + 24 < n:
            prefetch(flat, 2 * left[i + 24])
            prefetch(flat, 2 * right[i + 24])
        if i + 10 < n:
            for node in (left[i + 10], right[i + 10]):
                word = heads[node, 0]
                prefetch(pool, (word & SLOTS) + 1 + ((word >> 40) & M7))
        move_clock(ring, at_us[i])
        if left[i] != 0 and right[i] != 0 and left[i] != right[i]:
            append_edge(heads, pool, ring, segments, left[i], right[i], amount_minor[i])
