"""The oracle: every choice there is, in plain Python."""

from __future__ import annotations

import itertools
import math
from typing import Any


def solve_naively(utility: Any, cost: Any, budgets: Any) -> float:
    """The largest utility of any choice within the budgets; −inf where there is none. Only for very few rows."""
    best = -math.inf
    n, k, b = cost.shape
    for levels in itertools.product(range(k), repeat=n):
        spent = [sum(cost[i, level, j].item() for i, level in enumerate(levels)) for j in range(b)]
        if all(one <= most for one, most in zip(spent, budgets.tolist(), strict=True)):
            best = max(best, sum(utility[i, level].item() for i, level in enumerate(levels)))
    return best
