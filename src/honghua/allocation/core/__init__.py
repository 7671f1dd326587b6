"""Door of the pure part: the question, the answer, and how hard to try."""

from honghua.allocation.core.records import Allocation, SolvePlan

__all__ = ["Allocation", "SolvePlan"]
