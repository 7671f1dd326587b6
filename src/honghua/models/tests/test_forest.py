from __future__ import annotations

import itertools
from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.models.core import Forest, build_model
from honghua.models.core.booster_text import parse_booster
from honghua.models.core.compiling import node_values, round_threshold
from honghua.models.core.kernels.abreast import FEW_ROWS, ROWS
from honghua.models.core.layout import ABREAST_LEAVES, HEAD_SLIPS, LANES
from honghua.models.tests.texts import margin, random_rows, random_text, random_tree, walk

SEEDS = st.integers(0, 2**32 - 1)
OBJECTIVES = st.sampled_from(["binary sigmoid:1", "binary sigmoid:2.5", "regression", "poisson", "cross_entropy"])


def forest_of(text: str) -> Forest:
    return Forest.from_text(text, names=[f"f{k}" for k in range(parse_booster(text).features)])


@settings(max_examples=60)
@given(
    seed=SEEDS, trees=st.integers(0, 19), features=st.integers(1, 7), leaves=st.integers(1, 40), objective=OBJECTIVES
)
@example(seed=0, trees=1, features=1, leaves=1, objective="regression")
@example(seed=1, trees=LANES, features=3, leaves=20, objective="binary sigmoid:1")
@example(seed=2, trees=LANES + 1, features=3, leaves=20, objective="poisson")
def test_margins_are_those_of_lightgbm_to_the_last_bit(seed, trees, features, leaves, objective):
    rng = np.random.default_rng(seed)
    text = random_text(rng, trees=max(trees, 1), features=features, leaves_max=leaves, objective=objective)
    x = random_rows(rng, rows=21, features=features)
    booster, forest = lightgbm.Booster(model_str=text), forest_of(text)
    theirs = np.asarray(booster.predict(x, raw_score=True, num_threads=1))
    assert np.array_equal(forest.score(x), theirs)
    assert [margin(forest.booster, row) for row in x] == theirs.tolist()
    assert np.allclose(build_model(forest).predict(x), booster.predict(x, num_threads=1), rtol=1e-15, atol=0)


@settings(max_examples=30)
@given(seed=SEEDS, rows=st.integers(0, 40), trees=st.integers(1, 12))
@example(seed=0, rows=5, trees=3)
@example(seed=0, rows=FEW_ROWS - 1, trees=3)
@example(seed=0, rows=FEW_ROWS, trees=3)
@example(seed=0, rows=ROWS, trees=3)
@example(seed=0, rows=16, trees=9)
@example(seed=0, rows=17, trees=9)
@example(seed=0, rows=ROWS + 1, trees=9)
def test_one_row_and_many_give_the_same_bits(seed, rows, trees):
    rng = np.random.default_rng(seed)
    forest = forest_of(random_text(rng, trees=trees, features=4, leaves_max=12, objective="regression"))
    x = random_rows(rng, rows=rows, features=4)
    many = explained(forest, x)
    for i in range(rows):
        one = explained(forest, x[i : i + 1])
        assert all(np.array_equal(a, b[i : i + 1]) for a, b in zip(one, many))
    assert np.array_equal(many[0], forest.score(x))


@settings(max_examples=30)
@given(seed=SEEDS, trees=st.integers(1, 12), leaves=st.integers(1, 40))
def test_base_and_parts_sum_to_the_margin_and_follow_the_path(seed, trees, leaves):
    rng = np.random.default_rng(seed)
    forest = forest_of(random_text(rng, trees=trees, features=12, leaves_max=leaves, objective="regression"))
    x = random_rows(rng, rows=8, features=12)
    parts = forest.parts(x)
    assert np.allclose(parts.sum(axis=1) + forest.base, forest.score(x), rtol=0, atol=1e-9)
    assert np.allclose(parts, [naive_parts(forest, row) for row in x], rtol=0, atol=1e-9)


@settings(max_examples=30)
@given(seed=SEEDS, features=st.integers(1, 9))
def test_reasons_are_the_four_largest_positive_parts(seed, features):
    rng = np.random.default_rng(seed)
    forest = forest_of(random_text(rng, trees=9, features=features, leaves_max=10, objective="regression"))
    x = random_rows(rng, rows=8, features=features)
    parts = forest.parts(x)
    _, reasons, sizes = explained(forest, x)
    for i in range(len(x)):
        ranked = sorted((k for k in range(features) if parts[i, k] > 1e-9), key=lambda k: (-parts[i, k], k))[:4]
        assert reasons[i].tolist() == ranked + [-1] * (4 - len(ranked))
        assert sizes[i].tolist() == [np.float32(parts[i, k]) for k in ranked] + [0.0] * (4 - len(ranked))


