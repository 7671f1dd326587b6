"""Who gets in by one way of deciding and not by another: the swap set, with what these orders turned out to be."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.lab.strategy.orders import Orders
from honghua.lab.strategy.plans import PPM, Plan
from honghua.models.api import Interval
from honghua.models.examining.api import share_interval

Mask = NDArray[np.bool_]
UNKNOWN: Final = Interval(0.0, float("nan"), 1.0)  # of nobody anything may be true


@dataclass(frozen=True, slots=True)
class Swapped:
    """One of the four parts. bad_share is of those whose outcome is known, which is all of them here: rejected applicants are not."""

    orders: int
    amount_minor: int
    bad_share: Interval
    profit_minor: int


@dataclass(frozen=True, slots=True)
class SwapSet:
    """kept_in: both let pass · swapped_in: only the new one · swapped_out: only the old one · kept_out: neither."""

    kept_in: Swapped
    swapped_in: Swapped
    swapped_out: Swapped
    kept_out: Swapped

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def swap_set(orders: Orders, old_in: Mask, new_in: Mask, plan: Plan) -> SwapSet:
    """old_in, new_in bool[n]: who is let pass. Profit is that of letting the whole order pass."""
    assert len(old_in) == len(new_in) == len(orders), "one row each"
    earned = orders.amount_minor * plan.economics.margins(orders.chance)
    profit = np.where(orders.bad == 1, -orders.amount_minor * (plan.economics.loss_ppm / PPM), earned)

    def part(rows: Mask) -> Swapped:
        bad = share_interval(int(orders.bad[rows].sum()), int(rows.sum())) if rows.any() else UNKNOWN
        return Swapped(int(rows.sum()), int(orders.amount_minor[rows].sum()), bad, round(float(profit[rows].sum())))

    return SwapSet(part(old_in & new_in), part(~old_in & new_in), part(old_in & ~new_in), part(~old_in & ~new_in))


def same_share(chance: NDArray[np.float64], share: float) -> Mask:
    """The `share` of the orders with the lowest chance (ties by place): two scores compared at one approval share."""
    count = round(share * len(chance))
    rows = np.zeros(len(chance), np.bool_)
    rows[np.argsort(chance, kind="stable")[:count]] = True
    return rows
