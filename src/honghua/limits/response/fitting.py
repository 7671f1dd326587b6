"""Fits a response: the level from the whole book, the change from the random slice.

The book says well what use and loss are under the limits that customers have, so two forests predict that. It says nothing about other
limits. What a factor changes is learnt on the slice alone: what is known without the arm is taken off the outcome, and off each treatment
column its expectation by lot; then weights ≥ 0 are fitted. Since the chances of the arms are known, an error of the forests cannot bias the
change, only blur it. Sources: Robinson (1988), partially linear models; Chernozhukov and others (2018), orthogonal moments; Lawson and
Hanson (1974), nonnegative least squares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.limits.response.curves import (
    Baseline,
    Floats,
    Ints,
    Known,
    Line,
    Response,
    Rows,
    columns_of_loss,
    columns_of_use,
)
from honghua.limits.response.slicing import Slice
from honghua.models.api import Forest, train_forest

Columns = Callable[[Known, Floats], Floats]

TREES: Final = 300  # by one thread: few columns, and a busy machine waits for its slowest thread after every leaf
LEARNING: Final = {"num_leaves": 7, "learning_rate": 0.05, "min_data_in_leaf": 200}
DRAWS: Final = 200
BLOCKS: Final = 100  # persons are resampled in so many groups drawn by lot
RIDGE: Final = 1e-3  # of each column's own size: columns that go together share their weight
PEOPLE_MIN: Final = 500


def fit_response(
    book: Rows, moved: Rows, arm: NDArray[np.int8], slice_: Slice, *, names: Sequence[str], seed: int
) -> Response:
    """Fit on rows outside the slice, under the policy's own limits, and on the slice's rows with their arms int8[n].

    BadInput RESPONSE_THIN with fewer than 500 persons in the slice, or an arm that nobody drew. Same rows and seed, same response.
    """
    _check_evidence(moved, arm, slice_)
    return learn_response(fit_baseline(book, names=names, seed=seed), moved, arm, slice_, seed=seed)


def learn_response(baseline: Baseline, moved: Rows, arm: NDArray[np.int8], slice_: Slice, *, seed: int) -> Response:
    """The same on forests that were fitted before, on other rows than these; raises as `fit_response` does."""
    people = _check_evidence(moved, arm, slice_)
    known = baseline.know(moved)
    factors = slice_.factors
    block = derive_rng(seed, "blocks").integers(0, BLOCKS, people)[np.unique(moved.person, return_inverse=True)[1]]
    weights = derive_rng(seed, "draws").multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), DRAWS)
    lines = [
        _fit_line(_centre(known, columns, factors, arm) / blur, _rest(known, outcome) / blur[:, 0], block, weights)
        for columns, outcome, blur in (
            (columns_of_use, moved.used_minor, known.used[:, None]),
            (columns_of_loss, moved.loss_minor, np.sqrt(known.lost * moved.limit_minor)[:, None]),
        )
    ]
    return Response(baseline, lines[0], lines[1], (float(factors[0]), float(factors[-1])), people)


def _check_evidence(moved: Rows, arm: NDArray[np.int8], slice_: Slice) -> int:
    """How many persons the slice has; BadInput where they say too little."""
    people = len(np.unique(moved.person))
    if people < PEOPLE_MIN or len(arm) != len(moved.x) or set(np.unique(arm)) != set(range(len(slice_.factors_ppm))):
        raise BadInput(
            f"{PEOPLE_MIN} persons of the slice are wanted, and somebody in each of its arms", code="RESPONSE_THIN"
        )
    return people


def fit_baseline(book: Rows, *, names: Sequence[str], seed: int) -> Baseline:
    """The two forests of a book: what is used of the limit, and what is lost."""
    unit = max(float(book.loss_minor.mean()), 1.0)
    use = _forest(book.x, book.used_minor / book.limit_minor, names, seed=seed, objective="regression")
    loss = _forest(book.x, book.loss_minor / unit, names, seed=seed, objective="tweedie")
    told = float(np.exp(loss.score(np.ascontiguousarray(book.x))).sum()) * unit
    return Baseline(
        tuple(names), use, loss, unit * float(book.loss_minor.sum()) / told
    )  # boosting stops below the mean


def _forest(x: NDArray[np.float32], y: Floats, names: Sequence[str], *, seed: int, objective: str) -> Forest:
    params = {**LEARNING, "objective": objective}
    return train_forest(
        np.ascontiguousarray(x), y, names=names, seed=seed, params=params, rounds=TREES, num_threads=1
    ).forest


def _centre(known: Known, columns: Columns, factors: Floats, arm: NDArray[np.int8]) -> Floats:
    """float64[n, p]: treatment columns of the arm drawn, less their mean over the arms that could have been drawn."""
    n = len(arm)
    mean = np.mean([columns(known, np.full(n, factor)) for factor in factors], axis=0)
    return np.asarray(columns(known, factors[arm]) - mean)


def _rest(known: Known, outcome: Ints) -> Floats:
    """float64[n]: the outcome less what the book's predictions say of it, as they fit the slice."""
    beside = np.concatenate([known.parts * known.used[:, None], known.parts * known.lost[:, None]], axis=1)
    target = outcome.astype(np.float64)
    return np.asarray(target - beside @ np.linalg.lstsq(beside, target, rcond=None)[0])


def _fit_line(columns: Floats, rest: Floats, block: Ints, draws: Ints) -> Line:
    """Nonnegative least squares on all, and on persons resampled by blocks; draws int64[DRAWS, BLOCKS] say how often each counts."""
    size = np.sqrt((columns**2).mean(axis=0))
    size[size == 0.0] = 1.0
    scaled = columns / size
    p = scaled.shape[1]
    products, answers = np.zeros((BLOCKS, p, p)), np.zeros((BLOCKS, p))
    for k in range(BLOCKS):
        rows = block == k
        products[k], answers[k] = scaled[rows].T @ scaled[rows], scaled[rows].T @ rest[rows]
    ridge = RIDGE * len(columns) * np.eye(p)

    def solve(counts: Ints) -> Floats:
        root = np.linalg.cholesky(np.tensordot(counts, products, 1) + ridge)
        return np.asarray(nnls(root.T, np.linalg.solve(root, counts @ answers))[0] / size)

    return Line(solve(np.ones(BLOCKS, np.int64)), np.stack([solve(one) for one in draws]))


__all__ = ["fit_baseline", "fit_response", "learn_response"]
