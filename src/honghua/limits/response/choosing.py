"""Limits chosen by response under a loss budget and a budget of what may be drawn, kept honest by the random slice.

Whoever chooses the best of many estimates chooses the luckiest errors, too: what is chosen loses more than was thought. How much more is
measured on the slice, where lots have given some customers the very factor that the policy would choose; losses are then reckoned that
much higher and the choice is made anew. Sources: Dudík, Langford, Li (2011), doubly robust policy evaluation; Smith, Winkler (2006), the
optimizer's curse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.allocation.api import Allocation, solve
from honghua.base.errors import BadInput
from honghua.limits.response.curves import Curves, Floats, Ints, Response, Rows
from honghua.limits.response.slicing import PPM, Slice

ROUNDS: Final = 3  # of choosing and measuring what was chosen
CAUTION: Final = (0.8, 2.0)  # beyond that the slice would not correct an estimate but replace it


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceTerms:
    """What a period may cost, minor units: expected loss and drawings (capital). margin_ppm: earned on what is used, after funding."""

    margin_ppm: int
    loss_minor: int
    drawn_minor: int

    def __post_init__(self) -> None:
        if not 0 < self.margin_ppm <= PPM or min(self.loss_minor, self.drawn_minor) < 0:
            raise BadInput("a margin above 0 and budgets of 0 or more are wanted", code="BAD_TERMS")


class Evidence(NamedTuple):
    """The slice's rows with their arms int8[n]; the response may have learnt from them: it has few weights."""

    rows: Rows
    arm: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class ChosenLimits:
    """arm int8[n]: the place of each customer's factor; limit_minor int64[n]. caution: by how much losses were reckoned higher."""

    arm: NDArray[np.int8]
    limit_minor: Ints
    allocation: Allocation
    caution: float


def choose_limits(
    response: Response, rows: Rows, evidence: Evidence, slice_: Slice, terms: ChoiceTerms
) -> ChosenLimits:
    """The factor of each customer that earns most in all, within both budgets, among those that the slice has tried.

    BadInput BUDGET_INFEASIBLE (of `allocation.solve`) where even the smallest factors exceed a budget.
    """
    factors = slice_.factors
    curves, tried = response.curves(rows, list(factors)), response.curves(evidence.rows, list(factors))
    budgets = np.array([terms.loss_minor, terms.drawn_minor], np.int64)
    caution = 1.0
    for _ in range(ROUNDS):
        utility, cost = _offers(curves, terms, caution)
        found = solve(utility, cost, budgets)
        again = measure_caution(tried, evidence, _follow(tried, terms, caution, found.prices))
        caution = float(np.clip(again, *CAUTION))
    utility, cost = _offers(curves, terms, caution)
    found = solve(utility, cost, budgets)
    ppm = np.array(slice_.factors_ppm, np.int64)
    return ChosenLimits(found.choice, rows.limit_minor * ppm[found.choice] // PPM, found, caution)


def measure_caution(tried: Curves, evidence: Evidence, chosen: NDArray[np.int8]) -> float:
    """What those rows lose under the chosen arms, by lots, as a multiple of what the curves say (doubly robust, known chances)."""
    at = np.arange(len(chosen))
    said = tried.loss_minor[at, chosen]
    arms = tried.loss_minor.shape[1]
    off = evidence.rows.loss_minor - tried.loss_minor[at, evidence.arm]
    told = said + np.where(evidence.arm == chosen, arms * off, 0.0)
    return float(told.sum() / said.sum()) if said.sum() > 0 else 1.0


def _offers(curves: Curves, terms: ChoiceTerms, caution: float) -> tuple[Floats, Ints]:
    """Utility float64[n, k] and cost int64[n, k, 2], rounded up."""
    lost = curves.loss_minor * caution
    cost = np.ceil(np.stack([lost, curves.used_minor], axis=2)).astype(np.int64)
    return curves.used_minor * terms.margin_ppm / PPM - lost, cost


def _follow(curves: Curves, terms: ChoiceTerms, caution: float, prices: Floats) -> NDArray[np.int8]:
    """int8[n]: what the same prices choose for other customers."""
    utility, cost = _offers(curves, terms, caution)
    return np.asarray((utility - cost @ prices).argmax(axis=1), np.int8)


__all__ = ["ChoiceTerms", "ChosenLimits", "Evidence", "choose_limits", "measure_caution"]
