"""A scorecard as decision trees in LightGBM's text form: one tree per characteristic, so that a forest may take the card into its sum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from honghua.models.scorecard.card import Characteristic, Cutting, Scorecard

CATEGORICAL: Final = 1  # bits of LightGBM's decision_type
NAN_RIGHT: Final = 8  # what is NaN is missing and goes right
BITS: Final = 32

Leaf = Callable[[int], int]  # bin number → the node that stands for it (a leaf is ~number)


@dataclass(slots=True)
class _Tree:
    """What grows while a tree is written; nodes are made before those below them, as LightGBM numbers them."""

    feature: list[int] = field(default_factory=list)
    threshold: list[str] = field(default_factory=list)
    decision: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    leaves: list[float] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    sets: list[list[int]] = field(default_factory=list)

    def leaf(self, value: float, rows: int) -> int:
        """A new leaf."""
        self.leaves.append(value)
        self.rows.append(max(rows, 1))
        return ~(len(self.leaves) - 1)

    def split(self, place: int, threshold: str, decision: int) -> int:
        """A new split whose children come later."""
        self.feature.append(place)
        self.threshold.append(threshold)
        self.decision.append(decision)
        self.left.append(0)
        self.right.append(0)
        return len(self.feature) - 1


def card_trees(card: Scorecard) -> list[str]:
    """Bodies of the trees whose margins sum to the card's, without the intercept; each begins after its line `Tree=`."""
    return [_tree_of(one) for one in card.characteristics if one.parts.any()]


def constant_tree(value: float) -> str:
    """A tree of one leaf."""
    return f"num_leaves=1\nnum_cat=0\nleaf_value={value!r}\nis_linear=0\nshrinkage=1\n"


def _tree_of(one: Characteristic) -> str:
    tree = _Tree()
    if len(one.cuttings) == 1:
        _grow(tree, one.cuttings[0], lambda bin_: tree.leaf(*_value(one, bin_)))
    else:
        first, second = one.cuttings

        def below(bin_: int) -> int:
            if bin_ < 0:
                return tree.leaf(*_value(one, -1))
            return _grow(
                tree, second, lambda other: tree.leaf(*_value(one, -1 if other < 0 else bin_ * second.bins + other))
            )

        _grow(tree, first, below)
    return _text(tree)


def _value(one: Characteristic, bin_: int) -> tuple[float, int]:
    return (one.mean, 0) if bin_ < 0 else (float(one.parts[bin_]), int(one.rows[bin_]))


def _grow(tree: _Tree, cut: Cutting, leaf: Leaf) -> int:
    """Write the splits of a cutting; the number of its first node."""
    return _grow_words(tree, cut, leaf) if cut.groups is not None else _grow_numbers(tree, cut, leaf)


def _grow_numbers(tree: _Tree, cut: Cutting, leaf: Leaf) -> int:
    """Missing first (everything that is there goes left of infinity), then halves of the line of ranges and special codes."""
    first = tree.split(cut.place, "inf", NAN_RIGHT)
    ends: list[tuple[np.float32, int]] = []  # the largest float32 of a stretch, and its bin
    marks = sorted({*cut.edges.tolist(), *cut.specials})
    for mark in marks:
        before = np.nextafter(np.float32(mark), np.float32(-np.inf))
        ends.append((before, int(np.searchsorted(cut.edges, float(before), side="right"))))
        if mark in cut.specials:
            ends.append((np.float32(mark), len(cut.edges) + 1 + cut.specials.index(mark)))
    ends.append((np.float32(np.inf), len(cut.edges)))

    def halve(low: int, high: int) -> int:
        if low == high:
            return leaf(ends[low][1])
        middle = (low + high) // 2
        node = tree.split(cut.place, repr(float(ends[middle][0])), NAN_RIGHT)
        tree.left[node] = halve(low, middle)
        tree.right[node] = halve(middle + 1, high)
        return node

    tree.left[first] = halve(0, len(ends) - 1)
    tree.right[first] = leaf(cut.bins - 1)
    return first


def _grow_words(tree: _Tree, cut: Cutting, leaf: Leaf) -> int:
    """One question per group; who is in none has never been seen."""
    assert cut.groups is not None
    used = [group for group in range(cut.bins) if (cut.groups == group).any()]

    def ask(k: int) -> int:
        if k == len(used):
            return leaf(-1)
        node = tree.split(cut.place, str(len(tree.sets)), CATEGORICAL)
        tree.sets.append(_bits(np.flatnonzero(cut.groups == used[k]).tolist()))
        tree.left[node] = leaf(used[k])
        tree.right[node] = ask(k + 1)
        return node

    return ask(0)


def _bits(codes: list[int]) -> list[int]:
    words = [0] * (max(codes) // BITS + 1)
    for code in codes:
        words[code // BITS] |= 1 << (code % BITS)
    return words


def _text(tree: _Tree) -> str:
    splits = len(tree.feature)
    if splits == 0:
        return constant_tree(tree.leaves[0])
    below = _below(tree)
    fields: dict[str, list[object]] = {
        "split_feature": [*tree.feature], "split_gain": [0] * splits, "threshold": [*tree.threshold],
        "decision_type": [*tree.decision], "left_child": [*tree.left], "right_child": [*tree.right],
        "leaf_value": [repr(v) for v in tree.leaves], "leaf_weight": [*tree.rows], "leaf_count": [*tree.rows],
        "internal_value": [0] * splits, "internal_weight": [*below], "internal_count": [*below],
    }  # fmt: skip
    if tree.sets:
        bounds = np.cumsum([0, *(len(words) for words in tree.sets)]).tolist()
        fields |= {"cat_boundaries": bounds, "cat_threshold": [word for words in tree.sets for word in words]}
    lines = [f"{name}={' '.join(str(v) for v in values)}" for name, values in fields.items()]
    return "\n".join(
        [f"num_leaves={len(tree.leaves)}", f"num_cat={len(tree.sets)}", *lines, "is_linear=0", "shrinkage=1", ""]
    )


def _below(tree: _Tree) -> list[int]:
    counts = [0] * len(tree.feature)
    for node in range(len(tree.feature) - 1, -1, -1):
        for child in (tree.left[node], tree.right[node]):
            counts[node] += counts[child] if child >= 0 else tree.rows[~child]
    return counts


__all__ = ["card_trees", "constant_tree"]
