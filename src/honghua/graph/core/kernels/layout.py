"""The bits of the graph's arrays.

`heads` int64[nodes, 2], one row a node:
    word 0   place of its newest block (40 bits) | entries in it (7) | room of it (7) | type of the node (3)
    word 1   tick of its newest entry (28) | stamp of its newest block (16) | entries ever, at most DEGREE_MAX (19)
`pool` int64[words], the ring. A block is one header word and its entries:
    header   place of the block before (40) | entries in that (7) | stamp of this block (16)
    entry    amount (12) | low bits of the tick (20) | 1 = the node paid (1) | type of the other (3) | the other node (27)
A *place* is a slot of the pool (31) and the lap in which it was written, modulo 512 (9). A *tick* is 4 s since the graph's first
edge, a *stamp* 4096 ticks (4.6 h): 34 years fit. An entry's tick is made absolute by its block's stamp, so low bits never alias.
An amount is 5 bits of exponent and 7 of fraction: below 128 exact, above rounded by at most 1/256, up to 2.7e11 minor units.
"""

from __future__ import annotations

from honghua.graph.core.kernels.compiling import njit

TICK_US = 4_000_000
STAMP_BITS = 12  # ticks of a stamp, as a shift
DAY_TICKS = 21_600
TICK_MAX = (1 << 28) - 1
NODES_MAX = (1 << 27) - 1
POOL_WORDS_MAX = (1 << 31) - 1
DEGREE_MAX = (1 << 19) - 1
AMOUNT_MAX = 255 << 30
ROOM_MAX = 127
TYPES_MAX = 8
ALL = 0xFFFF  # mask of every type in both directions

M7 = (1 << 7) - 1
M12 = (1 << 12) - 1
M16 = (1 << 16) - 1
M20 = (1 << 20) - 1
M28 = (1 << 28) - 1
SLOT_BITS = 31
SLOTS = (1 << SLOT_BITS) - 1
LAPS = (1 << 9) - 1
M40 = (1 << 40) - 1
M47 = (1 << 47) - 1  # place and number of entries of a block

# Places in `ring`, the graph's own scalars, int64[RING]: part of its state.
(
    HEAD,
    LAP,
    CLOCK,
    EPOCH_US,
    EDGES,
    LATE,
    LOST,
    NODES,
    REFUSED,
    REUSED,
    WINDOW,
    AGE,
    ROOM,
    BLOCKS,
    SEGMENT_SHIFT,
    FREE,
) = range(16)
RING = 16
# Places in `tally`, counters of reading, int64[TALLY]: no part of the state.
WALKS, CUT_SHORT, VISITS, SKIPPED_HUBS = range(4)
TALLY = 4


@njit(cache=True, inline="always")
def pack_amount(amount_minor):
    """The 12-bit code of an amount of minor units; below 0 counts as 0, above AMOUNT_MAX as AMOUNT_MAX."""
    a = min(max(amount_minor, 0), AMOUNT_MAX)
    if a < 128:
        return a
    shift = 0
    if a >= 1 << 24:
        shift = 16
    if (a >> shift) >= 1 << 16:
        shift += 8
    if (a >> shift) >= 1 << 12:
        shift += 4
    if (a >> shift) >= 1 << 10:
        shift += 2
    if (a >> shift) >= 1 << 9:
        shift += 1
    if (a >> shift) >= 1 << 8:
        shift += 1
    if shift > 0:
        a += 1 << (shift - 1)
        if (a >> shift) >= 1 << 8:
            shift += 1
    return ((shift + 1) << 7) | ((a >> shift) - 128)


@njit(cache=True, inline="always")
def unpack_amount(code):
    """Minor units of a 12-bit code."""
    exponent = code >> 7
    if exponent == 0:
        return code
    return (128 + (code & M7)) << (exponent - 1)


@njit(cache=True, inline="always")
def amount_of(entry):
    """Minor units of an entry."""
    return unpack_amount(entry & M12)


@njit(cache=True, inline="always")
def other_of(entry):
    """The node at the other end."""
    return entry >> 36


@njit(cache=True, inline="always")
def sort_of(entry):
    """Type of the other node times two, plus 1 when this node paid: a bit number of a mask."""
    return (entry >> 32) & 15


@njit(cache=True, inline="always")
def tick_of(entry, stamp):
    """The absolute tick of an entry in a block of `stamp`."""
    base = stamp << STAMP_BITS
    return base + (((entry >> 12) - base) & M20)
