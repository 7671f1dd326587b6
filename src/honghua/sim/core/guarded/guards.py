"""Who says no: the words of a guard, and two plain ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from honghua.features.core import EventKind
from honghua.sim.core.draft import Ints
from honghua.sim.core.market import MARKET_SCHEMA

Bools = NDArray[np.bool_]


class Guard(Protocol):
    """Sees each event of a city once, in order of time: attempts before they happen, everything else as it happens."""

    def judge(self, events: Ints) -> Bools:
        """refused bool[n] of events int64[n, C] of MARKET_SCHEMA; only purchases on credit and transfers can be."""
        ...


def is_judged(events: Ints) -> Bools:
    """bool[n]: whether a lender has a say in it."""
    kind = events[:, MARKET_SCHEMA.place("kind")]
    bought = (kind == EventKind.PURCHASE) & (events[:, MARKET_SCHEMA.place("credit")] == 1)
    return np.asarray(bought | (kind == EventKind.TRANSFER))


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """Refuses nothing."""

    def judge(self, events: Ints) -> Bools:
        """Nobody."""
        return np.zeros(len(events), np.bool_)


@dataclass(frozen=True, slots=True)
class PlainGuard:
    """A house of two rules: no purchase on credit that takes more than a share of what is available, no transfer above a sum."""

    share_max: float = 0.5
    transfer_max_minor: int = 200_000
    small_minor: int = 20_000  # nobody minds

    def judge(self, events: Ints) -> Bools:
        """Refuses what is over either line."""
        place = MARKET_SCHEMA.place
        amount, kind = events[:, place("amount_minor")], events[:, place("kind")]
        greedy = (amount > self.share_max * events[:, place("available_minor")]) & (amount > self.small_minor)
        over = np.where(kind == EventKind.TRANSFER, amount > self.transfer_max_minor, greedy)
        return np.asarray(is_judged(events) & over)


__all__ = ["Guard", "OpenDoor", "PlainGuard", "is_judged"]
