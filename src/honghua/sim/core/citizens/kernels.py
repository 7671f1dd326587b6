"""Choices in bulk: which place of a running share a number falls on, and which price of a list is nearest."""

from __future__ import annotations

from numba import njit


@njit(cache=True)
def first_above(running, low, high, chance):
    """The first place of low … high whose running share, ascending, is above chance; high when none is."""
    while low < high:
        middle = (low + high) // 2
        if running[middle] > chance:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True)
def draw_columns(running, row, chance, out):
    """For each i the first column whose running share is above chance[i].

    running float64[rows, columns] ascending to 1 along each row;   row int64[n];   chance float64[n] in [0, 1);   out int64[n]
    Cost: log2(columns) reads of one row, about 30 ns.
    """
    last = running.shape[1] - 1
    for i in range(len(row)):
        out[i] = first_above(running[row[i]], 0, last, chance[i])


@njit(cache=True)
def draw_members(start, running, group, chance, out):
    """For each i the place, in a list sorted by group, of the member of group[i] whose running share is the first above chance[i].

    start int64[groups + 1]: where groups begin, none of those asked for is empty;   running float64[members], to 1 within each group
    group int64[n];   chance float64[n] in [0, 1);   out int64[n]
    """
    for i in range(len(group)):
        out[i] = first_above(running, start[group[i]], start[group[i] + 1] - 1, chance[i])


@njit(cache=True)
def nearest_prices(price_minor, shop, wish_minor, pieces_most, out):
    """The list price nearest to each wish; when the dearest is far below, several pieces of it, at most pieces_most.

    price_minor int64[shops, goods] ascending, above 0;   shop, wish_minor int64[n];   out int64[n]
    """
    goods = price_minor.shape[1]
    for i in range(len(shop)):
        at = shop[i]
        wish = wish_minor[i]
        above = 0
        while above < goods - 1 and price_minor[at, above] < wish:
            above += 1
        price = price_minor[at, above]
        if above > 0 and wish - price_minor[at, above - 1] < price - wish:
            price = price_minor[at, above - 1]
        pieces = (2 * wish + price) // (2 * price)
        out[i] = price * min(max(pieces, 1), pieces_most)
