"""Fits forests with LightGBM, reproducibly: the same rows and the same seed give the same digest on any number of threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Required, TypedDict, Unpack

import numpy as np

from honghua.base.errors import BadInput
from honghua.models.core.forest import Float32, Float64, Forest

ROUNDS: Final = 300
PATIENCE: Final = 50
THREADS: Final = 2
# What a caller may change by `params`; what makes a run repeatable may not be changed.
DEFAULTS: Final[Mapping[str, Any]] = {
    "objective": "binary",
    "num_leaves": 31,
    "learning_rate": 0.05,
    "min_data_in_leaf": 20,
    "monotone_constraints_method": "basic",
}
FIXED: Final[Mapping[str, Any]] = {"deterministic": True, "force_row_wise": True, "verbosity": -1}

Rows = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


class Recipe(TypedDict, total=False):
    """How to fit, beside the rows.

    monotone     feature → +1 (the margin never falls when the value rises) or −1; for such a feature zero is never missing
    categorical  names of features whose values are whole numbers ≥ 0 without an order
    params       LightGBM parameters over our defaults
    rounds       trees at most (300)         patience  rounds without progress on `valid` before it stops (50)
    """

    seed: Required[int]
    monotone: Mapping[str, int] | None
    categorical: Sequence[str]
    params: Mapping[str, Any] | None
    rounds: int
    patience: int
    num_threads: int


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A fitted forest and how it came about. `history` is the metric on `valid` after each round (empty without `valid`)."""

    forest: Forest
    rounds: int
    rows: int
    positives: float
    metric: str
    history: tuple[float, ...]
    gain: tuple[float, ...]
    monotone: Mapping[str, int]
    categorical: tuple[str, ...]
    params: Mapping[str, Any]

    @property
    def booster_text(self) -> str:
        """The booster in LightGBM's text form."""
        return self.forest.text


def train_forest(
    x: Float32,
    y: np.ndarray[Any, Any],
    *,
    names: Sequence[str],
    weight: Float64 | None = None,
    valid: Rows | None = None,
    **recipe: Unpack[Recipe],
) -> Trained:
    """Fit a forest on x float32[n, F] (NaN = missing) and y [n] (0 or 1 for the default objective).

    `valid` = (x, y) stops early and picks the number of trees; it must be later than the fitting rows, which the caller sees to.
    """
    _check_rows(x, y, names, weight)
    lightgbm = import_module("lightgbm")  # loaded when training: it is slow to load and no decision needs it
    params = _params(names, recipe)
    places = _categorical_places(names, recipe)
    held = [] if valid is None else [_dataset(valid, None, places, params)]
    history: dict[str, dict[str, list[float]]] = {}
    callbacks = [lightgbm.record_evaluation(history)] if held else []
    if held and recipe.get("patience", PATIENCE) > 0:
        callbacks.append(
            lightgbm.early_stopping(recipe.get("patience", PATIENCE), first_metric_only=True, verbose=False)
        )
    booster = lightgbm.train(
        params,
        _dataset((x, y), weight, places, params),
        num_boost_round=recipe.get("rounds", ROUNDS),
        valid_sets=held,
        callbacks=callbacks,
    )
    rounds = booster.best_iteration if booster.best_iteration > 0 else booster.num_trees()
    metric, values = next(((m, v) for found in history.values() for m, v in found.items()), ("", []))
    return Trained(
        forest=Forest.from_text(booster.model_to_string(num_iteration=rounds), names=names),
        rounds=rounds,
        rows=len(x),
        positives=float(np.sum(y)),
        metric=metric,
        history=tuple(values),
        gain=tuple(booster.feature_importance("gain", iteration=rounds).tolist()),
        monotone=dict(recipe.get("monotone") or {}),
        categorical=tuple(recipe.get("categorical", ())),
        params={key: value for key, value in params.items() if key not in ("monotone_constraints", "num_threads")},
    )


def _check_rows(x: Float32, y: np.ndarray[Any, Any], names: Sequence[str], weight: Float64 | None) -> None:
    if x.dtype != np.float32 or x.ndim != 2 or x.shape[1] != len(names):
        raise BadInput(f"rows must be float32[n, {len(names)}]", code="BAD_SHAPE")
    if len(y) != len(x) or (weight is not None and len(weight) != len(x)) or len(x) == 0:
        raise BadInput("at least one row is needed, and as many labels and weights as rows", code="BAD_SHAPE")
    if not np.isfinite(np.asarray(y, np.float64)).all():
        raise BadInput("a label is not finite; rows without a label must be left out", code="BAD_LABELS")


def _params(names: Sequence[str], recipe: Recipe) -> dict[str, Any]:
    monotone, categorical = recipe.get("monotone") or {}, recipe.get("categorical", ())
    unknown = (set(monotone) | set(categorical)) - set(names)
    if unknown or set(monotone) & set(categorical):
        raise BadInput(f"not features, or both monotone and categorical: {sorted(unknown)}", code="BAD_NAMES")
    params = {**DEFAULTS, **(recipe.get("params") or {}), **FIXED}
    if monotone and params.get("zero_as_missing"):
        raise BadInput("where zero is missing nothing can be monotone", code="BAD_RECIPE")
    params |= {"seed": recipe["seed"], "num_threads": recipe.get("num_threads", THREADS)}
    if monotone:
        params["monotone_constraints"] = [int(monotone.get(name, 0)) for name in names]
    return params


def _categorical_places(names: Sequence[str], recipe: Recipe) -> list[int]:
    return sorted(list(names).index(name) for name in recipe.get("categorical", ()))


def _dataset(rows: Rows, weight: Float64 | None, categorical: list[int], params: Mapping[str, Any]) -> Any:
    x, y = rows
    names = [f"f{k}" for k in range(x.shape[1])]  # LightGBM refuses some characters in names; ours may hold any
    labels = np.asarray(y, np.float64)
    return import_module("lightgbm").Dataset(
        x, labels, weight=weight, feature_name=names, categorical_feature=categorical, params=dict(params)
    )
