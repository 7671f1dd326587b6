"""A lender's years with a confounded book, lived in the simulation: what the lender sees, and beside it the truth for judging alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.limits.response.api import Evidence, Rows, Slice, draw_arms, is_in_slice, move_limits
from honghua.sim.api import (
    BOOK_FEATURES,
    Book,
    BookPlan,
    Borrowers,
    Effects,
    Period,
    live_period,
    settle_book,
    true_effects_of,
)

PERIODS: Final = 8  # two years of quarters
BOOK_PERIODS: Final = 6  # the last ones, of which the book's forests learn


@dataclass(frozen=True, slots=True, eq=False)
class Lender:
    """What the lender has: the book outside the slice to learn from with who defaulted, the slice's rows with arms, and customers who
    were in neither, for whom limits are to be chosen. Every engine sees this and nothing else."""

    slice_: Slice
    book: Rows
    book_defaulted: NDArray[np.bool_]
    evidence: Evidence
    evidence_defaulted: NDArray[np.bool_]
    held: Rows


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """The lender, and the truth about the held customers."""

    lender: Lender
    held_truth: Borrowers
    seed: int

    def effects(self, limit_minor: NDArray[np.int64] | NDArray[np.float64]) -> Effects:
        """What limits of the held customers bring in truth."""
        return true_effects_of(self.held_truth, limit_minor)

    def effects_by_arm(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """True use and loss of the held under each factor of the slice, float64[n, arms]."""
        limit = self.lender.held.limit_minor
        each = [self.effects(limit * factor) for factor in self.lender.slice_.factors]
        return np.stack([one.used_minor for one in each], axis=1), np.stack([one.loss_minor for one in each], axis=1)

    def live(self, limit_minor: NDArray[np.int64], *, label: str) -> Period:
        """One period of the held customers under given limits, as it falls out."""
        return live_period(self.held_truth, limit_minor, derive_rng(self.seed, "held", label))


def live_world(borrowers: int, *, seed: int) -> World:
    """Eight quarters under the past policy, with limits of the slice moved by lot. Half of the others are held out of all learning."""
    slice_ = Slice(name="permanent")
    book, truth = settle_book(BookPlan(borrowers, seed))
    in_slice = is_in_slice(slice_, book.keys)
    held = ~in_slice & (book.keys % 2 == 0)
    learnt = ~in_slice & ~held
    moved, arms, moved_defaults, rest, rest_defaults, rest_held = [], [], [], [], [], []
    for number in range(PERIODS):
        arm = draw_arms(slice_, book.keys, period=number)
        period = live_period(truth, move_limits(slice_, book.limit_minor, arm), derive_rng(seed, "period", number))
        rows = _rows(book, period)
        moved.append(rows.take(in_slice))
        arms.append(arm[in_slice])
        moved_defaults.append(period.defaulted[in_slice])
        if number >= PERIODS - BOOK_PERIODS:
            rest.append(rows.take(learnt))
            rest_defaults.append(period.defaulted[learnt])
            rest_held.append(rows.take(held))
    lender = Lender(
        slice_, _join(rest), np.concatenate(rest_defaults), Evidence(_join(moved), np.concatenate(arms)),
        np.concatenate(moved_defaults), _join(rest_held[-1:]),
    )  # fmt: skip
    return World(lender, Borrowers._make(column[held] for column in truth), seed)


def _rows(book: Book, period: Period) -> Rows:
    income = book.seen[:, BOOK_FEATURES.index("income_minor")].astype(np.float64)
    return Rows(book.keys, book.seen, book.limit_minor, book.limit_minor / income, period.used_minor, period.loss_minor)


def _join(parts: list[Rows]) -> Rows:
    return Rows._make(np.concatenate(column) for column in zip(*parts, strict=True))


__all__ = ["Lender", "World", "live_world"]
