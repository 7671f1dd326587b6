"""The frontier: for every loss budget the actions that earn most, by one allocation each; and the point that keeps every constraint."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.allocation.api import solve
from honghua.base.errors import BadInput, Refusal
from honghua.lab.strategy.cells import Grid, Ledger, follow, reckon
from honghua.lab.strategy.figures import Z
from honghua.lab.strategy.orders import Floats, Group, Ints, Orders
from honghua.lab.strategy.plans import PPM, Constraints, Plan
from honghua.models.api import Interval

POINTS: Final = 40
GRAIN: Final = 1e-9  # sums of the same money in another order
GROUP_ROWS_MIN: Final = 100  # smaller groups are not compared: chance alone would break the bound
Actions = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Point:
    """One strategy: what it does with each cell, and what that does. Shares are of the orders; loss and capital of all that is asked for.

    gap: how far its allocation can be from the best within its loss budget. why: the constraints it breaks, empty when feasible.
    """

    loss_budget_ppm: int
    actions: tuple[int, ...]
    approved_share: float
    loss_share: float
    capital_share: float
    reviews_share: float
    stopped_share: float
    refused_good_share: float
    segment_share: float
    fairness_ratio: float
    profit_minor: int
    gap: float
    why: tuple[str, ...]

    @property
    def is_feasible(self) -> bool:
        """Keeps every constraint."""
        return not self.why


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a point comes from: the share of loss it was allowed, and the gap of its allocation."""

    loss_share: float
    gap: float


def build_frontier(orders: Orders, plan: Plan, grid: Grid) -> tuple[Point, ...]:
    """Points from the strictest to the loosest, none worse than another in both loss and profit; chosen on these orders only.

    Beside the allocations every single cut-off is tried, so that no simple rule can be better. Figures are expectations by the cells'
    smoothed rates, not what chance brought in these very orders.
    """
    ledger = reckon(orders, plan, grid)
    cell = grid.place(orders)
    points: dict[tuple[int, ...], Point] = {}
    for actions, origin in _candidates(ledger, plan, grid, orders):
        key = tuple(actions.tolist())
        if key not in points:
            points[key] = _promise(actions, ledger, plan, (orders, cell), origin)
    return _undominated(sorted(points.values(), key=lambda p: (p.loss_share, -p.profit_minor)))


def _candidates(ledger: Ledger, plan: Plan, grid: Grid, orders: Orders) -> Iterator[tuple[Actions, Origin]]:
    asked = float(orders.amount_minor.sum())
    most = float(ledger.cost[:, 0, 0].sum()) / asked
    wanted = min(plan.constraints.loss_ppm / PPM, most)
    bounds = _budgets(ledger, plan.constraints, orders)
    places = [0, *bounds]
    allotted: list[tuple[Actions, Origin]] = []
    for share in np.unique(np.append(most * np.linspace(0.0, 1.0, POINTS) ** 2, wanted))[::-1].tolist():
        try:
            found = solve(ledger.value, ledger.cost[:, :, places], np.array([share * asked, *bounds.values()]))
        except BadInput as error:
            if error.code != "BUDGET_INFEASIBLE":
                raise
            break  # so little loss and everything else at once: with still less there is no point either
        allotted.append((_rising(found.choice, plan, grid), Origin(share, float(found.gap))))
    yield from reversed(allotted)
    amounts, bands = grid.shape
    for cut in range(bands + 1):
        row = np.where(np.arange(bands) < cut, 0, len(plan.actions) - 1).astype(np.int8)
        actions = np.tile(row, amounts)
        yield actions, Origin(float(ledger.total(ledger.cost, actions)[0]) / asked, 0.0)


def _budgets(ledger: Ledger, kept: Constraints, orders: Orders) -> dict[int, float]:
    """What may be spent beside the loss, by the place in BUDGETS; floors that nobody asks for are no budgets."""
    asked, rows = float(orders.amount_minor.sum()), len(orders)
    found = {1: asked * kept.capital_ppm / PPM, 2: rows * kept.reviews_ppm / PPM, 3: rows * kept.stopped_ppm / PPM}
    if kept.approved_ppm:
        found[4] = rows * (PPM - kept.approved_ppm) / PPM
    if kept.refused_good_ppm < PPM:
        found[5] = float(ledger.refused_good[:, -1].sum()) * kept.refused_good_ppm / PPM
    return found


def _rising(choice: Actions, plan: Plan, grid: Grid) -> Actions:
    """No order milder than a less risky one of its amount; who would newly need a person is refused instead."""
    actions = np.maximum.accumulate(choice.reshape(grid.shape), axis=1).reshape(-1)
    manual = np.array([a.is_manual for a in plan.actions])
    actions[(actions != choice) & manual[actions]] = len(plan.actions) - 1
    return np.maximum.accumulate(actions.reshape(grid.shape), axis=1).reshape(-1).astype(np.int8)


def _undominated(points: Sequence[Point]) -> tuple[Point, ...]:
    """Of points by rising loss: those that earn more than every one with less loss, and those alone that are feasible."""
    kept: list[Point] = []
    best = {True: -np.inf, False: -np.inf}
    for point in points:
        if point.profit_minor > best[point.is_feasible]:
            best[point.is_feasible] = point.profit_minor
            kept.append(point)
    return tuple(kept)


