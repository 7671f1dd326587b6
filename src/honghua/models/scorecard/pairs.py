"""A scorecard of single columns and of all pairs that matter, boosted: for tables on which two columns say far more together than apart.

Trees of depth two ask for two columns at most on any path, so their sum is a sum of tables of one or two columns: an additive model with
pairs. It is fitted as trees on the bins' numbers and read off as tables, exactly; then what a pair says of one of its columns alone moves
to that column's own table, so that a pair's table holds the interplay and nothing else. Sources: Lou, Caruana, Gehrke, Hooker (KDD 2013),
GA2M; Lengerich, Tan, Chang, Hooker, Caruana (AISTATS 2020), purification.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.models.core.booster_text import Tree
from honghua.models.scorecard.card import (
    Characteristic,
    Cutting,
    Float32,
    Float64,
    Scale,
    Scorecard,
    build_scorecard,
    combine,
)
from honghua.models.scorecard.cutting import CutSettings, Field, cut_evenly, cut_field
from honghua.models.training import Trained, train_forest

DEPTH: Final = 2
FOREST: Final = {
    "max_depth": DEPTH, "num_leaves": 2**DEPTH, "learning_rate": 0.1, "min_data_in_leaf": 5, "min_data_in_bin": 1,
    "bagging_fraction": 0.8, "bagging_freq": 1, "feature_fraction": 0.6, "lambda_l2": 1.0,
}  # fmt: skip
SWEEPS: Final = 50  # of moving means out of a pair's table
STILL: Final = 1e-9
Tables = dict[tuple[int, ...], Float64]


@dataclass(frozen=True, slots=True)
class PairBoost:
    """rounds: trees of each booster; bag: boosters whose mean is the card; ranges: of a column at most; seed, threads: of the fit."""

    rounds: int
    seed: int
    bag: int = 1
    ranges: int = 32
    threads: int = 1
    cut: CutSettings = field(default_factory=CutSettings)


@dataclass(frozen=True, slots=True, eq=False)
class Ruler:
    """The cuttings of the columns that a card may read, and how their bins stand in a line for the trees."""

    names: tuple[str, ...]
    cuttings: tuple[Cutting, ...]
    labels: tuple[tuple[str, ...], ...]
    directions: tuple[int, ...]

    def codes(self, x: Float32) -> Float32:
        """float32[n, C]: each row's bins as `marks` numbers them."""
        columns = []
        for cut in self.cuttings:
            found = cut.bins_of(x)
            columns.append(np.where(found >= 0, self.marks(cut)[np.maximum(found, 0)], np.nan))
        return np.ascontiguousarray(np.column_stack(columns), np.float32)

    def marks(self, cut: Cutting) -> Float64:
        """float64[bins]: ranges or groups 0, 1, …, special codes below them, missing NaN."""
        codes = len(cut.specials)
        plain = cut.bins - 1 - codes
        return np.concatenate([np.arange(plain), -1.0 - np.arange(codes), [np.nan]])


def lay_ruler(x: Float32, y: NDArray[Any], fields: Sequence[Field], boost: PairBoost) -> Ruler:
    """Cut the readable columns of rows float32[n, F]: numbers into many ranges of about equal size, words into groups of a like rate."""
    if x.shape[1] != len(fields) or len(y) != len(x) or not 0 < np.sum(y) < len(y):
        raise BadInput("rows, labels of both kinds and a field per column are needed", code="BAD_SHAPE")
    cut = [
        cut_evenly(x, place, one, boost.ranges) if one.words is None else cut_field(x, y, place, one, boost.cut)
        for place, one in enumerate(fields)
        if one.read
    ]
    names = tuple(one.name for one in fields)
    return Ruler(
        names, tuple(one for one, _ in cut), tuple(told for _, told in cut), tuple(one.direction for one in fields if one.read)
    )  # fmt: skip


def boost_pairs(
    ruler: Ruler, rows: tuple[Float32, NDArray[Any]], boost: PairBoost, *, number: int = 0,
    valid: tuple[Float32, NDArray[Any]] | None = None, patience: int = 0,
) -> Trained:  # fmt: skip
    """Trees of depth two on the codes of rows (x, y); `number` sets the boosters of a bag apart. A column with a declared direction is
    bound to it and pairs with none."""
    names = tuple(cut.name for cut in ruler.cuttings)
    bound = {name: way for name, way in zip(names, ruler.directions, strict=True) if way}
    free = [place for place, way in enumerate(ruler.directions) if not way]
    alone = [[place] for place, way in enumerate(ruler.directions) if way]
    params: dict[str, Any] = {**FOREST, "max_bin": 2 * boost.ranges + 1}
    if alone:
        params["interaction_constraints"] = [*alone, *([free] if free else [])]
    x, y = rows
    held = None if valid is None else (ruler.codes(valid[0]), valid[1])
    return train_forest(
        ruler.codes(x), y, names=names, valid=held, seed=boost.seed + number, monotone=bound, params=params, rounds=boost.rounds,
        patience=patience, num_threads=boost.threads,
    )  # fmt: skip


