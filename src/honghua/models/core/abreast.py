"""Lays the splits of small trees out for `kernels.abreast`: each split knows which leaves are below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from honghua.models.core import layout as at

Float32 = np.ndarray[Any, np.dtype[np.float32]]
Float64 = np.ndarray[Any, np.dtype[np.float64]]
Int64 = np.ndarray[Any, np.dtype[np.int64]]
ALL = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Change:
    """What the two ways from a split add to the part of its feature."""

    feature: int
    left: float
    right: float


def place_of(leaf: int) -> int:
    """Where the value of the leaf with bit `leaf` lies among its tree's 32 places: the kernel computes it from the bit alone."""
    return ((at.BIT_HASH << leaf) & ALL) >> 27


def lay_abreast(
    nodes: Float32, cards: Int64, roots: Sequence[int], changes: Mapping[int, Change]
) -> tuple[Float64, Float64, list[int]]:
    """(splits, values, first split per tree and the end) of trees with these roots, each of at most ABREAST_LEAVES leaves.

    Leaves are numbered from left to right, so that the one a row ends in is the leftmost that no split has ruled out.
    """
    links, numbers, told = nodes.view(np.uint16), nodes.view(np.int32), cards.view(np.float64)
    rows: list[tuple[int, int, int, int]] = []  # node, column, bits of the leaves on its left and right side
    values, starts = np.zeros(at.ABREAST_LEAVES * len(roots)), [0]

    def leaves_below(node: int, first: int, tree: int) -> int:
        """The number behind the last leaf below `node`; notes splits and values on the way."""
        step = int(links[4 * node + 3])
        if step == 0:
            leaf = int(numbers[2 * node]) & at.LEAF_BITS
            values[at.ABREAST_LEAVES * tree + place_of(first)] = told[at.CARD * (1 + leaf)]
            return first + 1
        middle = leaves_below(node + step, first, tree)
        end = leaves_below(node + step + 1, middle, tree)
        rows.append((node, int(links[4 * node + 2]), (1 << middle) - (1 << first), (1 << end) - (1 << middle)))
        return end

    for tree, root in enumerate(roots):
        begun = len(rows)
        leaves_below(root, 0, tree)
        rows[begun:] = sorted(rows[begun:], key=lambda row: (changes[row[0]].feature, row[1]))
        rows += [(-1, 0, 0, 0)] * (-len(rows) % at.ABREAST_STEP)
        starts.append(len(rows))
    return _split_rows(rows, nodes, changes), values, starts


def _split_rows(rows: Sequence[tuple[int, int, int, int]], nodes: Float32, changes: Mapping[int, Change]) -> Float64:
    splits = np.zeros((len(rows), at.SPLIT))
    shorts = splits.view(np.uint16).reshape(len(rows), 4 * at.SPLIT)
    thresholds = splits.view(np.float32).reshape(len(rows), 2 * at.SPLIT)
    bits = splits.view(np.uint32).reshape(len(rows), 2 * at.SPLIT)
    for k, (node, column, left, right) in enumerate(rows):
        if node < 0:  # padding: nothing is above +inf
            thresholds[k, 0] = np.inf
            continue
        change = changes[node]
        thresholds[k, 0] = nodes[2 * node]
        shorts[k, 2], shorts[k, 3] = column, change.feature
        bits[k, 2], bits[k, 3] = left, right
        splits[k, 2], splits[k, 3] = change.left, change.right
    return splits.ravel()


__all__ = ["Change", "lay_abreast", "place_of"]
