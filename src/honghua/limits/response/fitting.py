"""Fits the response of use and loss to a limit: the level from the whole book, the change from the random slice.

The book says well what use and loss are under the limits that customers have, so two forests predict that. It says nothing about other
limits, so what a factor changes is learnt on the slice alone: outcome less what is known beforehand is regressed on treatment columns from which their
expectation by lot is taken. That makes the estimate immune to errors of the forests (orthogonal), whose only work is to lower the
noise. The columns are nonnegative and rise with the factor, and so are their weights: no customer's curve can fall.
Sources: Robinson (1988), partially linear models; Chernozhukov and others (2018), orthogonal moments; Lawson and Hanson (1974), NNLS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.limits.response.slicing import PPM, Slice
from honghua.models.api import Forest, Interval, train_forest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDS: Final = 150
LEARNING: Final = {"learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 200}
KNOTS: Final = (0.2, 0.45, 0.7, 0.95)  # of the predicted share of the limit that is used: who uses little answers little
DRAWS: Final = 200
BLOCKS: Final = 100
RIDGE: Final = 1e-3  # of the mean diagonal: columns that go together share their weight
PEOPLE_MIN: Final = 500
MODEST: Final = 0.02  # of a limit: the least use that a prediction may come to


class Rows(NamedTuple):
    """n rows of customers over one period each. x float32[n, F] as known before the period; amounts int64[n], minor units; burden float64[n]
    ≥ 0: the limit in monthly incomes; limit_minor: as the policy in force gave it, before any factor of the slice."""

    person: Ints
    x: NDArray[np.float32]
    limit_minor: Ints
    burden: Floats
    used_minor: Ints
    loss_minor: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Weights of one outcome's columns ≥ 0, float64[p], and DRAWS of them from resampled persons, float64[DRAWS, p]."""

    weights: Floats
    draws: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Use and loss of n customers under k factors, float64[n, k], minor units, rising along k; half: half the 95 % interval of loss."""

    factors: Floats
    used_minor: Floats
    loss_minor: Floats
    loss_half_minor: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """A fitted response. tried: the smallest and the largest factor that lots have tried; it says nothing beyond them."""

    names: tuple[str, ...]
    use: Forest
    loss: Forest
    used: Line
    lost: Line
    tried: tuple[float, float]
    people: int

    def curves(self, rows: Rows, factors: Sequence[float]) -> Curves:
        """What each customer would use and lose under each factor, rising factors; BadInput RESPONSE_UNTRIED beyond those tried."""
        given = np.array(factors, np.float64)
        if not len(given) or given[0] < self.tried[0] - 1e-9 or given[-1] > self.tried[1] + 1e-9:
            raise BadInput(
                f"factors {self.tried[0]:g} … {self.tried[1]:g} were tried, others are guesses", code="RESPONSE_UNTRIED"
            )
        if (np.diff(given) <= 0).any():
            raise BadInput("factors rise", code="RESPONSE_UNTRIED")
        known = self.know(rows)
        k = len(given)
        used, lost, half = (np.empty((len(rows.x), k)) for _ in range(3))
        spread = np.cov(self.lost.draws, rowvar=False)
        for place, factor in enumerate(given):
            column = columns_of_use(known, np.full(len(rows.x), factor))
            used[:, place] = known.used + column @ self.used.weights
            column = columns_of_loss(known, np.full(len(rows.x), factor))
            lost[:, place] = known.lost + column @ self.lost.weights
            half[:, place] = 1.96 * np.sqrt(np.einsum("np,pq,nq->n", column, spread, column))
        return Curves(given, used.clip(min=0.0), lost.clip(min=0.0), half)

    def know(self, rows: Rows) -> Known:
        """What the book predicts under the limits as they are."""
        return _know(rows, self.use, self.loss)

    def effect(self, rows: Rows, *, low: float, high: float) -> Interval:
        """By how much loss in all is larger under the factor `high` than under `low`, with its 95 % interval by resampled persons."""
        known = self.know(rows)
        n = len(rows.x)
        change = (columns_of_loss(known, np.full(n, high)) - columns_of_loss(known, np.full(n, low))).sum(axis=0)
        ends = np.quantile(self.lost.draws @ change, [0.025, 0.975])
        return Interval(float(ends[0]), float(change @ self.lost.weights), float(ends[1]))


class Known(NamedTuple):
    """What is known of n rows without their arm: limit, predicted use and loss, float64[n] minor units; share, float64[n, knots]; burden."""

    limit: Floats
    used: Floats
    lost: Floats
    share: Floats
    burden: Floats


def fit_response(book: Rows, moved: Rows, arm: NDArray[np.int8], slice_: Slice, *, names: Sequence[str], seed: int) -> Response:
    """Fit on the book (rows outside the slice, under the policy's own limits) and on the slice's rows with their arms int8[n].

    BadInput RESPONSE_THIN with fewer than 500 persons in the slice or an arm that nobody drew.
    """
    arms = len(slice_.factors_ppm)
    people = len(np.unique(moved.person))
    if people < PEOPLE_MIN or len(np.unique(arm)) < arms or arm.min() < 0:
        raise BadInput(f"{PEOPLE_MIN} persons of the slice and somebody in each of {arms} arms are wanted", code="RESPONSE_THIN")
    use = _fit_forest(book.x, book.used_minor / book.limit_minor, names, seed=seed, kind="regression")
    scale = max(float(book.loss_minor.mean()), 1.0)
    loss = _fit_forest(book.x, book.loss_minor / scale, names, seed=seed, kind="tweedie")
    loss_scaled = _Scaled(loss, scale)
    known = _know(moved, use, loss)
    known = known._replace(lost=known.lost * 1.0)
    del loss_scaled
    blocks = _blocks(moved.person, seed)
    used = _fit_line(known, moved.used_minor.astype(np.float64), arm, slice_, blocks, columns_of_use)
    lost = _fit_line(known, moved.loss_minor.astype(np.float64), arm, slice_, blocks, columns_of_loss)
    tried = slice_.factors_ppm[0] / PPM, slice_.factors_ppm[-1] / PPM
    return Response(tuple(names), use, loss, used, lost, tried, people)
