"""From prices to a choice that keeps every budget: first rows save until nothing is overspent, then rows use what is left.

At good prices only rows that nearly waver must move, so little is lost. Both look for candidates in one pass over all rows, keep the most
promising, and let them move one after another, each against what is spent by then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from honghua.allocation.core import kernels
from honghua.allocation.core.dual import Dual, Hard
from honghua.allocation.core.records import Array, Floats, Levels, Offers, Whole

CANDIDATES: Final = 4_096  # of a chunk in a round
SAVE_ROUNDS_MAX: Final = 10_000
SPEND_ROUNDS_MAX: Final = 40
Rank = Callable[[slice, Floats], None]


def keep_budgets(dual: Dual, hard: Hard) -> Hard | None:
    """The same choice with rows moved to dearer or cheaper levels until no budget is exceeded; None when no move helps any more."""
    offers = dual.offers
    choice, spent = hard.choice.copy(), hard.spent.copy()
    for _ in range(SAVE_ROUNDS_MAX):
        over = spent > offers.budgets
        if not over.any():
            spent = count_spent(dual, choice)  # sums of floats drift
            if (spent <= offers.budgets).all():
                return _judge(dual, hard, choice, spent)
            continue
        weights = np.where(over, 1.0 / dual.scale, 0.0)

        rank = partial(_rank_savers, offers, hard.prices, choice, weights)
        order = _promising(dual, rank)
        moved = kernels.save(offers.utility, offers.cost, hard.prices, offers.budgets, dual.scale, choice, spent, order)
        if moved == 0:
            return None
    return None


def use_left(dual: Dual, kept: Hard, *, wanted: float) -> Hard:
    """A choice within the budgets, with rows moved to levels of more utility as long as they fit; never worse."""
    offers = dual.offers
    choice, left, utility = kept.choice.copy(), offers.budgets - kept.spent, kept.utility
    for _ in range(SPEND_ROUNDS_MAX):
        if kept.bound - utility <= wanted * abs(kept.bound):
            break

        rank = partial(_rank_spenders, offers, kept.prices, choice, left)
        order = _promising(dual, rank)
        moved, gained = kernels.spend(offers.utility, offers.cost, kept.prices, choice, left, order)
        utility += gained
        if moved == 0:
            break
    spent = count_spent(dual, choice)
    return _judge(dual, kept, choice, spent) if (spent <= offers.budgets).all() else kept


def count_spent(dual: Dual, choice: Levels) -> Array:
    """What a choice spends of each budget, summed anew in the order of the rows."""
    dual.passes += 1
    offers = dual.offers

    def look(rows: slice) -> Array:
        chosen = np.take_along_axis(offers.cost[rows], choice[rows, None, None].astype(np.int64), axis=1)[:, 0]
        return np.asarray(chosen.sum(axis=0, dtype=offers.budgets.dtype))

    return np.asarray(np.sum(dual.runner([partial(look, rows) for rows in offers.chunks()]), axis=0))


def count_utility(dual: Dual, choice: Levels) -> float:
    """The utility of a choice."""
    offers = dual.offers
    parts = (
        np.take_along_axis(offers.utility[rows], choice[rows, None].astype(np.int64), axis=1).sum(dtype=np.float64)
        for rows in offers.chunks()
    )
    return float(sum(parts))


def cheapest(dual: Dual, hard: Hard) -> Hard:
    """Every row at the open level that costs least, budgets counted by their scale: where saving begins when nothing else keeps them."""
    offers = dual.offers
    choice = np.empty(len(offers), np.int8)
    for rows in offers.chunks():
        dear = offers.cost[rows] @ (1.0 / dual.scale)
        choice[rows] = np.where(np.isneginf(offers.utility[rows]), np.inf, dear).argmin(axis=1)
    return _judge(dual, hard, choice, count_spent(dual, choice))


def _judge(dual: Dual, like: Hard, choice: Levels, spent: Array) -> Hard:
    return Hard(like.prices, choice, count_utility(dual, choice), spent, like.bound)


def _rank_savers(offers: Offers, prices: Floats, choice: Levels, weights: Floats, rows: slice, out: Floats) -> None:
    kernels.find_savers(offers.utility[rows], offers.cost[rows], prices, choice[rows], weights, out)


def _rank_spenders(offers: Offers, prices: Floats, choice: Levels, left: Array, rows: slice, out: Floats) -> None:
    kernels.find_spenders(offers.utility[rows], offers.cost[rows], prices, choice[rows], left, out)


def _promising(dual: Dual, rank: Rank) -> Whole:
    """int64[m]: places of the candidates of all chunks, the most promising first, equals by their place."""
    dual.passes += 1

    def look(rows: slice) -> tuple[Whole, Floats]:
        found = np.empty(rows.stop - rows.start)
        rank(rows, found)
        places = np.flatnonzero(found < np.inf)
        if len(places) > CANDIDATES:
            places = places[np.argsort(found[places], kind="stable")[:CANDIDATES]]
        return places + rows.start, found[places]

    parts = dual.runner([partial(look, rows) for rows in dual.offers.chunks()])
    places, ranks = (np.concatenate(column) for column in zip(*parts, strict=True))
    return np.asarray(places[np.argsort(ranks, kind="stable")], np.int64)


__all__ = ["cheapest", "count_spent", "count_utility", "keep_budgets", "use_left"]
