"""Orders whose end is known: what a strategy is drawn from, and what it is judged on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.lab.strategy.plans import Plan

AMOUNT_MAX: Final = 2**53  # a float64 holds it to the minor unit
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A split of the orders: codes int32[n] into words, −1 = not known. Never an input of the policy."""

    name: str
    codes: NDArray[np.int32]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """chance float64[n] 0 … 1, calibrated and made without the order's own outcome; bad uint8[n]; amount_minor int64[n] ≥ 1.

    protected: splits whose approval shares are compared. segment: one whose concentration is bounded.
    """

    chance: Floats
    bad: NDArray[np.uint8]
    amount_minor: Ints
    protected: tuple[Group, ...] = field(default=(), kw_only=True)
    segment: Group | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        n = len(self.chance)
        lengths = {len(self.bad), len(self.amount_minor)}
        lengths |= {len(split.codes) for split in (*self.protected, self.segment) if split is not None}
        if not n or lengths != {n}:
            raise BadInput("orders need a chance, an outcome and an amount each", code="BAD_ORDERS")
        if not ((self.chance >= 0) & (self.chance <= 1)).all():
            raise BadInput("a chance is 0 … 1 and never missing", code="BAD_ORDERS")
        if self.bad.max() > 1 or self.amount_minor.min() < 1 or self.amount_minor.max() > AMOUNT_MAX:
            raise BadInput("outcomes are 0 or 1, amounts at least one minor unit", code="BAD_ORDERS")

    def __len__(self) -> int:
        return len(self.chance)


def orders_of(
    chance: Floats, bad: NDArray[np.uint8], plan: Plan, *, amount_minor: Ints | None = None, protected: tuple[Group, ...] = (),
    segment: Group | None = None,
) -> Orders:  # fmt: skip
    """Orders from predictions; where no amounts are known, each is the plan's exposure."""
    amounts = np.full(len(chance), plan.economics.exposure_minor, np.int64) if amount_minor is None else amount_minor
    return Orders(
        np.ascontiguousarray(chance, np.float64), np.ascontiguousarray(bad, np.uint8), np.ascontiguousarray(amounts, np.int64),
        protected=protected, segment=segment,
    )  # fmt: skip