@pytest.mark.parametrize("leaves", [ABREAST_LEAVES - 1, ABREAST_LEAVES, ABREAST_LEAVES + 1])
def test_trees_with_more_leaves_than_a_word_has_bits_are_walked(leaves):
    rng = np.random.default_rng(leaves)
    head, foot = random_text(rng, trees=0, features=5, leaves_max=1, objective="regression").split("\nend of trees")
    trees = "".join(f"\nTree={k}\n{random_tree(rng, features=5, leaves=leaves)}\n" for k in range(5))
    text = f"{head}{trees}\nend of trees{foot}"
    forest, x = forest_of(text), random_rows(rng, rows=ROWS + 9, features=5)
    assert (len(forest.values) > 0) == (leaves <= ABREAST_LEAVES)
    assert np.array_equal(forest.score(x), lightgbm.Booster(model_str=text).predict(x, raw_score=True, num_threads=1))
    many, one = explained(forest, x), [explained(forest, x[i : i + 1]) for i in range(len(x))]
    assert all(np.array_equal(many[k], np.concatenate([told[k] for told in one])) for k in range(3))


def test_equal_parts_name_the_lower_feature_first():
    tree = "num_leaves=2\nnum_cat=0\nsplit_feature={f}\nthreshold=0\ndecision_type=2\nleft_child=-1\nright_child=-2\n"
    tree += "leaf_value=-1 1\nleaf_count=5 5\n"
    head = random_text(np.random.default_rng(0), trees=0, features=6, leaves_max=1, objective="regression").split(
        "\nend of trees"
    )[0]
    text = (
        head + "".join(f"\nTree={k}\n{tree.format(f=f)}\n" for k, f in enumerate([5, 3, 1, 4, 0])) + "\nend of trees\n"
    )
    forest = forest_of(text)
    _, reasons, sizes = explained(forest, np.ones((1, 6), np.float32))
    assert reasons.tolist() == [[0, 1, 3, 4]]
    assert sizes.tolist() == [[1.0, 1.0, 1.0, 1.0]]
    assert forest.base == 0.0


def test_a_split_that_asks_only_for_presence_sends_infinity_left():
    text = random_text(np.random.default_rng(0), trees=0, features=1, leaves_max=1, objective="regression").split(
        "\nend of trees"
    )[0]
    for decision, threshold in itertools.product((0, 2, 4, 6, 8, 10), ("inf", "1e300", "0", "-1.0000000180025095e-35")):
        tree = (
            f"num_leaves=2\nnum_cat=0\nsplit_feature=0\nsplit_gain=1\nthreshold={threshold}\ndecision_type={decision}\n"
        )
        tree += "left_child=-1\nright_child=-2\nleaf_value=1 2\nleaf_weight=1 1\nleaf_count=3 4\ninternal_value=0\n"
        tree += "internal_weight=0\ninternal_count=7\nis_linear=0\nshrinkage=1\n"
        whole = f"{text}\nTree=0\n{tree}\n\nend of trees\n\nparameters:\nend of parameters\n"
        x = np.array([[np.nan], [np.inf], [-np.inf], [0], [1e-36], [-1e-36], [3.4028235e38], [1], [-1]], np.float32)
        theirs = np.asarray(lightgbm.Booster(model_str=whole).predict(x, raw_score=True))
        assert forest_of(whole).score(x).tolist() == theirs.tolist(), (decision, threshold)


@given(st.floats(allow_nan=False, width=64), st.floats(width=32, allow_nan=False))
@example(1e300, np.inf)
@example(0.1, float(np.float32(0.1)))
@example(-1e-40, 0.0)
def test_a_rounded_threshold_decides_every_float32_alike(threshold, value):
    zero_bound = float(np.float32(1e-35))
    seen = 0.0 if abs(value) <= zero_bound else value
    assert (np.float32(value) <= round_threshold(threshold)) == (seen <= threshold)


