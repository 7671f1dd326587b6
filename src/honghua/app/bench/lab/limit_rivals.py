"""What a response and a policy are measured against: naive what-ifs, simple rules for limits, a greedy choice, and the oracle.

Simple rules get the truth as a present: each is scaled until it loses exactly what our policy loses in truth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.allocation.api import solve
from honghua.app.bench.lab.limit_world import Lender, World
from honghua.limits.response.api import ChoiceTerms, Rows
from honghua.models.api import Forest, train_forest
from honghua.sim.api import BOOK_FEATURES, Effects

Floats = NDArray[np.float64]

TREES: Final = 150
LIMIT, SCORE, INCOME = (BOOK_FEATURES.index(name) for name in ("limit_minor", "score", "income_minor"))
BANDS: Final = (560.0, 600.0, 640.0, 680.0, 720.0)
BAND_LIMITS: Final = (0.3, 0.6, 1.0, 1.5, 2.2, 3.0)
HALVINGS: Final = 50
PPM: Final = 1_000_000


def fit_naive(lender: Lender, *, seed: int) -> Forest:
    """A model of default on the book, the limit among its columns, as anybody would fit it."""
    target = lender.book_defaulted.astype(np.float64)
    return train_forest(lender.book.x, target, names=BOOK_FEATURES, seed=seed, rounds=TREES, num_threads=1).forest


def fit_naive_loss(lender: Lender, *, seed: int) -> Forest:
    """The same of loss, in thousands of major units."""
    params = {"objective": "tweedie"}
    loss = lender.book.loss_minor / 1e5
    return train_forest(
        lender.book.x, loss, names=BOOK_FEATURES, seed=seed, rounds=TREES, params=params, num_threads=1
    ).forest


def ask_naively(forest: Forest, rows: Rows, factors: Floats) -> Floats:
    """float64[n, arms]: margins of the same customers with another limit in its column."""
    said = np.empty((len(rows.x), len(factors)))
    for place, factor in enumerate(factors):
        x = rows.x.copy()
        x[:, LIMIT] = rows.limit_minor * factor
        said[:, place] = forest.score(x)
    return said


def profit(effects: Effects, margin_ppm: int) -> float:
    """Minor units that these effects earn."""
    return float((effects.used_minor * (margin_ppm / PPM) - effects.loss_minor).sum())


def rule_limits(rows: Rows) -> dict[str, Floats]:
    """float64[n] each: the shape of limits by simple rules, to be scaled."""
    band = np.digitize(rows.x[:, SCORE], BANDS)
    return {
        "flat": np.ones(len(rows.x)),
        "score_band": np.array(BAND_LIMITS)[band],
        "income_multiple": rows.x[:, INCOME].astype(np.float64),
        "past_policy_scaled": rows.limit_minor.astype(np.float64),
    }


def scale_to_loss(world: World, shape: Floats, loss: float) -> Effects:
    """What a rule brings when it is scaled to lose so much in truth."""
    most = 20_000_000 / float(shape.max())

    def lost(scale: float) -> float:
        return float(world.effects(shape * scale).loss_minor.sum())

    return world.effects(shape * _halve(lost, loss, 1e-6 * most, 100 * most))


def choose_greedily(world: World, used: Floats, lost: Floats, terms: ChoiceTerms, loss: float) -> float:
    """Profit in truth of a greedy choice by the same estimates: each customer's best factor, the best profit per loss first, the others
    at the least; its budget is set so that it loses so much in truth."""
    worth = used * (terms.margin_ppm / PPM) - lost
    best = worth.argmax(axis=1)
    at = np.arange(len(best))
    more_loss, more_worth = lost[at, best] - lost[:, 0], worth[at, best] - worth[:, 0]
    order = np.argsort(-more_worth / np.maximum(more_loss, 1e-9), kind="stable")
    true_used, true_lost = world.effects_by_arm()
    rising = np.cumsum((true_lost[at, best] - true_lost[:, 0])[order])
    taken = order[: int(np.searchsorted(rising, loss - true_lost[:, 0].sum(), side="right"))]
    arm = np.zeros(len(best), np.int64)
    arm[taken] = best[taken]
    return float((true_used[at, arm] * (terms.margin_ppm / PPM) - true_lost[at, arm]).sum())


def ask_oracle(world: World, terms: ChoiceTerms, *, loss: float, used: float) -> float:
    """The profit of the best choice among the same factors, knowing the truth, within the loss and use that ours had in truth."""
    true_used, true_lost = world.effects_by_arm()
    worth = true_used * (terms.margin_ppm / PPM) - true_lost
    budgets = np.array([loss, max(used, float(terms.drawn_minor))])
    found = solve(worth, np.stack([true_lost, true_used], axis=2), budgets)
    return found.bound


def _halve(value: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Where a rising function reaches a value, on a log scale."""
    for _ in range(HALVINGS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if value(middle) > wanted else (middle, high)
    return low


__all__ = [
    "ask_naively", "ask_oracle", "choose_greedily", "fit_naive", "fit_naive_loss", "profit", "rule_limits", "scale_to_loss",
]  # fmt: skip
