"""What people's apps show of their accounts: kept up to date by the driver from what the platform says."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.draft import Ints

NEVER_DUE = 10**6


@dataclass(slots=True)
class Screens:
    """Arrays of all people, by dense id, minor units. Who has no account yet sees what they would get.

    limit_minor, free_minor      the limit, and what is left of it
    due_minor, minimum_minor     open on bills, and still needed for the minimum
    due_day                      day of the plan on which the oldest open bill is due; NEVER_DUE = nothing is
    opened                       whether they have an account
    """

    limit_minor: Ints
    free_minor: Ints = field(init=False)
    due_minor: Ints = field(init=False)
    minimum_minor: Ints = field(init=False)
    due_day: NDArray[np.int32] = field(init=False)
    opened: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.limit_minor)
        self.free_minor = self.limit_minor.copy()
        self.due_minor, self.minimum_minor = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.due_day = np.full(n, NEVER_DUE, np.int32)
        self.opened = np.zeros(n, np.bool_)

    def forget_bills(self) -> None:
        """Before the bills are read anew."""
        self.due_minor[:] = self.minimum_minor[:] = 0
        self.due_day[:] = NEVER_DUE

    def add_bill(self, who: int, *, unpaid_minor: int, minimum_minor: int, due_day: int) -> None:
        """One open bill."""
        self.due_minor[who] += unpaid_minor
        self.minimum_minor[who] += minimum_minor
        if unpaid_minor > 0:
            self.due_day[who] = min(int(self.due_day[who]), due_day)


__all__ = ["NEVER_DUE", "Screens"]