def _promise(actions: Actions, ledger: Ledger, plan: Plan, of: tuple[Orders, Ints], origin: Origin) -> Point:
    orders, cell = of
    asked, rows = float(orders.amount_minor.sum()), float(len(orders))
    loss, capital, reviews, stopped, *_ = ledger.total(ledger.cost, actions).tolist()
    of_cell = np.bincount(cell, minlength=len(actions))
    places = np.arange(len(actions))
    through = (ledger.through[places, actions] / np.maximum(of_cell, 1))[cell]
    lent = (ledger.cost[places, actions, 1] / np.maximum(of_cell, 1))[cell]
    good = float(ledger.refused_good[:, -1].sum())
    figures = {
        "approved": float(through.mean()), "loss": loss / asked, "capital": capital / asked, "reviews": reviews / rows,
        "stopped": stopped / rows, "refused_good": float(ledger.total(ledger.refused_good, actions)) / max(good, 1.0),
        "segment": largest_part(orders.segment, lent), "fairness": approval_ratio(orders.protected, through),
        "profit": float(ledger.total(ledger.value, actions)),
    }  # fmt: skip
    return _point(actions, figures, plan.constraints, origin)


def observe(actions: Actions, orders: Orders, plan: Plan, grid: Grid, origin: Origin) -> Point:
    """The same point by what these orders turned out to be."""
    done = follow(actions, orders, plan, grid.place(orders))
    asked, good = float(orders.amount_minor.sum()), max(1.0, float((orders.bad == 0).sum()))
    figures = {
        "approved": float(done["through"].mean()), "loss": float(done["loss"].sum()) / asked,
        "capital": float(done["capital"].sum()) / asked, "reviews": float(done["reviews"].mean()),
        "stopped": float(done["stopped"].mean()), "refused_good": float(done["refused_good"].sum()) / good,
        "segment": largest_part(orders.segment, done["capital"]), "fairness": approval_ratio(orders.protected, done["through"]),
        "profit": float(done["profit"].sum()),
    }  # fmt: skip
    return _point(actions, figures, plan.constraints, origin)


def _point(actions: Actions, figures: Mapping[str, float], kept: Constraints, origin: Origin) -> Point:
    return Point(
        loss_budget_ppm=round(origin.loss_share * PPM), actions=tuple(actions.tolist()), approved_share=figures["approved"],
        loss_share=figures["loss"], capital_share=figures["capital"], reviews_share=figures["reviews"],
        stopped_share=figures["stopped"], refused_good_share=figures["refused_good"], segment_share=figures["segment"],
        fairness_ratio=figures["fairness"], profit_minor=round(figures["profit"]), gap=origin.gap,
        why=broken_constraints(figures, kept),
    )  # fmt: skip


def broken_constraints(figures: Mapping[str, float], kept: Constraints) -> tuple[str, ...]:
    """What is beyond its bound, in words; figures by name: approved, loss, capital, reviews, stopped, refused_good, segment, fairness."""
    bounds = (
        ("loss", kept.loss_ppm), ("capital", kept.capital_ppm), ("reviews", kept.reviews_ppm), ("stopped", kept.stopped_ppm),
        ("segment", kept.segment_ppm), ("refused_good", kept.refused_good_ppm),
    )  # fmt: skip
    broken = [
        f"{name} {figures[name]:.4f} is above {bound / PPM:.4f}"
        for name, bound in bounds
        if figures[name] > bound / PPM + GRAIN
    ]
    if figures["fairness"] < kept.fairness_ppm / PPM:
        broken.append(f"fairness {figures['fairness']:.3f} is below {kept.fairness_ppm / PPM:.3f}")
    if figures["approved"] < kept.approved_ppm / PPM - GRAIN:
        broken.append(f"approved {figures['approved']:.4f} is below {kept.approved_ppm / PPM:.4f}")
    if not figures["approved"]:
        broken.append("it lets nobody pass")
    return tuple(broken)


def largest_part(segment: Group | None, capital: Floats) -> float:
    """Of what is let through (float64[n]), the part of the segment that gets most; 0 without segments."""
    if segment is None or not capital.sum():
        return 0.0
    known = segment.codes >= 0
    sums = np.bincount(segment.codes[known], weights=capital[known], minlength=len(segment.words))
    return float(sums.max() / capital.sum())


def approval_ratio(protected: Sequence[Group], through: Floats) -> float:
    """The lowest approval share of a group that is large enough in that of the highest, of the worst split; 1 without splits."""
    return min((one.mid for one in approval_ratios(protected, through)), default=1.0)


def approval_ratios(protected: Sequence[Group], through: Floats) -> list[Interval]:
    """The same of each split with two large groups, with its interval (of the logarithm of a ratio of two shares)."""
    found = []
    for split in protected:
        known = split.codes >= 0
        shares, errors = [], []
        for code in range(len(split.words)):
            mine = through[known & (split.codes == code)]
            if len(mine) >= GROUP_ROWS_MIN:
                shares.append(float(mine.mean()))
                errors.append(float(mine.var()) / len(mine))
        if len(shares) < 2 or max(shares) <= 0:
            continue
        low, high = int(np.argmin(shares)), int(np.argmax(shares))
        ratio = shares[low] / shares[high]
        if not ratio:
            found.append(Interval(0.0, 0.0, 0.0))
            continue
        spread = Z * math.sqrt(errors[low] / shares[low] ** 2 + errors[high] / shares[high] ** 2)
        found.append(Interval(ratio * math.exp(-spread), ratio, min(1.0, ratio * math.exp(spread))))
    return found


def choose_point(points: Sequence[Point]) -> int | Refusal:
    """The feasible point that earns most; a Refusal says what the nearest one breaks."""
    feasible = [k for k, point in enumerate(points) if point.is_feasible]
    if feasible:
        return max(feasible, key=lambda k: (points[k].profit_minor, -k))
    nearest = min(points, key=lambda point: (not point.approved_share, len(point.why)))
    return Refusal("NO_STRATEGY", f"no strategy keeps every constraint; the nearest: {'; '.join(nearest.why)}")
