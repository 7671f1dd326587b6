"""What a run of a job takes batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

SWEEPS_MAX: Final = 100  # of one run; what is left is due at the next


def take_all(take: Callable[[], int], *, at_once: int) -> int:
    """Take batches until one is not full; how many in all."""
    total = 0
    for _ in range(SWEEPS_MAX):
        taken = take()
        total += taken
        if taken < at_once:
            break
    return total
