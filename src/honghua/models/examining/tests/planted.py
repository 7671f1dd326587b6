"""Planted books whose truth is known: who would default, when, and who was ever let in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from honghua.models import api as models

NAMES = ("income", "debt", "times", "age")
SMALL = {"num_leaves": 7, "learning_rate": 0.15, "min_data_in_leaf": 20}


def logistic(values):
    return 1.0 / (1.0 + np.exp(-values))


@dataclass
class Book:
    """x float32[n, 4], the probability that is true, and what happened. hidden: what an underwriter saw and no model reads."""

    x: Any
    chance: Any
    y: Any
    hidden: Any


def book(seed, rows=1_500, *, slope=1.0, shift=0.0, hidden=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    x[:, 0] += shift
    unseen = rng.normal(size=rows)
    chance = logistic(-1.5 - 0.9 * slope * x[:, 0] + 0.8 * x[:, 1] + 0.4 * x[:, 2] + hidden * unseen)
    y = (rng.random(rows) < chance).astype(np.float64)
    return Book(x.astype(np.float32), chance, y, unseen)


def fit(x, y, weight=None, *, seed=1, rounds=40):
    trained = models.train_forest(
        x, y, names=NAMES, seed=seed, params=SMALL, rounds=rounds, weight=weight, num_threads=1
    )
    return models.build_model(trained.forest)


def fit_line(x, y, weight):
    """Logistic regression by Newton's steps, as a `Fit` of reject inference."""
    columns = np.column_stack([np.ones(len(x)), x]).astype(np.float64)
    beta = np.zeros(columns.shape[1])
    for _ in range(25):
        p = logistic(columns @ beta)
        curvature = (columns * (weight * p * (1 - p))[:, None]).T @ columns + 1e-8 * np.eye(len(beta))
        beta = beta + np.linalg.solve(curvature, columns.T @ (weight * (y - p)))
    return lambda rows: logistic(np.column_stack([np.ones(len(rows)), rows]) @ beta)
