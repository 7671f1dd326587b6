"""What a caller chooses, and what follows from the size of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

SMALL_CELLS: Final = 350_000
MIDDLE_CELLS: Final = 6_000_000
LARGE_CELLS: Final = 40_000_000


@dataclass(frozen=True, slots=True)
class ForestRecipe:
    """A way to fit a forest: LightGBM's parameters over the room's, and trees at most."""

    name: str
    params: Mapping[str, Any]
    rounds: int


@dataclass(frozen=True, slots=True)
class PairPlan:
    """rounds at most, and how many without progress end a fit; bag: boosters whose mean is the final card."""

    rounds: int
    patience: int
    bag: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What the size of a table allows.

    folds      of the cross-fitting                        tune_rows  rows at most on which it is done
    patience   rounds without progress that end a fit       threads    at most: on few rows threads cost more than they bring
    bag        forests of each recipe in the final sum     again      whether recipe and shares are chosen anew for the refit
    crosses    numbers of pairs tried for the scorecard    refit      whether a refit is affordable
    pairs      where some pairs help, a scorecard boosted on all pairs is tried, too (None: not)
    """

    size: str
    recipes: tuple[ForestRecipe, ...]
    folds: int
    patience: int
    bag: int
    again: bool
    crosses: tuple[int, ...]
    tune_rows: int
    threads: int = 2
    refit: bool = True
    report_share_max: float = 0.25
    pairs: PairPlan | None = None


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How candidates are fitted.

    monotone      column → +1 or −1, declared by people: the probability never falls (rises) with the value
    leave_out     columns that must not be used; trust: columns that a person vouches for although they look like leaks or ids
    refit         after the examination fit once more on all rows; False: the examined models are the final ones
    report_share  of the rows (the last in time, where there is a time) that are kept for the report
    plan          instead of the plan that follows from the table's size
    """

    seed: int
    threads: int = 2
    monotone: Mapping[str, int] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    refit: bool = True
    report_share: float = 0.25
    plan: Plan | None = None


_CATEGORIES: Final[Mapping[str, Any]] = {"cat_smooth": 20.0, "cat_l2": 10.0, "min_data_per_group": 20}
_GENTLE: Final = {
    **_CATEGORIES, "num_leaves": 8, "learning_rate": 0.03, "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1,
    "lambda_l2": 5.0,
}  # fmt: skip
_MIDDLE: Final = {**_GENTLE, "num_leaves": 20}
_DEEP: Final = {
    **_CATEGORIES, "num_leaves": 48, "learning_rate": 0.05, "min_data_in_leaf": 5, "feature_fraction": 0.6,
    "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 1.0,
}  # fmt: skip
_WIDE: Final = {
    **_CATEGORIES, "num_leaves": 63, "learning_rate": 0.06, "min_data_in_leaf": 50, "feature_fraction": 0.4,
    "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 5.0,
}  # fmt: skip
_FAST: Final = {"learning_rate": 0.1}

_SMALL_PLAN: Final = Plan(
    "small", (ForestRecipe("gentle", _GENTLE, 500), ForestRecipe("middle", _MIDDLE, 350), ForestRecipe("deep", _DEEP, 800)),
    folds=5, patience=80, bag=4, again=True, crosses=(0, 10, 30), tune_rows=200_000, threads=1,
    pairs=PairPlan(rounds=4_000, patience=150, bag=4),
)  # fmt: skip
_MIDDLE_PLAN: Final = Plan(
    "middle",
    (
        ForestRecipe("gentle", {**_GENTLE, "learning_rate": 0.05}, 500), ForestRecipe("middle", _MIDDLE, 600),
        ForestRecipe("wide", _WIDE, 500),
    ),
    folds=3, patience=50, bag=3, again=False, crosses=(0, 10), tune_rows=200_000,
    pairs=PairPlan(rounds=1_500, patience=50, bag=2),
)  # fmt: skip
_LARGE_PLAN: Final = Plan(
    "large", (ForestRecipe("gentle", {**_GENTLE, **_FAST}, 400), ForestRecipe("wide", _WIDE, 600)),
    folds=2, patience=30, bag=1, again=False, crosses=(0, 10), tune_rows=150_000,
)  # fmt: skip
_HUGE_PLAN: Final = Plan(
    "huge", (ForestRecipe("wide", {**_WIDE, **_FAST, "min_data_in_leaf": 100}, 400),),
    folds=2, patience=20, bag=1, again=False, crosses=(0,), tune_rows=120_000, refit=False, report_share_max=0.1,
)  # fmt: skip


def plan_for(rows: int, columns: int) -> Plan:
    """The plan of a table of that size; it depends on nothing else, so a run repeats on any machine."""
    cells = rows * max(columns, 1)
    if cells <= SMALL_CELLS:
        return _SMALL_PLAN
    if cells <= MIDDLE_CELLS:
        return _MIDDLE_PLAN
    return _LARGE_PLAN if cells <= LARGE_CELLS else _HUGE_PLAN


__all__ = ["FitSettings", "ForestRecipe", "PairPlan", "Plan", "plan_for"]
