"""Response curves: what each customer would use and lose under each factor of the limit, never falling when the factor rises.

A curve is what the book predicts under the limit as it is, plus columns with weights. Columns are nonnegative parts of that prediction
times two doses, factor − 1 and 1 − 1 / factor, both rising; weights are nonnegative. So the sum rises for every customer, whatever was
fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.base.shares import Z
from honghua.models.api import Forest, Interval

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KNOTS: Final = (
    0.2,
    0.45,
    0.7,
    0.95,
)  # of the predicted share of the limit that is used: who uses little answers little
SHARE_LEAST: Final = 0.01  # of a limit: the least use that is predicted
BURDEN_MOST: Final = 12.0  # monthly incomes; more counts as so much


class Rows(NamedTuple):
    """n rows, each a customer over one period; amounts int64[n], minor units.

    person int64[n]; x float32[n, F] as known before the period; limit_minor > 0 as the policy in force gave it, before any factor; burden
    float64[n] ≥ 0, that limit in monthly incomes; used_minor and loss_minor as the period brought them (not read where one predicts).
    """

    person: Ints
    x: NDArray[np.float32]
    limit_minor: Ints
    burden: Floats
    used_minor: Ints
    loss_minor: Ints

    def take(self, rows: NDArray[np.bool_] | Ints) -> Rows:
        """Some of them."""
        return Rows._make(column[rows] for column in self)


class Known(NamedTuple):
    """What the book says of n rows under the limit as it is: use and loss float64[n], minor units; parts float64[n, knots], sum 1: where
    the predicted share of the limit that is used stands among KNOTS; burden float64[n] in 0 … 1."""

    used: Floats
    lost: Floats
    parts: Floats
    burden: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Two forests of the book: the share of the limit that is used, and loss in units of `unit_minor` (log link)."""

    names: tuple[str, ...]
    use: Forest
    loss: Forest
    unit_minor: float

    def know(self, rows: Rows) -> Known:
        """What they predict. x must have the columns of `names`."""
        if rows.x.ndim != 2 or rows.x.shape[1] != len(self.names) or (rows.limit_minor <= 0).any():
            raise BadInput(f"rows with {len(self.names)} columns and limits above 0 are wanted", code="RESPONSE_SHAPE")
        x = np.ascontiguousarray(rows.x, np.float32)
        share = self.use.score(x).clip(SHARE_LEAST, 1.0)
        lost = np.exp(self.loss.score(x)) * self.unit_minor
        parts = np.stack([np.interp(share, KNOTS, hat) for hat in np.eye(len(KNOTS))], axis=1)
        return Known(share * rows.limit_minor, lost, parts, rows.burden.clip(0.0, BURDEN_MOST) / BURDEN_MOST)


def columns_of_use(known: Known, factor: Floats) -> Floats:
    """float64[n, 2 × knots]: predicted use by share, times both doses of factors float64[n]."""
    base = known.parts * known.used[:, None]
    return _dosed(base, factor)


def columns_of_loss(known: Known, factor: Floats) -> Floats:
    """float64[n, 2 × (knots + 1)]: predicted loss by share and by burden, times both doses."""
    base = np.concatenate([known.parts, known.burden[:, None]], axis=1) * known.lost[:, None]
    return _dosed(base, factor)


def _dosed(base: Floats, factor: Floats) -> Floats:
    return np.concatenate([base * (factor - 1.0)[:, None], base * (1.0 - 1.0 / factor)[:, None]], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Weights of one outcome's columns, float64[p] ≥ 0, and as many again of resampled persons, float64[draws, p]."""

    weights: Floats
    draws: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Use and loss of n customers under k factors, float64[n, k], minor units, never falling along k.

    loss_half_minor: half the width of the 95 % interval of each customer's expected loss, as far as the change by the factor goes.
    """

    factors: Floats
    used_minor: Floats
    loss_minor: Floats
    loss_half_minor: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """A fitted response. tried: the smallest and the largest factor that lots have tried; people: of the slice that it learnt from."""

    baseline: Baseline
    used: Line
    lost: Line
    tried: tuple[float, float]
    people: int

    def curves(self, rows: Rows, factors: Sequence[float]) -> Curves:
        """What each customer would use and lose under each of these rising factors; BadInput RESPONSE_UNTRIED beyond those tried."""
        given = np.array(factors, np.float64)
        if not len(given) or (np.diff(given) <= 0).any():
            raise BadInput("factors rise", code="RESPONSE_SHAPE")
        if given[0] < self.tried[0] - 1e-9 or given[-1] > self.tried[1] + 1e-9:
            raise BadInput(
                f"factors {self.tried[0]:g} … {self.tried[1]:g} were tried by lot; others would be guesses",
                code="RESPONSE_UNTRIED",
            )
        known = self.baseline.know(rows)
        n = len(rows.x)
        used, lost, half = (np.empty((n, len(given))) for _ in range(3))
        spread = np.cov(self.lost.draws, rowvar=False)
        for place, factor in enumerate(given):
            used[:, place] = known.used + columns_of_use(known, np.full(n, factor)) @ self.used.weights
            columns = columns_of_loss(known, np.full(n, factor))
            lost[:, place] = known.lost + columns @ self.lost.weights
            half[:, place] = Z * np.sqrt(np.einsum("np,pq,nq->n", columns, spread, columns).clip(min=0.0))
        return Curves(given, used.clip(min=0.0), lost.clip(min=0.0), half)

    def effect(self, rows: Rows, *, low: float, high: float) -> Interval:
        """By how much the loss of all rows together is larger under the factor `high` than under `low`, minor units, at 95 %."""
        known = self.baseline.know(rows)
        n = len(rows.x)
        change = (columns_of_loss(known, np.full(n, high)) - columns_of_loss(known, np.full(n, low))).sum(axis=0)
        ends = np.quantile(self.lost.draws @ change, [0.025, 0.975])
        return Interval(float(ends[0]), float(change @ self.lost.weights), float(ends[1]))


__all__ = [
    "Baseline", "Curves", "Known", "Line", "Response", "Rows", "columns_of_loss", "columns_of_use",
]  # fmt: skip
