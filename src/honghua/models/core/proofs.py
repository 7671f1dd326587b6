"""What can be proven on a forest's trees, for every row there could be, instead of sampled."""

from __future__ import annotations

from collections.abc import Mapping

from honghua.models.core.booster_text import Missing, Tree
from honghua.models.core.forest import Forest


def check_monotone(forest: Forest, monotone: Mapping[str, int]) -> list[str]:
    """Problems with the promise that the margin never falls (+1) or never rises (−1) with a feature; none = proven.

    Sufficient: at every split on the feature no leaf on the one side exceeds one on the other. A sum of such trees is monotone, also in
    floats, since rounding keeps order. Missing values stand outside the order; so zero must not be missing, and sets have no order.
    """
    problems = []
    for name, direction in monotone.items():
        if direction == 0:
            continue
        if name not in forest.names:
            problems.append(f"{name}: is no feature of the model")
            continue
        feature = forest.names.index(name)
        for number, tree in enumerate(forest.booster.trees):
            problem = _find_break(tree, feature, direction)
            if problem:
                problems.append(f"{name}: tree {number}, {problem}")
    return problems


def find_unseen_missing(forest: Forest, missing: Mapping[str, int]) -> list[str]:
    """Features of which rows are missing (name → how many) although some split has no way for missing values and reads them as zero."""
    blind = set()
    for tree in forest.booster.trees:
        for split in range(len(tree.feature)):
            if not tree.is_categorical(split) and tree.missing(split) is Missing.NONE:
                blind.add(forest.names[int(tree.feature[split])])
    return sorted(name for name, count in missing.items() if count and name in blind)


def _find_break(tree: Tree, feature: int, direction: int) -> str:
    """The first split on the feature that may break the order, as words."""
    splits = len(tree.feature)
    low, high = [0.0] * splits, [0.0] * splits
    for node in range(splits - 1, -1, -1):
        sides = []
        for child in (int(tree.left[node]), int(tree.right[node])):
            leaf = float(tree.leaf_value[~child]) if child < 0 else 0.0
            sides.append((leaf, leaf) if child < 0 else (low[child], high[child]))
        low[node], high[node] = min(sides[0][0], sides[1][0]), max(sides[0][1], sides[1][1])
        if int(tree.feature[node]) != feature:
            continue
        if tree.is_categorical(node):
            return f"split {node}: a set of categories has no order"
        if tree.missing(node) is Missing.ZERO:
            return f"split {node}: zero is missing, so it stands outside the order"
        below, above = (sides[0], sides[1]) if direction > 0 else (sides[1], sides[0])
        if below[1] > above[0]:
            return f"split {node}: a leaf of {below[1]!r} stands where none above {above[0]!r} may"
    return ""
