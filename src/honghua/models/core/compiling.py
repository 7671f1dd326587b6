"""Compiles a parsed booster into the arrays of `layout`: done once per model, in plain Python."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from honghua.base.errors import BadInput
from honghua.models.core import layout as at
from honghua.models.core.abreast import Change, lay_abreast
from honghua.models.core.booster_text import Booster, Missing, Tree
from honghua.models.core.cards import lay_cards, list_records

INT32_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Compiled:
    """The arrays of a forest, and the margin before any feature has spoken (the sum of the roots' values).

    `splits` and `values` are empty where a tree has too many leaves for them. named: the leaves as the digest is told them.
    """

    nodes: np.ndarray[Any, np.dtype[np.float32]]
    plan: np.ndarray[Any, np.dtype[np.int32]]
    cards: np.ndarray[Any, np.dtype[np.int64]]
    splits: np.ndarray[Any, np.dtype[np.float64]]
    values: np.ndarray[Any, np.dtype[np.float64]]
    base: float
    named: np.ndarray[Any, np.dtype[np.float64]]


@dataclass(slots=True)
class _Writing:
    """What grows while trees are written; positions are those of nodes, blocks and sets."""

    columns: dict[int, int] = field(default_factory=dict)
    thresholds: list[float] = field(default_factory=list)
    links: list[tuple[int, int]] = field(default_factory=list)
    leaf_nodes: list[int] = field(default_factory=list)
    leaves: list[tuple[float, list[tuple[int, float]]]] = field(default_factory=list)  # value, parts by feature
    sets: dict[int, dict[tuple[int, ...], int]] = field(default_factory=dict)  # feature → words → number of the set
    set_nodes: list[tuple[int, int, int]] = field(default_factory=list)  # node, feature, number of the set
    roots: list[tuple[int, int]] = field(default_factory=list)
    changes: dict[int, Change] = field(default_factory=dict)  # of splits, by node


def compile_booster(booster: Booster) -> Compiled:
    """The arrays; BadInput when the booster is beyond their bounds."""
    if booster.features + at.LANES > at.NODES_OF_A_TREE_MAX:
        raise BadInput(f"a forest takes at most {at.NODES_OF_A_TREE_MAX - at.LANES} features", code="BAD_MODEL")
    writing = _Writing()
    means = [node_values(tree) for tree in booster.trees]
    grain = _grain(sum(_longest_path(tree, values) for tree, values in zip(booster.trees, means, strict=True)))
    for tree, values in zip(booster.trees, means, strict=True):
        _write_tree(tree, values, (booster.averaged, grain), writing)
    if len(writing.columns) + sum(len(sets) for sets in writing.sets.values()) >= at.COLUMNS_MAX:
        raise BadInput(f"a forest takes at most {at.COLUMNS_MAX} work columns", code="BAD_MODEL")
    nodes, cards = _nodes(writing), lay_cards(writing.leaves, features=booster.features, grain=grain)
    small = all(tree.leaves <= at.ABREAST_LEAVES for tree in booster.trees)
    roots = [root for root, _ in writing.roots] if small else []
    splits, values_of_leaves, starts = lay_abreast(nodes, cards, roots, writing.changes)
    base = sum(values[0] for values in means) / booster.averaged
    named = list_records(writing.leaves, features=booster.features)
    return Compiled(nodes, _plan(booster, writing, starts), cards, splits, values_of_leaves, base, named)


def _grain(most: float) -> float:
    """A power of two such that sums of its multiples up to ± most are exact in float64, in any order."""
    return math.ldexp(1.0, math.frexp(most)[1] - at.SUM_BITS) if most > 0.0 else 1.0


def _longest_path(tree: Tree, values: list[float]) -> float:
    """The most that a walk through the tree can change, all changes counted as positive."""
    reached = [0.0] * max(1, len(tree.feature))
    most = 0.0
    for node in range(len(tree.feature)):
        for child in (int(tree.left[node]), int(tree.right[node])):
            value = values[child] if child >= 0 else float(tree.leaf_value[~child])
            path = reached[node] + abs(value - values[node])
            most = max(most, path)
            if child >= 0:
                reached[child] = path
    return most


def node_values(tree: Tree) -> list[float]:
    """Value of every split: the mean of the leaves below it, weighted by the rows of the fitting; [value of the leaf] for a lone leaf."""
    splits = len(tree.feature)
    if splits == 0:
        return [float(tree.leaf_value[0])]
    values, counts = [0.0] * splits, [0.0] * splits
    for i in range(splits - 1, -1, -1):  # LightGBM numbers a split before those below it
        sides = []
        for child in (int(tree.left[i]), int(tree.right[i])):
            if child >= 0:
                assert child > i
                sides.append((values[child], counts[child]))
            else:
                sides.append((float(tree.leaf_value[~child]), max(float(tree.leaf_count[~child]), 1.0)))
        counts[i] = sides[0][1] + sides[1][1]
        values[i] = (sides[0][0] * sides[0][1] + sides[1][0] * sides[1][1]) / counts[i]
    return values


def round_threshold(threshold: float) -> np.float32:
    """The float32 that splits all float32 values as the float64 does; values within ±1e-35 count as zero (layout.ZERO_BOUND)."""
    if np.isnan(threshold):
        raise BadInput("a threshold of the model text is no number", code="BAD_MODEL")
    if abs(threshold) <= at.ZERO_BOUND:
        bound = np.float32(at.ZERO_BOUND)
        return bound if threshold >= 0 else np.nextafter(-bound, np.float32(-np.inf))
    with np.errstate(over="ignore"):
        rounded = np.float32(threshold)
    return rounded if float(rounded) <= threshold else np.nextafter(rounded, np.float32(-np.inf))


def _write_tree(tree: Tree, values: list[float], unit: tuple[int, float], writing: _Writing) -> None:
    """Breadth first, the two children of a split side by side. Parts are divided by unit[0] and rounded to multiples of unit[1]."""
    start = len(writing.thresholds)
    queue: list[tuple[int, int, dict[int, float]]] = [(0 if len(tree.feature) else -1, 0, {})]
    depth_max = 0
    for place in range(2 * tree.leaves - 1):
        node, depth, path = queue[place]
        depth_max = max(depth_max, depth)
        if node < 0:
            writing.leaf_nodes.append(start + place)
            writing.leaves.append((float(tree.leaf_value[~node]), sorted(path.items())))
            writing.thresholds.append(0.0)
            writing.links.append((0, 0))
            continue
        _write_split(tree, node, len(queue) - place, writing)
        feature, changes = int(tree.feature[node]), []
        for child in (int(tree.left[node]), int(tree.right[node])):
            value = values[child] if child >= 0 else float(tree.leaf_value[~child])
            changes.append(round((value - values[node]) / unit[0] / unit[1]) * unit[1])
            queue.append((child, depth + 1, path | {feature: path.get(feature, 0.0) + changes[-1]}))
        writing.changes[start + place] = Change(feature, changes[0], changes[1])
    if len(queue) != 2 * tree.leaves - 1 or len(queue) > at.NODES_OF_A_TREE_MAX:
        raise BadInput("a tree of the model is not whole, or has more than 32,768 leaves", code="BAD_MODEL")
    writing.roots.append((start, depth_max))


def _write_split(tree: Tree, node: int, step: int, writing: _Writing) -> None:
    feature = int(tree.feature[node])
    if tree.is_categorical(node):
        sets = writing.sets.setdefault(feature, {})
        number = sets.setdefault(tree.categories[int(tree.threshold[node])], len(sets))
        writing.set_nodes.append((len(writing.thresholds), feature, number))
        writing.thresholds.append(0.0)
        writing.links.append((0, step))  # the column is known when all sets are
    else:
        missing = tree.missing(node)
        side = at.TO_LEFT if tree.sends_missing_left(node) else at.TO_RIGHT
        treatment = at.TO_ZERO if missing is Missing.NONE else side
        zero = at.ZERO_IS_MISSING if missing is Missing.ZERO else 0
        threshold = float(tree.threshold[node])
        if threshold == np.inf and treatment == at.TO_RIGHT:  # whatever is there goes left, also +inf
            treatment, threshold = treatment + at.PRESENT_TO_ZERO, 0.0
        writing.links.append((_column(writing, feature, treatment + zero), step))
        writing.thresholds.append(float(round_threshold(threshold)))


def _column(writing: _Writing, feature: int, treatment: int) -> int:
    return writing.columns.setdefault(feature * at.COLUMN_SCALE + treatment, len(writing.columns))


def _plan(booster: Booster, writing: _Writing, starts: list[int]) -> np.ndarray[Any, np.dtype[np.int32]]:
    trees = len(writing.roots)
    # Trees of like depth walk together: a group goes as deep as its deepest.
    order = sorted(range(trees), key=lambda t: writing.roots[t][1])
    groups: list[int] = []
    for k in range(0, trees, at.LANES):
        some = order[k : k + at.LANES]
        spare = at.LANES - len(some)
        roots = [writing.roots[t][0] for t in some] + [writing.roots[some[-1]][0]] * spare
        groups += [max(writing.roots[t][1] for t in some), *roots, *some, *[trees] * spare]
    columns = _plain_columns(writing)
    header = [0] * at.HEADER
    header[at.P_TREES], header[at.P_FEATURES], header[at.P_WIDTH] = trees, booster.features, len(columns)
    header[at.P_GROUPS], header[at.P_AVERAGED] = len(groups) // at.GROUP, booster.averaged
    header[at.P_COLUMNS] = at.HEADER
    header[at.P_ROOTS] = header[at.P_COLUMNS] + len(columns)
    header[at.P_SORTED] = header[at.P_ROOTS] + 2 * trees
    header[at.P_SETS], header[at.P_SET_FEATURES] = header[at.P_SORTED] + len(groups), len(writing.sets)
    sets = _set_words(writing)
    header[at.P_ABREAST] = header[at.P_SETS] + len(sets)
    flat = [*header, *columns, *(number for root in writing.roots for number in root), *groups, *sets, *starts]
    if len(flat) > INT32_MAX or len(writing.leaves) > at.LEAF_BITS:
        raise BadInput("the model is too large: more than 8,388,607 leaves", code="BAD_MODEL")
    return np.array(flat, np.int64).astype(np.uint32).view(np.int32)


def _plain_columns(writing: _Writing) -> list[int]:
    return list(writing.columns)


def _set_words(writing: _Writing) -> list[int]:
    flat: list[int] = []
    for feature, sets in writing.sets.items():
        longest = max(len(words) for words in sets)
        flat += [feature, len(sets), longest]
        flat += [words[w] if w < len(words) else 0 for w in range(longest) for words in sets]
    return flat


def _nodes(writing: _Writing) -> np.ndarray[Any, np.dtype[np.float32]]:
    nodes = np.zeros(2 * len(writing.thresholds), np.float32)
    nodes[0::2] = writing.thresholds
    links = nodes.view(np.uint16).reshape(-1, 4)
    links[:, 2:] = np.array(writing.links, np.uint16).reshape(-1, 2)
    first: dict[int, int] = {}
    column = len(_plain_columns(writing))
    for feature, sets in writing.sets.items():
        first[feature], column = column, column + len(sets)
    for node, feature, number in writing.set_nodes:
        links[node, 2] = first[feature] + number
    links[writing.leaf_nodes, 2] = column  # the last one, −inf
    nodes.view(np.int32)[2 * np.array(writing.leaf_nodes, np.int64)] = at.LEAF_ONE | np.arange(
        len(writing.leaves), dtype=np.int32
    )
    return nodes
