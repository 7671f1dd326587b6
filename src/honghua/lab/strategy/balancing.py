"""The balanced scorecard of a strategy: growth, protection of customers and risk, each with its hard floors (R-268).

No floor is traded for anything: whatever a strategy would earn below one, it is not chosen (`frontier.choose_point`). What is told here is
how far the chosen strategy stays from each floor, as it was promised and on orders that it was not chosen on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from honghua.lab.strategy.frontier import Point
from honghua.lab.strategy.plans import PPM, Constraints
from honghua.models.api import Interval

GOALS: Final = ("growth", "protection", "risk")
AT_LEAST: Final = "at least"
AT_MOST: Final = "at most"
# (goal, constraint, which side of it is good, the figure that it bounds)
FLOORS: Final = (
    ("growth", "approved_ppm", AT_LEAST, "approved_share"),
    ("protection", "fairness_ppm", AT_LEAST, "fairness_ratio"),
    ("protection", "refused_good_ppm", AT_MOST, "refused_good_share"),
    ("protection", "reviews_ppm", AT_MOST, "reviews_share"),
    ("protection", "stopped_ppm", AT_MOST, "stopped_share"),
    ("risk", "loss_ppm", AT_MOST, "loss_share"),
    ("risk", "capital_ppm", AT_MOST, "capital_share"),
    ("risk", "segment_ppm", AT_MOST, "segment_share"),
)


@dataclass(frozen=True, slots=True)
class Floor:
    """A line of the scorecard. bound and figures are shares; found: on orders that the strategy was not chosen on (the three equal where
    no interval is known)."""

    goal: str
    constraint: str
    side: str
    figure: str
    bound: float
    promised: float
    found: Interval

    @property
    def is_asked(self) -> bool:
        """Whether it binds anything: at least 0 and at most all are no floors."""
        return self.bound > 0.0 if self.side == AT_LEAST else self.bound < 1.0

    @property
    def is_kept(self) -> bool:
        """Not broken beyond what chance explains, on orders never seen."""
        return self.found.high >= self.bound if self.side == AT_LEAST else self.found.low <= self.bound

    @property
    def room(self) -> float:
        """How far the promise stays on the good side; below zero never."""
        return self.promised - self.bound if self.side == AT_LEAST else self.bound - self.promised


def balance_goals(
    kept: Constraints, promised: Point, reported: Point, figures: Mapping[str, Interval]
) -> tuple[Floor, ...]:
    """Every floor by its goal; figures: those that have an interval."""
    lines = []
    for goal, constraint, side, figure in FLOORS:
        seen = float(getattr(reported, figure))
        bound = int(getattr(kept, constraint)) / PPM
        found = figures.get(figure, Interval(seen, seen, seen))
        lines.append(Floor(goal, constraint, side, figure, bound, float(getattr(promised, figure)), found))
    return tuple(lines)


def tell_floor(one: Floor) -> dict[str, object]:
    """Plain values: what the desk draws."""
    return {
        "goal": one.goal, "constraint": one.constraint, "side": one.side, "figure": one.figure, "bound": one.bound,
        "promised": one.promised,
        "found": one.found.as_list(), "asked": one.is_asked, "kept": one.is_kept, "room": one.room,
    }  # fmt: skip
