"""Accounts as the people who hold them know them: limit, what is owed, what is due – of a house of the files or of the real platform."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.draft import Ints

Flags = NDArray[np.bool_]

NEVER_DUE = 10**6


@dataclass(slots=True)
class Accounts:
    """The accounts of some people; row i is members[i]'s. Mutable: whoever settles keeps it up to date before the next day begins.

    members        int64[k]  dense ids, ascending
    limit_minor    int64[k]  0 = no account (yet)
    used_minor     int64[k]  owed in all, ours
    unpaid_minor   int64[k]  of that, on bills that have been issued;   minimum_minor int64[k]  still needed for the minimum
    due_day        int32[k]  when they are due, a day of the plan; NEVER_DUE = nothing is
    blocked        bool[k]   nothing on credit now: in arrears, or frozen
    """

    members: Ints
    limit_minor: Ints
    used_minor: Ints
    unpaid_minor: Ints
    minimum_minor: Ints
    due_day: NDArray[np.int32]
    blocked: Flags

    def __len__(self) -> int:
        return len(self.members)

    @property
    def available_minor(self) -> Ints:
        """int64[k]: what they can still buy; −1 for those without an account."""
        left = np.where(self.blocked, 0, np.maximum(self.limit_minor - self.used_minor, 0))
        return np.where(self.limit_minor > 0, left, -1)

    def rows_of(self, who: Ints) -> Ints:
        """int64[n]: the row of each person; −1 for those who hold no account here."""
        return find_rows(self.members, who)


def find_rows(members: Ints, who: Ints) -> Ints:
    """int64[n]: the place of each person among `members` (ascending), −1 for those who are not there."""
    if not len(members):
        return np.full(len(who), -1, np.int64)
    if members[-1] - members[0] == len(members) - 1:  # a stretch without gaps: no search
        place = who - members[0]
        return np.asarray(np.where((place >= 0) & (place < len(members)), place, -1), np.int64)
    place = np.minimum(np.searchsorted(members, who), len(members) - 1)
    return np.asarray(np.where(members[place] == who, place, -1), np.int64)


def open_accounts(members: Ints, *, limit_minor: Ints, used_minor: Ints) -> Accounts:
    """Accounts of which no bill has been issued yet; limits and use of the members, row by row."""
    k = len(members)
    limit = limit_minor.astype(np.int64)
    return Accounts(
        members.astype(np.int64), limit, np.minimum(used_minor.astype(np.int64), limit), np.zeros(k, np.int64), np.zeros(k, np.int64),
        np.full(k, NEVER_DUE, np.int32), np.zeros(k, np.bool_),
    )  # fmt: skip


__all__ = ["NEVER_DUE", "Accounts", "find_rows", "open_accounts"]
