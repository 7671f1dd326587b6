"""One look at a chunk of rows: what is wrong with them, what they choose at given prices, softly and hard, and who may move how.

All take utility float[n, k] (−inf = level not open), cost int or float[n, k, b] ≥ 0, prices float64[b] ≥ 0. Level k is worth
u[k] − Σ prices × c[k]. Cost sketch: n × k × (b + 1) multiply-adds and as many loads; 8 levels and 3 budgets in float32 and int32 are 128
bytes a row, about 30 ns. Python checks shapes, signs and headroom before the call. Oracle: `tests/naive.py` of the room, by brute force.
"""

from __future__ import annotations

import numpy as np
from numba import njit

FAR = 36.0  # in units of heat: e**−36 is below the last bit of a sum of ones
NAN_UTILITY, INFINITE_UTILITY, BAD_COST, NEGATIVE_COST, NO_OPEN_LEVEL = 1, 2, 3, 4, 5


@njit(cache=True, nogil=True)
def inspect(u, c, least, most, out):
    """The first wrong row as (its place, what is wrong) or (−1, 0), and what the planner must know of the others.

    least, most  float64[b]: sums over rows of the smallest and the largest cost of an open level
    out          float64[3]: sum of the spreads of utility, sum of |largest utility|, the largest cost
    """
    n, k = u.shape
    b = c.shape[2]
    for i in range(n):
        low, high = np.inf, -np.inf
        for level in range(k):
            worth = np.float64(u[i, level])
            if np.isnan(worth):
                return i, NAN_UTILITY
            if worth == np.inf:
                return i, INFINITE_UTILITY
            for j in range(b):
                price = np.float64(c[i, level, j])
                if not np.isfinite(price):
                    return i, BAD_COST
                if price < 0:
                    return i, NEGATIVE_COST
                out[2] = max(out[2], price)
            if worth > -np.inf:
                low, high = min(low, worth), max(high, worth)
        if high == -np.inf:
            return i, NO_OPEN_LEVEL
        out[0] += high - low
        out[1] += abs(high)
        for j in range(b):
            small, large = np.inf, 0.0
            for level in range(k):
                if u[i, level] > -np.inf:
                    small, large = min(small, np.float64(c[i, level, j])), max(large, np.float64(c[i, level, j]))
            least[j] += small
            most[j] += large
    return -1, 0


@njit(cache=True, nogil=True)
def weigh(u, c, prices, heat, out):
    """The soft choice, each level by e**(worth / heat): a smooth bound from above on what the rows are worth at these prices.

    out  float64[1 + b + b × b]: Σ heat × log Σ e**(worth / heat); expected cost; Σ of the rows' covariances of cost
    """
    n, k = u.shape
    b = c.shape[2]
    worth, mean = np.empty(k), np.empty(b)
    for i in range(n):
        best = -np.inf
        for level in range(k):
            value = np.float64(u[i, level])
            for j in range(b):
                value -= prices[j] * c[i, level, j]
            worth[level] = value
            best = max(best, value)
        total = 0.0
        mean[:] = 0.0
        for level in range(k):
            weight = (worth[level] - best) / heat
            worth[level] = np.exp(weight) if weight > -FAR else 0.0
            total += worth[level]
            if worth[level] > 0.0:
                for j in range(b):
                    mean[j] += worth[level] * c[i, level, j]
        out[0] += best + heat * np.log(total)
        for j in range(b):
            mean[j] /= total
            out[1 + j] += mean[j]
        if total == 1.0:
            continue  # a clear choice has no covariance
        for level in range(k):
            if worth[level] > 0.0:
                share = worth[level] / total
                for j in range(b):
                    for other in range(b):
                        both = (c[i, level, j] - mean[j]) * (c[i, level, other] - mean[other])
                        out[1 + b + j * b + other] += share * both


@njit(cache=True, nogil=True)
def choose(u, c, prices, choice, spent, out):
    """The hard choice: the level worth most, the first of equals.

    choice  int8[n], written      spent  int64[b] or float64[b], added to
    out     float64[2], added to: what the choice is worth at these prices, and its utility
    """
    n, k = u.shape
    b = c.shape[2]
    for i in range(n):
        best, at = -np.inf, 0
        for level in range(k):
            value = np.float64(u[i, level])
            for j in range(b):
                value -= prices[j] * c[i, level, j]
            if value > best:
                best, at = value, level
        choice[i] = at
        out[0] += best
        out[1] += u[i, at]
        for j in range(b):
            spent[j] += c[i, at, j]


