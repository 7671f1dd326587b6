"""Prices of budgets by the Lagrangian dual: what all rows choose at given prices, plus the worth of the budgets, is a bound on any choice.

The bound is convex in the prices and has kinks where a row wavers. It is smoothed by letting rows choose softly at a heat that is lowered
by stages; each stage is minimised by Newton's method on prices ≥ 0, warm from the last. Whatever the prices, the bound that is reported
comes from the hard choice. Sources: Fisher, "The Lagrangian relaxation method for solving integer programming problems" (1981); Nesterov,
"Smooth minimization of non-smooth functions" (2005); projected Newton: Bertsekas (1982).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from honghua.allocation.core import kernels
from honghua.allocation.core.records import Array, Floats, Levels, Offers, Runner, Survey

COOLER: Final = 8.0  # from stage to stage
STAGES_MAX: Final = 16
STEPS_MAX: Final = 25  # of Newton in a stage
HALVINGS_MAX: Final = 40
DECREASE: Final = 1e-4  # of what the slope promises (Armijo)
FLAT: Final = 1e-14  # a slope, as parts of whole budgets, that is none
STAGE_DONE: Final = 0.02  # of the wanted gap: what a further step would bring


class Soft(NamedTuple):
    """The smoothed bound at some prices, its slope float64[b] and curvature float64[b, b], in scaled prices."""

    value: float
    slope: Floats
    curve: Floats


@dataclass(slots=True, eq=False)
class Hard:
    """The hard choice at some prices: levels, utility, what it spends, and the bound that these prices prove."""

    prices: Floats
    choice: Levels
    utility: float
    spent: Array
    bound: float


@dataclass(slots=True, eq=False)
class Dual:
    """The dual of one set of offers. Prices are scaled: one unit is what makes a whole budget worth 1."""

    offers: Offers
    runner: Runner
    scale: Floats
    passes: int = field(default=0)

    def weigh(self, scaled: Floats, heat: float) -> Soft:
        """Softly, by one pass."""
        self.passes += 1
        offers, b, prices = self.offers, len(self.scale), scaled / self.scale

        def look(rows: slice) -> Floats:
            out = np.zeros(1 + b + b * b)
            kernels.weigh(offers.utility[rows], offers.cost[rows], prices, heat, out)
            return out

        out = np.sum(self.runner([partial(look, rows) for rows in offers.chunks()]), axis=0)
        slope = (offers.budgets - out[1 : 1 + b]) / self.scale
        curve = out[1 + b :].reshape(b, b) / np.outer(self.scale, self.scale) / heat
        return Soft(float(out[0] + prices @ offers.budgets), slope, curve)

    def choose(self, scaled: Floats) -> Hard:
        """Hard, by one pass."""
        self.passes += 1
        offers, prices = self.offers, scaled / self.scale
        choice = np.empty(len(offers), np.int8)

        def look(rows: slice) -> tuple[Array, Floats]:
            spent, out = np.zeros_like(offers.budgets), np.zeros(2)
            kernels.choose(offers.utility[rows], offers.cost[rows], prices, choice[rows], spent, out)
            return spent, out

        parts = self.runner([partial(look, rows) for rows in offers.chunks()])
        worth, utility = np.sum([part[1] for part in parts], axis=0)
        spent = np.sum([part[0] for part in parts], axis=0)
        return Hard(prices, choice, float(utility), spent, float(worth + prices @ offers.budgets))


def scale_of(offers: Offers, found: Survey) -> Floats:
    """float64[b] > 0: a budget, or where it is nothing, what could be asked of it."""
    budgets = offers.budgets.astype(np.float64)
    return np.asarray(np.where(budgets > 0, budgets, np.where(found.most > 0, found.most, 1.0)))


def find_prices(dual: Dual, scaled: Floats, *, heats: Floats, wanted: float) -> Hard:
    """Cool down through the heats from these scaled prices; the hard choice of the best bound seen.

    wanted: the relative gap below which an improvement of the bound is not worth a stage. Ends early after two such stages; 0 = after all.
    """
    best, idle = dual.choose(scaled), 0
    for heat in heats:
        scaled = cool(dual, scaled, float(heat), enough=STAGE_DONE * wanted * max(abs(best.bound), 1e-300))
        found = dual.choose(scaled)
        gained = best.bound - found.bound
        idle = idle + 1 if gained < wanted * abs(best.bound) / 4 else 0
        if gained > 0:
            best = found
        if idle == 2:
            break
    return best


def cool(dual: Dual, scaled: Floats, heat: float, *, enough: float) -> Floats:
    """Minimise the smoothed bound at one heat by projected Newton steps; the scaled prices."""
    here = dual.weigh(scaled, heat)
    for _ in range(STEPS_MAX):
        step = _newton(here, scaled, heat)
        if -(here.slope @ step) <= enough:
            break
        reach = 1.0
        for _ in range(HALVINGS_MAX):
            there = np.maximum(scaled + reach * step, 0.0)
            soft = dual.weigh(there, heat)
            if soft.value <= here.value + DECREASE * (here.slope @ (there - scaled)):
                break
            reach /= 2
        else:
            break  # the last bits: nothing lower can be told apart
        scaled, here = there, soft
    return scaled


def _newton(here: Soft, scaled: Floats, heat: float) -> Floats:
    """The step on the free prices: those above zero, or that want to rise. No longer than doubling what all budgets are worth."""
    b = len(scaled)
    free = (scaled > 0) | (here.slope < 0)
    step: Floats = np.zeros(b)
    steep = float(np.linalg.norm(here.slope[free]))
    if steep < FLAT:
        return step
    curve = here.curve[np.ix_(free, free)]
    most = max(float(scaled.max()), heat)
    ridge = 1e-10 * np.trace(curve) + steep / (100 * most)
    step[free] = np.linalg.solve(curve + ridge * np.eye(len(curve)), -here.slope[free])
    longest = float(np.abs(step).max())
    return np.asarray(step * min(1.0, 2 * most / longest)) if longest else step


def heats_from(first: float, last: float) -> Floats:
    """float64[stages]: from the first heat downwards, each a COOLER-th of the one before."""
    stages = np.arange(STAGES_MAX)
    heats = first / COOLER**stages
    return np.asarray(heats[heats >= min(last, first)], np.float64)


__all__ = ["Dual", "Hard", "find_prices", "heats_from", "scale_of"]
