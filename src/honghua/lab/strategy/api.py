"""Door of the strategist: plans, the frontier, the chosen policy, swap sets."""

from __future__ import annotations

from honghua.lab.strategy.balancing import GOALS, Floor, balance_goals
from honghua.lab.strategy.cells import BUDGETS, Grid, draw_grid
from honghua.lab.strategy.drawing import FLOORS_CHECK, Frame, Strategy, backtest, draw_strategy, vectors_of
from honghua.lab.strategy.frontier import Point, build_frontier, choose_point
from honghua.lab.strategy.orders import Group, Orders, orders_of
from honghua.lab.strategy.plans import Action, Constraints, Economics, Plan, read_plan
from honghua.lab.strategy.policy_text import diff_policies, replace_matrix
from honghua.lab.strategy.swapping import Swapped, SwapSet, same_share, swap_set

__all__ = [
    "BUDGETS",
    "FLOORS_CHECK",
    "GOALS",
    "Action",
    "Constraints",
    "Economics",
    "Floor",
    "Frame",
    "Grid",
    "Group",
    "Orders",
    "Plan",
    "Point",
    "Strategy",
    "SwapSet",
    "Swapped",
    "backtest",
    "balance_goals",
    "build_frontier",
    "choose_point",
    "diff_policies",
    "draw_grid",
    "draw_strategy",
    "orders_of",
    "read_plan",
    "replace_matrix",
    "same_share",
    "swap_set",
    "vectors_of",
]
