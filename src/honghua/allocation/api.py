"""The room's door: share budgets among very many rows, and know how good the choice is."""

from __future__ import annotations

from honghua.allocation.core import Allocation, SolvePlan
from honghua.allocation.solving import solve

__all__ = ["Allocation", "SolvePlan", "solve"]
