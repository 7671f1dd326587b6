"""Which rows are fitted on, and which are kept away: by time where there is one, else at random; a person is never parted."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.lab.tables.api import Table

Int64 = NDArray[np.int64]
OF_A_CLASS_MIN: Final = 5
REPORT_SHARE_MAX: Final = 0.5  # of the rows, where the last ones alone hold too few of an outcome
COPIES_MIN: Final = 0.01  # share of the rows that are copies of others: fewer are chance and change no figure
# A group with more of the rows than this is no person and no copy: rows of few values are alike by chance.
GROUP_SHARE_MAX: Final = 0.05
MIX: Final = tuple(np.uint64(value) for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Places of the development rows and of the report rows, both rising; told: how the report rows were chosen, in words."""

    development: Int64
    report: Int64
    told: str


def split_report(table: Table, *, share: float, seed: int) -> Split:
    """Keep a share of the rows for the report; BadInput when there are too few of an outcome. Rows of one time are never parted.

    With a time these are the last rows; where they hold too few of an outcome (the newest cases have not turned out yet), the report begins
    earlier, and where half of the rows would not do, it is drawn at random. Rows that belong together are drawn together.
    """
    if table.time is not None:
        early = _cut_by_time(table, share)
        if early is not None:
            parts = np.flatnonzero(early), np.flatnonzero(~early)
            begun = len(parts[1]) > share * table.rows + 1
            why = ", begun earlier as the newest hold too few of an outcome" if begun else ""
            return Split(*parts, f"the last in {table.time_name}{why}")
    groups = find_groups(table)
    folds = draw_folds(table.labels, count=max(2, round(1.0 / share)), seed=seed, name="report", groups=groups)
    parts = np.flatnonzero(folds != 0), np.flatnonzero(folds == 0)
    if not all(_has_both(table.labels[part]) for part in parts):
        raise BadInput("too few rows of one outcome to keep some for the report", code="TOO_FEW_ROWS")
    told = "drawn within each outcome" + ("" if groups is None else ", rows that belong together on one side")
    if table.time is not None:
        told += f"; no cut in {table.time_name} leaves enough of both outcomes on both sides"
    return Split(*parts, told)


def _cut_by_time(table: Table, share: float) -> NDArray[np.bool_] | None:
    """Which rows are early: the latest cut that keeps at least the share, with both outcomes on both sides; None when there is none."""
    assert table.time is not None
    times = np.sort(table.time)
    cut = times[max(0, int(table.rows * (1.0 - share)) - 1)]
    if cut == times[-1]:  # the last moment holds a whole share: it is the report
        cuts = np.unique(times[times < cut])[::-1]
    else:
        cuts = np.unique(times[times <= cut])[::-1]
    for moment in cuts:
        early: NDArray[np.bool_] = table.time <= moment
        begun = moment < cuts[0]
        if begun and (~early).sum() > REPORT_SHARE_MAX * table.rows:
            return None
        if _has_both(table.labels[early]) and _has_both(table.labels[~early]):
            return early
    return None


def _has_both(y: NDArray[Any]) -> bool:
    ones = int(np.sum(y))
    return min(ones, len(y) - ones) >= OF_A_CLASS_MIN


def find_groups(table: Table) -> Int64 | None:
    """A number per row, the same for rows that must not stand on two sides (of one id, copies of one another); None where all stand alone.

    A model that has seen a row's copy, or another month of the same person, knows more of it than it will of a stranger.
    """
    count, parents = table.rows, np.arange(table.rows)
    keys = [] if table.ids is None else [_number(table.ids)]
    copies = _print_rows(table)
    if count - len(np.unique(copies)) >= COPIES_MIN * count:
        keys.append(np.unique(copies, return_inverse=True)[1])
    for key in keys:
        sizes = np.bincount(key)
        if 1 < sizes.max() <= GROUP_SHARE_MAX * count:
            parents = _join(parents, key)
    return None if len(np.unique(parents)) == count else parents


def _print_rows(table: Table) -> NDArray[np.uint64]:
    """A number per row that is the same for rows of the same values, column by column (finaliser: Steele, Lea and Flood, OOPSLA 2014)."""
    found = np.zeros(table.rows, np.uint64)
    for column in table.columns:
        values = np.where(column.missing, -1.0, column.values + 0.0).view(np.uint64) ^ column.missing.astype(np.uint64)
        found = (found ^ values) * MIX[0]
        found = (found ^ (found >> np.uint64(30))) * MIX[1]
        found = (found ^ (found >> np.uint64(27))) * MIX[2]
        found ^= found >> np.uint64(31)
    return found


def _number(keys: Sequence[str]) -> Int64:
    known: dict[str, int] = {}
    return np.array([known.setdefault(key, len(known)) for key in keys], np.int64)


def _join(parents: Int64, key: Int64) -> Int64:
    """The coarsest of both groupings: rows are together when a chain of either leads from one to the other."""
    while True:
        least = np.full(int(key.max()) + 1, len(parents), np.int64)
        np.minimum.at(least, key, parents)
        found = least[key]
        again = np.full(len(parents), len(parents), np.int64)
        np.minimum.at(again, parents, found)
        found = again[parents]
        if np.array_equal(found, parents):
            return found
        parents = found


def draw_folds(y: NDArray[Any], *, count: int, seed: int, name: str, groups: Int64 | None = None) -> Int64:
    """A fold number per row, each fold with its share of ones; rows of one group in one fold."""
    rng = derive_rng(seed, "folds", name)
    out = np.empty(len(y), np.int64)
    if groups is not None:
        return _deal_groups(np.asarray(y), groups, count, rng)
    for outcome in (0, 1):
        rows = np.flatnonzero(np.asarray(y) == outcome)
        out[rng.permutation(rows)] = np.arange(len(rows)) % count
    return out


def _deal_groups(y: NDArray[Any], groups: Int64, count: int, rng: np.random.Generator) -> Int64:
    """The largest groups first, each to the fold that holds the least so far: half by its share of the ones, half by that of the zeros."""
    _, member = np.unique(groups, return_inverse=True)
    ones = np.bincount(member, weights=y)
    zeros = np.bincount(member) - ones
    weight = ones / max(1.0, ones.sum()) + zeros / max(1.0, zeros.sum())
    drawn = rng.permutation(len(weight))
    held = [(0.0, fold) for fold in range(count)]
    fold_of = np.empty(len(weight), np.int64)
    for group in drawn[np.argsort(-weight[drawn], kind="stable")].tolist():
        least, fold = heapq.heappop(held)
        fold_of[group] = fold
        heapq.heappush(held, (least + float(weight[group]), fold))
    return fold_of[member]


def draw_one_each(groups: Int64, *, seed: int, name: str) -> Int64:
    """A place of each group, rising: rows that stand for themselves, where many stand for one person."""
    drawn = derive_rng(seed, "one each", name).permutation(len(groups))
    return np.sort(drawn[np.unique(groups[drawn], return_index=True)[1]])


def draw_sample(y: NDArray[Any], *, rows: int, seed: int, name: str) -> Int64:
    """So many places at most, rising, each outcome with its share."""
    if len(y) <= rows:
        return np.arange(len(y))
    rng = derive_rng(seed, "sample", name)
    parts = [np.flatnonzero(np.asarray(y) == outcome) for outcome in (0, 1)]
    kept = [rng.choice(part, max(1, round(rows * len(part) / len(y))), replace=False) for part in parts]
    return np.sort(np.concatenate(kept))


__all__ = ["Split", "draw_folds", "draw_one_each", "draw_sample", "find_groups", "split_report"]