@njit(cache=True, nogil=True)
def find_savers(u, c, prices, choice, weights, rank):
    """How dear it is to let each row save: worth lost per unit saved of what is overspent, by its best move; +inf = it cannot.

    weights  float64[b]: of a unit of each overspent budget, 0 of the others      rank  float64[n], written
    """
    for i in range(u.shape[0]):
        rank[i], _ = best_saving(u, c, prices, choice, weights, i)


@njit(cache=True, nogil=True)
def best_saving(u, c, prices, choice, weights, i):
    """(worth lost per unit saved, level) of one row's best move; (+inf, −1) where no level saves anything."""
    k, b = u.shape[1], c.shape[2]
    at = choice[i]
    best, to = np.inf, -1
    for level in range(k):
        if level == at or u[i, level] == -np.inf:
            continue
        lost, saved = np.float64(u[i, at]) - u[i, level], 0.0
        for j in range(b):
            less = np.float64(c[i, at, j]) - np.float64(c[i, level, j])
            lost -= prices[j] * less
            saved += weights[j] * less
        if saved > 0.0 and lost / saved < best:
            best, to = lost / saved, level
    return best, to


@njit(cache=True, nogil=True)
def save(u, c, prices, budgets, scale, choice, spent, rows):
    """Let rows save in this order until nothing is overspent; how many moved. A move counts only if it lowers the overspending as a whole.

    budgets, spent  the kind of the costs' sums      scale  float64[b]: what counts as one unit of each budget
    """
    b = c.shape[2]
    weights = np.empty(b)
    moved = 0
    for i in rows:
        over = 0.0
        for j in range(b):
            weights[j] = 1.0 / scale[j] if spent[j] > budgets[j] else 0.0
            over += max(0.0, np.float64(spent[j] - budgets[j])) / scale[j]
        if over == 0.0:
            break
        _, to = best_saving(u, c, prices, choice, weights, i)
        if to < 0:
            continue
        after = 0.0
        for j in range(b):
            spends = spent[j] - c[i, choice[i], j] + c[i, to, j]
            after += max(0.0, np.float64(spends - budgets[j])) / scale[j]
        if after < over:
            for j in range(b):
                spent[j] += c[i, to, j] - c[i, choice[i], j]
            choice[i] = to
            moved += 1
    return moved


@njit(cache=True, nogil=True)
def find_spenders(u, c, prices, choice, left, rank):
    """How well each row would use what is left: minus the utility gained per worth of budget, by its best move that fits; +inf = none.

    left  [b]: budgets less what is spent, ≥ 0      rank  float64[n], written
    """
    for i in range(u.shape[0]):
        rank[i], _ = best_spending(u, c, prices, choice, left, i)


@njit(cache=True, nogil=True)
def best_spending(u, c, prices, choice, left, i):
    """(minus utility per worth of budget, level) of one row's best move within what is left; (+inf, −1) where none gains."""
    k, b = u.shape[1], c.shape[2]
    at = choice[i]
    best, to = np.inf, -1
    for level in range(k):
        gained = np.float64(u[i, level]) - u[i, at]
        if not gained > 0.0:
            continue
        dear, fits = 0.0, True
        for j in range(b):
            more = c[i, level, j] - c[i, at, j]
            fits = fits and more <= left[j]
            dear += prices[j] * more
        if not fits:
            continue
        rank = -gained / dear if dear > 0.0 else -np.inf
        if to < 0 or rank < best or (rank == best and gained > np.float64(u[i, to]) - u[i, at]):
            best, to = rank, level
    return best, to


@njit(cache=True, nogil=True)
def spend(u, c, prices, choice, left, rows):
    """Let rows use in this order what is left, `left` being lowered; (how many moved, utility gained)."""
    b = c.shape[2]
    moved, gained = 0, 0.0
    for i in rows:
        _, to = best_spending(u, c, prices, choice, left, i)
        if to < 0:
            continue
        gained += np.float64(u[i, to]) - u[i, choice[i]]
        for j in range(b):
            left[j] -= c[i, to, j] - c[i, choice[i], j]
        choice[i] = to
        moved += 1
    return moved, gained


__all__ = [
    "BAD_COST", "INFINITE_UTILITY", "NAN_UTILITY", "NEGATIVE_COST", "NO_OPEN_LEVEL", "choose", "find_savers", "find_spenders", "inspect",
    "save", "spend", "weigh",
]  # fmt: skip