def test_what_is_not_supported_is_refused_by_name():
    text = random_text(np.random.default_rng(1), trees=2, features=3, leaves_max=4, objective="regression")
    for wrong, word in (
        (text.replace("objective=regression", "objective=lambdarank"), "lambdarank"),
        (text.replace("objective=regression", "objective=regression sqrt"), "square roots"),
        (text.replace("num_tree_per_iteration=1", "num_tree_per_iteration=3"), "multi-class"),
        (text.replace("is_linear=0", "is_linear=1"), "linear"),
        ("nothing", "no LightGBM"),
    ):
        with pytest.raises(BadInput, match=word):
            Forest.from_text(wrong, names=["a", "b", "c"])
    with pytest.raises(BadInput, match="names"):
        Forest.from_text(text, names=["a", "b"])


@pytest.mark.parametrize(
    "x", [np.zeros((2, 3)), np.zeros((2, 2), np.float32), np.zeros(3, np.float32), np.zeros((3, 4), np.float32).T[:3]]
)
def test_rows_of_another_form_are_refused(x):
    forest = forest_of(random_text(np.random.default_rng(1), trees=2, features=3, leaves_max=4, objective="regression"))
    with pytest.raises(BadInput):
        forest.score(x)
    with pytest.raises(BadInput):
        forest.score_into(np.zeros((2, 3), np.float32), np.zeros(3))


def test_a_digest_names_what_is_computed():
    text = random_text(np.random.default_rng(1), trees=2, features=3, leaves_max=4, objective="regression")
    names = ["a", "b", "c"]
    forest = Forest.from_text(text, names=names)
    assert forest.digest == Forest.from_text(text + "\nsomething=else\n", names=names).digest
    assert forest.digest != Forest.from_text(text, names=["a", "c", "b"]).digest
    value = repr(float(forest.booster.trees[0].leaf_value[0]))
    assert forest.digest != Forest.from_text(text.replace(value, "0.25"), names=names).digest
    assert forest.digest != Forest.from_text(text.replace("regression", "poisson"), names=names).digest
    # A kept model is found by its digest: another layout in memory must not rename it. The value is that of the first layout.
    wide = random_text(np.random.default_rng(3), trees=5, features=12, leaves_max=40, objective="regression")
    assert forest_of(wide).digest.hex() == "4b278444c9375ab5d3ff150830206033201185a37857d809feeda1fe461d2e43"


def test_leaves_of_many_features_spill_over_to_further_slips():
    rng = np.random.default_rng(8)
    forest = forest_of(random_text(rng, trees=12, features=30, leaves_max=200, objective="regression"))
    assert forest.cards[HEAD_SLIPS] > 2
    x = random_rows(rng, rows=9, features=30)
    many = explained(forest, x)
    assert np.allclose(forest.parts(x), [naive_parts(forest, row) for row in x], rtol=0, atol=1e-9)
    for i in range(len(x)):
        assert all(np.array_equal(a, b[i : i + 1]) for a, b in zip(explained(forest, x[i : i + 1]), many))


def test_rooms_of_another_form_are_refused_for_one_row_too():
    forest = forest_of(random_text(np.random.default_rng(1), trees=2, features=3, leaves_max=4, objective="regression"))
    rows = np.zeros((1, 3), np.float32)
    fitting: list[Any] = [rows, np.empty(1), np.empty((1, 4), np.int32), np.empty((1, 4), np.float32)]
    forest.score_explained_into(*fitting)
    wrongs: list[tuple[int, Any]] = [
        (0, np.zeros((1, 2), np.float32)), (0, np.zeros((1, 3))), (1, np.empty(2)), (2, np.empty((1, 3), np.int32)),
        (2, np.empty((1, 4))), (3, np.empty((2, 4), np.float32)),
    ]  # fmt: skip
    for place, wrong in wrongs:
        rooms = [*fitting[:place], wrong, *fitting[place + 1 :]]
        with pytest.raises(BadInput):
            forest.score_explained_into(*rooms)


def explained(forest, x):
    out, reasons, sizes = np.empty(len(x)), np.empty((len(x), 4), np.int32), np.empty((len(x), 4), np.float32)
    forest.score_explained_into(x, out, reasons, sizes)
    again, parts = np.empty_like(reasons), np.empty_like(sizes)
    forest.explain_into(x, again, parts)
    assert np.array_equal(again, reasons)
    assert np.array_equal(parts, sizes)
    return out, reasons, sizes


def naive_parts(forest, row):
    parts = np.zeros(len(row))
    for tree in forest.booster.trees:
        leaf, path = walk(tree, row)
        values = [node_values(tree)[node] for node in path] + [float(tree.leaf_value[leaf])]
        for node, before, after in zip(path, values, values[1:]):
            parts[tree.feature[node]] += after - before
    return parts
