"""Ragged rows of a shard to dense blocks and back: what the database keeps flat, the closing kernel wants side by side."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def spread_rows(flat, offsets, width, out):
    """Fill out int64[n, rows, width] (zeroed) from flat int64[m], where row i owns flat[offsets[i] : offsets[i + 1]]."""
    for i in range(out.shape[0]):
        k = 0
        for j in range(offsets[i], offsets[i + 1]):
            out[i, k // width, k % width] = flat[j]
            k += 1


@njit(cache=True, nogil=True)
def gather_rows(blocks, counts, width, offsets, flat):
    """The inverse: write the first counts[i] rows of blocks[i] to flat from offsets[i] on."""
    for i in range(blocks.shape[0]):
        at = offsets[i]
        for r in range(counts[i]):
            for k in range(width):
                flat[at] = blocks[i, r, k]
                at += 1


@njit(cache=True, nogil=True)
def pack_snapshots(heads, dues, plans, dues_column, plans_column, offsets, flat):
    """Write head, dues in use and plans in use of every account behind each other, account i from offsets[i] on."""
    for i in range(heads.shape[0]):
        at = offsets[i]
        for k in range(heads.shape[1]):
            flat[at] = heads[i, k]
            at += 1
        for r in range(heads[i, dues_column]):
            for k in range(dues.shape[2]):
                flat[at] = dues[i, r, k]
                at += 1
        for r in range(heads[i, plans_column]):
            for k in range(plans.shape[2]):
                flat[at] = plans[i, r, k]
                at += 1
