"""Coupons from three purses: lender, platform and merchant share what a coupon takes off, and each yuan is paid once (R-168).

A level of coupon has an amount and says which share of it each purse bears. The amount is split by largest remainder, so that the parts add
up to it exactly; the parts are what the allocation counts against the purses, and what is booked later.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.allocation.api import Allocation, solve
from honghua.base.errors import BadInput, Problem

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

PURSES: Final = ("lender", "platform", "merchant")
PPM: Final = 1_000_000
AMOUNT_MAX: Final = 10**12  # minor units: its product with a share stays in int64


class Funded(NamedTuple):
    """level int8[n] of each customer; parts_minor int64[n, 3], by PURSES; the solver's answer with its gap."""

    level: NDArray[np.int8]
    parts_minor: Ints
    allocation: Allocation


def split_amounts(amounts_minor: Ints, shares_ppm: Ints) -> Ints:
    """int64[..., purses]: each amount split by its shares (last axis, adding up to a million), parts summing to it exactly.

    Largest remainder, the earlier purse first of equals: as `base.money.split`, for many at once.
    """
    if amounts_minor.min(initial=0) < 0 or amounts_minor.max(initial=0) > AMOUNT_MAX or (shares_ppm < 0).any():
        raise BadInput(
            f"amounts of 0 … {AMOUNT_MAX:,} minor units and shares of 0 or more are wanted", code="FUNDING_INVALID"
        )
    if (shares_ppm.sum(axis=-1) != PPM).any():
        raise BadInput("shares of the purses add up to a million: each yuan has one payer", code="FUNDING_INVALID")
    products = amounts_minor[..., None] * shares_ppm
    parts = products // PPM
    order = np.argsort(-(products % PPM), axis=-1, kind="stable")
    rank = np.argsort(order, axis=-1, kind="stable")
    left = amounts_minor - parts.sum(axis=-1)
    return np.asarray(parts + (rank < left[..., None]), np.int64)


def fund_jointly(value: Floats, amounts_minor: Ints, shares_ppm: Ints, purses_minor: Ints) -> Funded:
    """The coupon of each customer that brings most in all, no purse being overspent.

    value float64[n, k]: what each level is expected to bring, −inf = not for this customer; amounts_minor int64[n, k], level 0 nothing;
    shares_ppm int64[k, 3] or [n, k, 3]; purses_minor int64[3]. BadInput FUNDING_INVALID, and those of `allocation.solve`.
    """
    if purses_minor.shape != (len(PURSES),) or (amounts_minor[:, 0] != 0).any():
        raise BadInput("three purses, and a first level that costs nothing, are wanted", code="FUNDING_INVALID")
    parts = split_amounts(amounts_minor, np.broadcast_to(shares_ppm, (*amounts_minor.shape, len(PURSES))))
    found = solve(value, parts, purses_minor)
    return Funded(found.choice, parts[np.arange(len(parts)), found.choice], found)


def check_funding(funded: Funded, amounts_minor: Ints, purses_minor: Ints) -> tuple[Problem, ...]:
    """What is wrong with a funding: a coupon whose parts are not its amount (row), a purse that paid too much; none = it reconciles."""
    amount = amounts_minor[np.arange(len(funded.level)), funded.level]
    odd = np.flatnonzero((funded.parts_minor.sum(axis=1) != amount) | (funded.parts_minor < 0).any(axis=1))
    problems = [
        Problem(int(row) + 1, "FUNDING_NOT_ONCE", "the parts of the purses are not the amount of the coupon")
        for row in odd
    ]
    for purse, (paid, held) in enumerate(zip(funded.parts_minor.sum(axis=0), purses_minor, strict=True)):
        if paid > held:
            problems.append(Problem(purse + 1, "PURSE_OVERSPENT", f"the {PURSES[purse]} pays {paid} of {held}"))
    return tuple(problems)


__all__ = ["PURSES", "Funded", "check_funding", "fund_jointly", "split_amounts"]
