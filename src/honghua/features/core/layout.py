"""Places in the plan's tables and in the state: what the planner writes and the kernels walk. All words are int64."""

from __future__ import annotations

from typing import Final

import numpy as np

LEAST: Final = -(2**63)  # what no maximum has seen; the same number as MISSING
ABOVE: Final = 2**40  # numbers that are summed stay below it: 8 million of them fit an int64
ROOT: Final = 3_037_000_499  # the largest number whose square fits an int64: std holds values to ± this
LATEST_US: Final = 2**60
BLOCK: Final = 32  # events that are looked up together, so that their cache misses overlap
BINS: Final = 16
FOUR: Final = 4  # words of a tile are moved in fours: T_WORDS is a multiple of it, except where nothing rolls

# conditions: column, op (index into OPS), constant; filters: from, to
C_COLUMN, C_OP, C_CONSTANT, CONDITION = 0, 1, 2, 3
F_FROM, F_TO, FILTER = 0, 1, 2
# groups (one per key)
(
    G_FIRST, G_SECOND, G_WIDTH, G_ACCS, G_ACCS_END, G_TRACKS, G_TILED, G_TRACKS_END, G_BEFORE, G_AFTER, G_SECTIONS_END,
    G_REVERSES, GROUP,
) = range(13)  # fmt: skip
# accumulators: what an event adds, and the words of a row (in `spots`) that it is added to
A_WHAT, A_FILTER, A_COLUMN, A_NONE, A_REVERSE, A_BIN, A_SPOTS, A_SPOTS_END, ACC = range(9)
COUNT, SUM, SQUARE_HIGH, SQUARE_LOW, BIN, MAX, MIN, BIT, LAST = range(9)
# tracks: accumulators of one key that share a hop (0 = ever; T_CLOCK its place in `hops`) and a set of windows;
# blank[T_BLANK + word] is what word of the row holds where nothing was seen
(
    T_HEAD, T_OPEN, T_HOP, T_CLOCK, T_TILES, T_BLANK, T_LINKS, T_MAXS, T_BITS, T_LASTS, T_LINKS_END, T_WINDOWS, T_WINDOWS_END,
    T_WORDS, TRACK,
) = range(15)  # fmt: skip
W_TILES, W_PLACE, WINDOW = 0, 1, 2
# values: how a column is read; sections: runs of values that are read alike
V_COLUMN, V_WORD, V_SHIFT, V_COUNT, V_COUNT_SHIFT, V_HIGH, V_ZERO, VALUE = range(8)
X_READ, X_FROM, X_TO, SECTION = range(4)
R_SUM, R_SUM_OF_SOME, R_MEAN, R_STD, R_MAX, R_MIN, R_DISTINCT, R_ENTROPY, R_SINCE, R_AGE = range(10)
# ratios: columns of values (0 …), of the event (-1 - column), or NOTHING
Q_COLUMN, Q_OVER, Q_UNDER, Q_LESS, Q_SUPPORT, RATIO = range(6)
NOTHING: Final = -1_000_000

# a row of a key: header, then its tracks (number of the open tile, mask, slab; the open tile; closed sums per window)
K_KEY, K_OTHER, K_CLOCK, K_SEEN, KEY_HEAD = range(5)
S_TILE, S_MASK, S_SLAB, TRACK_HEAD = range(4)
# heads of groups
(
    H_BASE, H_CAPACITY, H_USED, H_FREE, H_SLOTS, H_SLOT_MASK, H_SEEN, H_LIVE, H_LATE, H_DROPPED, H_EVICTED, HEAD,
) = range(12)  # fmt: skip
# slabs of a track: closed tiles of one key, taken when there is one
L_BASE, L_CAPACITY, L_USED, L_FREE, L_AVAILABLE, L_WORDS, SLAB = range(7)

DONE, NEED_ROWS, BAD_EVENT = range(3)

BITS: Final = (np.uint64(1) << np.arange(64, dtype=np.uint64)).view(np.int64)
# Linear counting: of 64 bits k are set; the last is what half an empty bit would say.
DISTINCT: Final = np.array(
    [0.0] + [-64.0 * np.log1p(-k / 64.0) for k in range(1, 64)] + [64.0 * np.log(128.0)], np.float64
).astype(np.float32)  # fmt: skip
