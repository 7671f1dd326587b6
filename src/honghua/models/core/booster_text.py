"""Reads the text form of a LightGBM booster (format v3 and v4) into plain trees; nothing of LightGBM itself is needed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Any, Final

import numpy as np

from honghua.base.errors import BadInput

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]

CATEGORICAL: Final = 1  # bits of decision_type
DEFAULT_LEFT: Final = 2
LOGISTIC_OBJECTIVES: Final = ("binary", "cross_entropy", "xentropy")
IDENTITY_OBJECTIVES: Final = ("regression", "regression_l2", "regression_l1", "huber", "fair", "quantile", "mape")
EXPONENTIAL_OBJECTIVES: Final = ("poisson", "gamma", "tweedie")


class Link(IntEnum):
    """How the booster's objective turns a margin into a prediction; stored numbers."""

    IDENTITY = 0
    LOGISTIC = 1
    EXPONENTIAL = 2


class Missing(IntEnum):
    """What a split takes for missing; LightGBM's numbers."""

    NONE = 0
    ZERO = 1
    NAN = 2


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree: m splits and m + 1 leaves. A child c ≥ 0 is a split, c < 0 the leaf ~c.

    `categories[k]` are the words of the bitset that the categorical split with threshold k sends left.
    """

    feature: IntArray
    threshold: FloatArray
    decision: IntArray
    left: IntArray
    right: IntArray
    leaf_value: FloatArray
    leaf_count: FloatArray
    categories: tuple[tuple[int, ...], ...]

    @property
    def leaves(self) -> int:
        """Number of leaves, at least one."""
        return len(self.leaf_value)

    def missing(self, split: int) -> Missing:
        """What the split takes for missing."""
        return Missing((int(self.decision[split]) >> 2) & 3)

    def is_categorical(self, split: int) -> bool:
        """Whether the split asks for membership in a set."""
        return bool(self.decision[split] & CATEGORICAL)

    def sends_missing_left(self, split: int) -> bool:
        """The default direction."""
        return bool(self.decision[split] & DEFAULT_LEFT)


@dataclass(frozen=True, slots=True)
class Booster:
    """A parsed booster. `averaged` is the number that the sum is divided by (random forests), else 1."""

    trees: tuple[Tree, ...]
    features: int
    link: Link
    steepness: float
    averaged: int


def parse_booster(text: str) -> Booster:
    """The booster that the text describes; BadInput names what is not supported."""
    head, *rest = text.split("\nTree=")
    fields = _fields(head)
    if not head.startswith("tree") or "max_feature_idx" not in fields:
        raise BadInput("this is no LightGBM model text", code="BAD_MODEL")
    if fields.get("num_tree_per_iteration", "1") != "1":
        raise BadInput("only models with one tree a round are supported, not multi-class ones", code="BAD_MODEL")
    link, steepness = _link(fields.get("objective", "regression"))
    trees = tuple(_tree(_fields(block.split("\nend of trees")[0])) for block in rest)
    averaged = len(trees) if "average_output" in head.splitlines() and trees else 1
    return Booster(trees, int(fields["max_feature_idx"]) + 1, link, steepness, averaged)


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in block.splitlines() if "=" in line)
    return {key: value for key, _, value in pairs}


def _link(objective: str) -> tuple[Link, float]:
    name, *options = objective.split() or ["regression"]
    if "sqrt" in options:
        raise BadInput("objectives on square roots are not supported", code="BAD_MODEL")
    if name in LOGISTIC_OBJECTIVES:
        steepness = [float(option.partition(":")[2]) for option in options if option.startswith("sigmoid:")]
        return Link.LOGISTIC, steepness[0] if steepness else 1.0
    if name in IDENTITY_OBJECTIVES:
        return Link.IDENTITY, 1.0
    if name in EXPONENTIAL_OBJECTIVES:
        return Link.EXPONENTIAL, 1.0
    raise BadInput(f"the objective {name!r} is not supported", code="BAD_MODEL")


def _tree(fields: dict[str, str]) -> Tree:
    if fields.get("is_linear", "0") != "0":
        raise BadInput("linear trees are not supported", code="BAD_MODEL")
    value = _floats(fields["leaf_value"])
    splits = len(value) - 1
    empty = splits == 0  # the text of a lone leaf leaves everything else out
    tree = Tree(
        feature=_ints("" if empty else fields["split_feature"]),
        threshold=_floats("" if empty else fields["threshold"]),
        decision=_ints("" if empty else fields["decision_type"]),
        left=_ints("" if empty else fields["left_child"]),
        right=_ints("" if empty else fields["right_child"]),
        leaf_value=value,
        leaf_count=np.ones(1) if empty else _floats(fields["leaf_count"]),
        categories=_categories(fields),
    )
    if any(len(part) != splits for part in (tree.feature, tree.threshold, tree.decision, tree.left, tree.right)):
        raise BadInput("a tree of the model text is cut short", code="BAD_MODEL")
    return tree


def _categories(fields: dict[str, str]) -> tuple[tuple[int, ...], ...]:
    if fields.get("num_cat", "0") == "0":
        return ()
    bounds, words = _ints(fields["cat_boundaries"]), _ints(fields["cat_threshold"])
    return tuple(tuple(int(word) for word in words[a:b]) for a, b in pairwise(bounds.tolist()))


def _floats(text: str) -> FloatArray:
    return np.array([float(word) for word in text.split()], np.float64)


def _ints(text: str) -> IntArray:
    return np.array([int(word) for word in text.split()], np.int64)