def fit_pair_card(x: Float32, y: NDArray[Any], fields: Sequence[Field], boost: PairBoost) -> Scorecard:
    """The card of rows float32[n, F] and y 0 or 1; its calibration is the bare logistic curve (see `calibrated`)."""
    ruler = lay_ruler(x, y, fields, boost)
    tables: Tables = {}
    base = 0.0
    for number in range(boost.bag):
        for tree in boost_pairs(ruler, (x, y), boost, number=number).forest.booster.trees:
            base += add_tree(tables, tree, ruler) / boost.bag
    bins = {cut.name: cut.bins_of(x) for cut in ruler.cuttings}
    labels = np.asarray(y, np.float64)
    scaled = {key: table / boost.bag for key, table in tables.items()}
    pure, shift = purify(scaled, ruler, {key: _count(ruler, key, bins) for key in _keys(scaled)})
    made = [_characteristic(ruler, key, table, bins, labels) for key, table in pure.items()]
    made.sort(key=lambda one: (len(one.cuttings), -_spread(one), one.name))
    return build_scorecard(ruler.names, tuple(made), intercept=base + shift, line=(1.0, 0.0), scale=Scale())


def add_tree(tables: Tables, tree: Tree, ruler: Ruler) -> float:
    """Add a tree of depth two to the tables; what it says of everybody is returned."""
    if tree.leaves == 1:
        return float(tree.leaf_value[0])
    first = int(tree.feature[0])
    goes_left = _side(tree, 0, ruler)
    for child, here in ((int(tree.left[0]), goes_left), (int(tree.right[0]), ~goes_left)):
        if child < 0:
            _add(tables, ruler, (first,), here * tree.leaf_value[~child])
            continue
        second = int(tree.feature[child])
        left, right = (tree.leaf_value[~int(side[child])] for side in (tree.left, tree.right))
        values = np.where(_side(tree, child, ruler), left, right)
        if second == first:
            _add(tables, ruler, (first,), here * values)
        elif first < second:
            _add(tables, ruler, (first, second), np.outer(here, values))
        else:
            _add(tables, ruler, (second, first), np.outer(values, here))
    return 0.0


def purify(tables: Tables, ruler: Ruler, counts: Tables) -> tuple[Tables, float]:
    """The same sum, every pair's rows and columns and every single of mean nothing over the rows; and what the intercept gains."""
    singles = {key[0]: tables.get((key[0],), np.zeros(ruler.cuttings[key[0]].bins)).copy() for key in _singles(tables)}
    pairs: Tables = {key: table.copy() for key, table in tables.items() if len(key) == 2}
    for key, table in pairs.items():
        for _ in range(SWEEPS):
            moved = 0.0
            for axis in (0, 1):
                mean = _means(table, counts[key], axis)
                table -= mean[:, None] if axis == 0 else mean[None, :]
                singles[key[axis]] += mean
                moved = max(moved, float(np.abs(mean).max()))
            if moved < STILL:
                break
        table[counts[key].sum(axis=1) == 0.0] = 0.0  # a bin that nobody was in says nothing
        table[:, counts[key].sum(axis=0) == 0.0] = 0.0
    shift = 0.0
    for place, single in singles.items():
        weight = counts[place,]
        middle = float(single @ weight / max(weight.sum(), 1.0))
        single -= middle
        single[weight == 0.0] = 0.0
        shift += middle
    pure: Tables = {(place,): single for place, single in singles.items()}
    return pure | pairs, shift


def _side(tree: Tree, split: int, ruler: Ruler) -> NDArray[np.bool_]:
    """bool[bins]: which bins of its column a split sends left."""
    marks = ruler.marks(ruler.cuttings[int(tree.feature[split])])
    return np.where(np.isnan(marks), tree.sends_missing_left(split), marks <= tree.threshold[split])


def _add(tables: Tables, ruler: Ruler, key: tuple[int, ...], values: Float64) -> None:
    if key not in tables:
        tables[key] = np.zeros(tuple(ruler.cuttings[place].bins for place in key))
    tables[key] += values


def _singles(tables: Tables) -> list[tuple[int]]:
    return [(place,) for place in sorted({place for key in tables for place in key})]


def _keys(tables: Tables) -> list[tuple[int, ...]]:
    return [*_singles(tables), *(key for key in tables if len(key) == 2)]


def _place(ruler: Ruler, key: tuple[int, ...], bins: dict[str, NDArray[np.int64]]) -> NDArray[np.int64]:
    return combine(tuple(ruler.cuttings[place] for place in key), bins)


def _count(ruler: Ruler, key: tuple[int, ...], bins: dict[str, NDArray[np.int64]]) -> Float64:
    """Rows of each cell."""
    cells = _place(ruler, key, bins)
    shape = tuple(ruler.cuttings[place].bins for place in key)
    return np.bincount(cells[cells >= 0], minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)


def _means(table: Float64, counts: Float64, axis: int) -> Float64:
    """Means over the other column, nothing where there are no rows."""
    rows = counts.sum(axis=1 - axis)
    return np.asarray((table * counts).sum(axis=1 - axis) / np.maximum(rows, 1.0))


def _characteristic(
    ruler: Ruler, key: tuple[int, ...], table: Float64, bins: dict[str, NDArray[np.int64]], y: Float64
) -> Characteristic:
    cells = _place(ruler, key, bins)
    known = cells >= 0
    rows = np.bincount(cells[known], minlength=table.size).astype(np.int64)
    ones = np.bincount(cells[known], weights=y[known], minlength=table.size).astype(np.int64)
    labels = ruler.labels[key[0]]
    if len(key) == 2:
        labels = tuple(f"{a} & {b}" for a in labels for b in ruler.labels[key[1]])
    parts = np.ascontiguousarray(table.ravel())
    mean = float(rows @ parts / max(rows.sum(), 1))
    return Characteristic(tuple(ruler.cuttings[place] for place in key), parts, mean, labels, rows, ones)


def _spread(one: Characteristic) -> float:
    return float(one.rows @ (one.parts - one.mean) ** 2)


__all__ = ["PairBoost", "Ruler", "add_tree", "boost_pairs", "fit_pair_card", "lay_ruler", "purify"]
