"""What the models that are tried say of the slice's rows under each factor, none of them having learnt from those rows."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.lab.workers.limits.book import BOOK, SLICE, LimitBook, LimitRows
from honghua.lab.workers.limits.question import LimitsQuestion
from honghua.limits.response.api import Baseline, Moves, fit_baseline, learn_response
from honghua.models.api import train_forest

Floats = NDArray[np.float64]
TREES: Final = 200


def say_response(book: LimitBook, baseline: Baseline, *, seed: int) -> Floats:
    """Loss by a response, float64[n, arms]: each half of the persons by what the other half has taught."""
    moved, slice_ = book.rows(SLICE), book.question.lots.as_slice()
    said = np.empty((len(moved.arm), len(slice_.factors)))
    people, place = np.unique(moved.rows.person, return_inverse=True)
    side = (derive_rng(seed, "halves").random(len(people)) < 0.5)[place]
    for part in (side, ~side):
        learnt = learn_response(baseline, moved.rows.take(~part), moved.arm[~part], slice_, seed=seed)
        said[part] = learnt.curves(moved.rows.take(part), list(slice_.factors)).loss_minor
    return said


def say_what_if(book: LimitBook, *, seed: int) -> Floats:
    """Chance of default by a model of the book, its column of the limit set to each factor's limit: what anybody would try first."""
    question, learnt, moved = book.question, book.rows(BOOK), book.rows(SLICE)
    target = learnt.defaulted.astype(np.float64)
    forest = train_forest(learnt.rows.x, target, names=question.columns, seed=seed, rounds=TREES, num_threads=1).forest
    place = question.columns.index(question.limit)
    factors = question.lots.as_slice().factors
    said = np.empty((len(moved.arm), len(factors)))
    for number, factor in enumerate(factors):
        x = moved.rows.x.copy()
        x[:, place] = moved.rows.limit_minor * factor
        said[:, number] = 1.0 / (1.0 + np.exp(-forest.score(np.ascontiguousarray(x))))
    return said


def baseline_of(book: LimitBook, *, seed: int) -> Baseline:
    """The forests of the book, which knows nothing of the slice."""
    return fit_baseline(book.rows(BOOK).rows, names=book.question.columns, seed=seed)


def moves_of(moved: LimitRows, question: LimitsQuestion, outcome: str) -> Moves:
    """The slice as the check takes it. outcome: loss or default."""
    values = moved.defaulted if outcome == "default" else moved.rows.loss_minor
    return Moves(moved.arm, values.astype(np.float64), moved.rows.person, question.lots.as_slice().factors)


__all__ = ["baseline_of", "moves_of", "say_response", "say_what_if"]
