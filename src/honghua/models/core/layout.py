"""Where things lie in the arrays of a forest, for the compiler that writes them and the kernels that walk them.

nodes  float32[2N]  8 bytes a node: float32 threshold · uint16 column of the work row · uint16 step to the left child (right = left + 1)
                    a leaf has step 0 and asks the last column, which is −inf: the walk stays on it, whatever its threshold, which is
                    free to hold the number of the leaf in its lower bits
plan   int32[…]     header, then columns, roots, groups, sets of categories; the header holds their offsets
                    sets: per categorical feature [feature, sets S, words W] and W × S words: bit c % 32 of word [c // 32, s] says whether
                    set s holds category c. Every set has a column of the work row, 0 = in the set (left), 1 = not, after the plain ones
cards  int64[8 + 8L + 4E]  after a head (bits of the float64 grain · the most slips of a leaf) a card a leaf, 64 bytes, so one line of the
                    cache answers value and parts: bits of the float64 value · five parts of the margin, in grains · uint16[5] their
                    features · int32 its first slip, 0 = none. A slip, 32 bytes, has what a card has no room for: three parts ·
                    uint16[3] features · uint16 1 = its next slip follows

splits float64[4S]  32 bytes a split, for walks of many rows abreast: float32 threshold · uint16 column · uint16 feature · uint32 leaves
                    below its left side · uint32 below its right · what going left and going right adds to the feature's part
values float64[32T] per tree the values of its leaves, by `place_of` their bit

A walk compares float32 values that are never NaN: what is missing has become −inf (goes left), +inf (goes right) or 0 when the row was
copied into the work row, so a feature that goes both ways when missing has two columns. Thresholds are float64 in LightGBM; the largest
float32 not above one decides every float32 value alike.
"""

from __future__ import annotations

from typing import Final

P_TREES: Final = 0
P_FEATURES: Final = 1  # of the caller's row
P_WIDTH: Final = 2  # plain columns of the work row
P_GROUPS: Final = 3
P_COLUMNS: Final = 4  # offset; per column feature * COLUMN_SCALE + treatment
P_ROOTS: Final = 5  # offset; per tree root and depth
P_SORTED: Final = 6  # offset; per group of LANES trees of like depth: depth, roots, places in the order of trees
P_AVERAGED: Final = 7
P_SETS: Final = 8  # offset
P_SET_FEATURES: Final = 9  # how many categorical features follow there
P_ABREAST: Final = 10  # offset; per tree its first split in `splits`, and the end; none when a tree has more than ABREAST_LEAVES leaves
HEADER: Final = 11
SET_HEAD: Final = 3

LANES: Final = 8  # chains walked side by side: one chain waits for the cache most of its time
GROUP: Final = 1 + 2 * LANES

COLUMN_SCALE: Final = 16
TO_ZERO: Final = 0  # treatment of what is missing
TO_LEFT: Final = 1
TO_RIGHT: Final = 2
ZERO_IS_MISSING: Final = 4  # added to one of the above
PRESENT_TO_ZERO: Final = 8  # added too, for splits that only ask whether the value is missing (LightGBM: threshold inf)
ZERO_BOUND: Final = 1.0000000180025095e-35  # LightGBM takes |value| ≤ 1e-35 (as float32) for zero

COLUMNS_MAX: Final = 0xFFFF
NODES_OF_A_TREE_MAX: Final = 0xFFFF

LEAF_ONE: Final = 0x3F800000  # a leaf's threshold: the bits of 1.0, and in the lower 23 its number
LEAF_BITS: Final = 0x7FFFFF
CARD: Final = 8  # places of a card; the head takes as many
CARD_PARTS: Final = 5  # half of all leaves have no more
CARD_OWNERS: Final = 6
CARD_SLIP: Final = 15  # in halves of a place
SLIP: Final = 4  # places of a slip; the number of a slip counts these from the head on
SLIP_PARTS: Final = 3
HEAD_GRAIN: Final = 0
HEAD_SLIPS: Final = 1
SPARE: Final = (
    CARD_PARTS  # places behind the parts of all features: padding goes there, to one a lane, so that it waits for none
)
REASONS: Final = 4
SUM_BITS: Final = 52  # sums of parts are multiples of a grain that this many bits hold
ABREAST_LEAVES: Final = 32  # the leaves that a row may still reach are the bits of a word
ABREAST_STEP: Final = 4  # splits asked in one pass over the rows; trees are padded to whole steps
SPLIT: Final = 4
BIT_HASH: Final = 0x077CB531  # de Bruijn: the upper five bits of its product with 1 << k differ for all 32 k
SMALLEST_PART: Final = 1e-9  # a smaller part is a rounding remainder, no reason
