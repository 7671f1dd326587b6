"""Random booster texts, so that LightGBM and our forest can be held against each other where training would never lead."""

from __future__ import annotations

import math

import numpy as np

from honghua.models.core.booster_text import Booster, Missing, Tree

HEAD = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx={last}
objective={objective}
feature_names={names}
feature_infos={infos}
"""
SPECIAL = (
    0.0,
    -0.0,
    1e-35,
    -1e-35,
    1.0000000180025095e-35,
    -1.0000000180025095e-35,
    3.0e-36,
    1e300,
    -1e300,
    3.4028234663852886e38,
)
ROW_SPECIAL = (
    0.0, -0.0, 1e-35, -1e-35, 1e-36, -1e-36, 1e-40, math.nan, math.inf, -math.inf, 3.4028234663852886e38, -1.0, -0.5, 0.5, 1.0, 31.0, 32.0,
    63.9, 64.0, 95.0, 96.0, 1e9, 3e9, -3e9,
)  # fmt: skip


def random_text(rng: np.random.Generator, *, trees: int, features: int, leaves_max: int, objective: str) -> str:
    """A booster whose splits use every kind of decision that LightGBM knows."""
    names = " ".join(f"f{k}" for k in range(features))
    head = HEAD.format(last=features - 1, objective=objective, names=names, infos=" ".join(["none"] * features))
    blocks = [random_tree(rng, features=features, leaves=int(rng.integers(1, leaves_max + 1))) for _ in range(trees)]
    body = "".join(f"\nTree={k}\n{block}\n" for k, block in enumerate(blocks))
    return f"{head}{body}\nend of trees\n\nparameters:\nend of parameters\n"


def random_tree(rng: np.random.Generator, *, features: int, leaves: int) -> str:
    """Grown as LightGBM grows: some leaf becomes a split; it keeps its number on the left, the new leaf stands right."""
    left: list[int] = []
    right: list[int] = []
    threshold: list[float] = []
    decision: list[int] = []
    sets: list[list[int]] = []
    parent: dict[int, tuple[int, str]] = {}
    for node in range(leaves - 1):
        leaf = int(rng.integers(0, node + 1))
        if leaf in parent:
            above, side = parent[leaf]
            (left if side == "left" else right)[above] = node
        left.append(~leaf)
        right.append(~(node + 1))
        parent[leaf], parent[node + 1] = (node, "left"), (node, "right")
        if rng.random() < 0.3:
            decision.append(1 | int(rng.integers(0, 3)) << 2)
            threshold.append(float(len(sets)))
            sets.append([int(word) for word in rng.integers(0, 2**32, int(rng.integers(1, 4)))])
        else:
            decision.append(int(rng.integers(0, 2)) << 1 | int(rng.integers(0, 3)) << 2)
            threshold.append(float(rng.choice(SPECIAL)) if rng.random() < 0.3 else float(rng.normal()))
    lines = {
        "num_leaves": [leaves],
        "num_cat": [len(sets)],
        "split_feature": rng.integers(0, features, leaves - 1).tolist(),
        "split_gain": [1] * (leaves - 1),
        "threshold": [repr(value) for value in threshold],
        "decision_type": decision,
        "left_child": left,
        "right_child": right,
        "leaf_value": [repr(value) for value in rng.normal(size=leaves).tolist()],
        "leaf_weight": [1] * leaves,
        "leaf_count": rng.integers(1, 50, leaves).tolist(),
        "internal_value": [0] * (leaves - 1),
        "internal_weight": [0] * (leaves - 1),
        "internal_count": [0] * (leaves - 1),
    }
    if sets:
        lines["cat_boundaries"] = np.cumsum([0] + [len(words) for words in sets]).tolist()
        lines["cat_threshold"] = [word for words in sets for word in words]
    lines |= {"is_linear": [0], "shrinkage": [1]}
    return "\n".join(f"{key}={' '.join(str(value) for value in values)}" for key, values in lines.items())


def random_rows(rng: np.random.Generator, *, rows: int, features: int) -> np.ndarray:
    """Plain values, categories and everything special."""
    x = rng.normal(size=(rows, features))
    x = np.where(rng.random(x.shape) < 0.3, rng.integers(-2, 100, x.shape), x)
    return np.where(rng.random(x.shape) < 0.3, rng.choice(ROW_SPECIAL, x.shape), x).astype(np.float32)


def walk(tree: Tree, row: np.ndarray) -> tuple[int, list[int]]:
    """The leaf of a row and the splits on the way, by LightGBM's rules in plain Python: the oracle of the kernels."""
    node, path = (0 if len(tree.feature) else -1), []
    while node >= 0:
        path.append(node)
        node = int(tree.left[node] if goes_left(tree, node, float(row[tree.feature[node]])) else tree.right[node])
    return ~node, path


def goes_left(tree: Tree, node: int, value: float) -> bool:
    """One decision."""
    if tree.is_categorical(node):
        if math.isnan(value) or not -1.0 < value < 2.0**31:
            return False
        word, bit = divmod(int(value), 32)
        words = tree.categories[int(tree.threshold[node])]
        return word < len(words) and bool(words[word] >> bit & 1)
    zero_bound = float(np.float32(1e-35))
    missing = tree.missing(node)
    if math.isnan(value) and missing is not Missing.NAN:
        value = 0.0
    if abs(value) <= zero_bound:
        value = 0.0
    if (missing is Missing.ZERO and value == 0.0) or (missing is Missing.NAN and math.isnan(value)):
        return tree.sends_missing_left(node)
    return value <= float(tree.threshold[node])


def margin(booster: Booster, row: np.ndarray) -> float:
    """Sum of the leaves in order."""
    total = 0.0
    for tree in booster.trees:
        total += float(tree.leaf_value[walk(tree, row)[0]])
    return total / booster.averaged
