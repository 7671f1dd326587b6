"""Solve: prices on a sample, then on all rows; make the choice keep its budgets; use what is left; say how far it is from the best.

Measured by `honghua bench allocate` against HiGHS. Memory beside the arrays: a byte a row for each choice, and scratch a chunk and thread.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

import numpy as np

from honghua.allocation.core.dual import Dual, Hard, find_prices, heats_from, scale_of
from honghua.allocation.core.primal import cheapest, keep_budgets, use_left
from honghua.allocation.core.records import Allocation, Floats, Offers, Runner, SolvePlan, Survey, read_offers, survey
from honghua.base.errors import BadInput

GOLDEN: Final = 0.6180339887498949  # multiples of it fill the unit interval evenly: a sample without a period
HOTTEST: Final = 0.3  # of the mean spread of utility in a row
COLDEST: Final = 1e-7
SAMPLE_COLDEST: Final = 2e-3  # below that a sample says nothing about all rows
FEW_ROWS: Final = 5_000  # up to here several beginnings are tried
DEARER: Final = (1.0, 1.01, 1.05, 1.2, 1.6)  # prices of those beginnings, in found ones
START_SHARE: Final = 0.1  # of all utility, shared by the overspent budgets


def solve(
    utility: np.ndarray[Any, Any], cost: np.ndarray[Any, Any], budgets: np.ndarray[Any, Any], *, plan: SolvePlan | None = None
) -> Allocation:  # fmt: skip
    """One level for every row, so that utility in all is as large as can be and no budget is exceeded (multi-choice knapsack).

    utility  float32[n, k] or float64[n, k]; −inf = this level is not open to this row; below zero is allowed
    cost     int32, int64 or float64 [n, k, b] ≥ 0, minor units or anything else      budgets  [b] ≥ 0
    Arrays may be memory maps: they are read in chunks, some 15 to 40 times. With whole costs, budgets are kept to the unit.
    BadInput: BAD_SHAPE, NOT_FINITE, NEGATIVE_COST, NEGATIVE_BUDGET, NO_OPEN_LEVEL, COST_TOO_LARGE, BUDGET_INFEASIBLE. That the last is
    raised means that no choice was found; where even the sum of the cheapest levels exceeds a budget, the sentence names it.
    The same input gives the same answer on any number of threads. Sources stand in `core.dual`.
    """
    plan = plan or SolvePlan()
    offers = read_offers(utility, cost, np.asarray(budgets), chunk_rows=plan.chunk_rows)
    if plan.threads == 1 or len(offers) <= plan.chunk_rows:
        return _solve(offers, plan, lambda work: [one() for one in work])
    with ThreadPoolExecutor(plan.threads) as pool:
        return _solve(offers, plan, lambda work: list(pool.map(lambda one: one(), work)))


def _solve(offers: Offers, plan: SolvePlan, runner: Runner) -> Allocation:
    found = survey(offers, runner)
    dual = Dual(offers, runner, scale_of(offers, found))
    best = dual.choose(np.zeros(len(offers.budgets)))
    if not (best.spent <= offers.budgets).all():
        best = _price(dual, found, best, plan)
        best = _keep(dual, best, plan)
    return _answer(dual, best, offers)


def _price(dual: Dual, found: Survey, free: Hard, plan: SolvePlan) -> Hard:
    """Prices: on a sample down to where it is too small to say more, then on all rows."""
    spread = found.spread or found.size / len(dual.offers) or 1.0
    over = free.spent > dual.offers.budgets
    scaled = np.where(over, START_SHARE * spread * len(dual.offers) / max(int(over.sum()), 1), 0.0)
    heats = heats_from(HOTTEST * spread, COLDEST * spread)
    if len(dual.offers) > 2 * plan.sample_rows:
        sample = _sample(dual, plan)
        warm = find_prices(
            sample, _shrink(scaled, dual, sample), heats=heats[heats >= SAMPLE_COLDEST * spread], wanted=plan.gap_wanted
        )
        scaled = warm.prices * dual.scale
        heats = heats[heats < SAMPLE_COLDEST * spread * 8]
    wanted = (
        plan.gap_wanted if len(dual.offers) > FEW_ROWS else 0.0
    )  # few rows: a row is worth much, and a stage little
    priced = find_prices(dual, scaled, heats=heats, wanted=wanted)
    return priced if priced.bound <= free.bound else free


def _sample(dual: Dual, plan: SolvePlan) -> Dual:
    """The dual of a sample of rows, in order, with budgets cut down alike."""
    n, size = len(dual.offers), plan.sample_rows
    rows = np.unique((np.arange(1, size + 1) * GOLDEN % 1.0 * n).astype(np.int64))
    share = len(rows) / n
    budgets = dual.offers.budgets * share
    part = replace(dual.offers, utility=dual.offers.utility[rows], cost=dual.offers.cost[rows], budgets=budgets)
    return Dual(part, dual.runner, dual.scale * share)


def _shrink(scaled: Floats, dual: Dual, sample: Dual) -> Floats:
    """The same prices in the sample's units."""
    return scaled / dual.scale * sample.scale


def _keep(dual: Dual, priced: Hard, plan: SolvePlan) -> Hard:
    """A choice within the budgets, of several beginnings where rows are few; BadInput where none is found."""
    few = len(dual.offers) <= FEW_ROWS
    best: Hard | None = None
    for dearer in DEARER if few else DEARER[:1]:
        begin = priced if dearer == 1.0 else dual.choose(priced.prices * dual.scale * dearer)
        kept = keep_budgets(dual, replace(begin, prices=priced.prices, bound=priced.bound))
        best = _better(best, kept and use_left(dual, kept, wanted=plan.gap_wanted))
    if best is None or few:
        kept = keep_budgets(dual, cheapest(dual, priced))
        best = _better(best, kept and use_left(dual, kept, wanted=plan.gap_wanted))
    if best is None:
        raise BadInput("no choice was found that keeps all budgets at once", code="BUDGET_INFEASIBLE")
    return best


def _better(one: Hard | None, other: Hard | None) -> Hard | None:
    return other if one is None or (other is not None and other.utility > one.utility) else one


def _answer(dual: Dual, best: Hard, offers: Offers) -> Allocation:
    gap = max(0.0, best.bound - best.utility)
    over = np.maximum(best.spent - offers.budgets, 0) / dual.scale
    return Allocation(
        choice=best.choice, value=best.utility, spent=best.spent, bound=best.bound,
        gap=gap / abs(best.bound) if gap else 0.0, violation=float(over.max()), prices=best.prices, passes=dual.passes,
    )  # fmt: skip


__all__ = ["solve"]
