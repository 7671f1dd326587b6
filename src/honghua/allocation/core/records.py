"""What is asked of the solver and what it answers, and what is wrong with a question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.allocation.core import kernels
from honghua.base.errors import BadInput

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Levels = NDArray[np.int8]
Array = NDArray[Any]
Work = Callable[[], Any]
Runner = Callable[[Iterable[Work]], list[Any]]  # calls each and returns the answers in order, side by side or not

LEVELS_MAX: Final = 127  # a choice is an int8
BUDGETS_MAX: Final = 64
HEADROOM: Final = 2**62

WRONG: Final = {
    kernels.NAN_UTILITY: ("NOT_FINITE", "a utility is not a number"),
    kernels.INFINITE_UTILITY: ("NOT_FINITE", "a utility is infinite; only −inf is allowed, for a level that is not open"),
    kernels.BAD_COST: ("NOT_FINITE", "a cost is not a finite number"),
    kernels.NEGATIVE_COST: ("NEGATIVE_COST", "a cost is below zero"),
    kernels.NO_OPEN_LEVEL: ("NO_OPEN_LEVEL", "no level is open to this row; give it one that costs nothing"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvePlan:
    """How hard to try. The answer does not depend on `threads`.

    chunk_rows   rows looked at together; scratch memory is some 8 bytes for each of them and thread
    sample_rows  rows on which prices are found first, where there are many more
    gap_wanted   relative; below it nothing more is tried
    """

    threads: int = 2
    chunk_rows: int = 65_536
    sample_rows: int = 32_768
    gap_wanted: float = 1e-6

    def __post_init__(self) -> None:
        if min(self.threads, self.chunk_rows, self.sample_rows) < 1 or not 0.0 <= self.gap_wanted < 1.0:
            raise BadInput("threads and rows are at least 1, and the wanted gap is a share", code="BAD_PLAN")


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """What every row gets. Whole costs: `spent` is int64 and exact; else float64.

    choice  int8[n]   the level of each row          value  its utility in all        spent  [b]  of each budget
    bound   no choice within the budgets is worth more (Lagrangian dual)              gap    (bound − value) / |bound|, relative
    violation  the largest overrun as a share of its budget: 0.0                      prices float64[b]  utility per unit of each budget
    passes  how often the rows were read
    """

    choice: Levels
    value: float
    spent: Array
    bound: float
    gap: float
    violation: float
    prices: Floats
    passes: int


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """The question, checked for its shape: utility float[n, k], cost [n, k, b], budgets [b] of the kind of the costs' sums."""

    utility: Array
    cost: Array
    budgets: Array
    chunk_rows: int

    def __len__(self) -> int:
        return len(self.utility)

    def chunks(self) -> Iterator[slice]:
        """Slices of rows that cover all, in order."""
        return (slice(at, min(at + self.chunk_rows, len(self))) for at in range(0, len(self), self.chunk_rows))

    @property
    def is_whole(self) -> bool:
        """Whether costs and budgets are whole numbers, whose sums are exact."""
        return bool(self.budgets.dtype == np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What one look at all rows says: mean spread of utility, Σ |largest utility|, least and most that each budget may be asked for."""

    spread: float
    size: float
    least: Floats
    most: Floats


def read_offers(utility: Array, cost: Array, budgets: Array, *, chunk_rows: int) -> Offers:
    """Check shapes and kinds; BadInput says what is wrong. float32 costs are turned into float64: their sums would round."""
    if utility.ndim != 2 or cost.ndim != 3 or budgets.ndim != 1 or cost.shape != (*utility.shape, len(budgets)):
        raise BadInput(
            f"utility [n, k], cost [n, k, b] and budgets [b] are wanted, not {utility.shape}, {cost.shape}, {budgets.shape}",
            code="BAD_SHAPE",
        )
    n, k = utility.shape
    if n < 1 or not 1 <= k <= LEVELS_MAX or not 1 <= len(budgets) <= BUDGETS_MAX:
        raise BadInput(
            f"at least one row, 1 … {LEVELS_MAX} levels and 1 … {BUDGETS_MAX} budgets are wanted", code="BAD_SHAPE"
        )
    if any(array.dtype.kind not in "iuf" for array in (utility, cost, budgets)):
        raise BadInput("utilities, costs and budgets are numbers", code="BAD_SHAPE")
    if not np.isfinite(budgets).all():
        raise BadInput("a budget is not a finite number", code="NOT_FINITE")
    if (budgets < 0).any():
        raise BadInput(f"budget {int(np.argmax(budgets < 0))} is below zero", code="NEGATIVE_BUDGET")
    if cost.dtype not in (np.int32, np.int64, np.float64):
        cost = cost.astype(np.float64 if cost.dtype.kind == "f" else np.int64)
    if utility.dtype not in (np.float32, np.float64):
        utility = utility.astype(np.float64)
    is_whole = cost.dtype.kind == "i"
    # Whole costs never exceed a budget by a part of one unit: its floor binds as much.
    bounds = np.floor(budgets).clip(max=HEADROOM).astype(np.int64) if is_whole else budgets.astype(np.float64)
    return Offers(utility, cost, bounds, chunk_rows)


def survey(offers: Offers, runner: Runner) -> Survey:
    """Look at every row once; BadInput names the first that is wrong, or the budget that even the cheapest levels exceed."""
    b = len(offers.budgets)

    def look(rows: slice) -> tuple[int, int, Floats, Floats, Floats]:
        least, most, out = np.zeros(b), np.zeros(b), np.zeros(3)
        place, wrong = kernels.inspect(offers.utility[rows], offers.cost[rows], least, most, out)
        return (rows.start + place if wrong else -1), wrong, least, most, out

    parts = runner([partial(look, rows) for rows in offers.chunks()])
    for place, wrong, *_ in parts:
        if wrong:
            code, words = WRONG[wrong]
            raise BadInput(f"row {place}: {words}", code=code)
    least, most = sum(part[2] for part in parts), sum(part[3] for part in parts)
    if offers.is_whole and max(part[4][2] for part in parts) * len(offers) > HEADROOM:
        raise BadInput("costs so large that their sum leaves int64", code="COST_TOO_LARGE")
    short = np.flatnonzero(least > offers.budgets.astype(np.float64) * (1 + 1e-12))
    if len(short):
        j = int(short[0])
        raise BadInput(
            f"the cheapest levels of all rows cost {least[j]:.15g} of budget {j}, which has {offers.budgets[j]:.15g}",
            code="BUDGET_INFEASIBLE",
        )
    out = sum(part[4] for part in parts)
    return Survey(float(out[0]) / len(offers), float(out[1]), least, most)


__all__ = [
    "Allocation",
    "Array",
    "Floats",
    "Levels",
    "Offers",
    "Runner",
    "SolvePlan",
    "Survey",
    "Whole",
    "Work",
    "read_offers",
    "survey",
]
