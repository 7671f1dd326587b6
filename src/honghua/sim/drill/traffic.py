"""Messages on their way to the platform: a queue by time of arrival, in which some come late, some twice, and some again."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import numpy as np

from honghua.credit.core import Command

TWICE_SHARE: Final = 0.015  # of orders: the network delivers them twice
TWICE_AFTER_SECONDS: Final = 0.4  # mean
LATE_SHARE: Final = 0.01  # of orders
LATE_PLACES: Final = 0.01  # of the day, at most
PATIENCE_SECONDS: Final = 2.0  # then a client sends again, once
BACK_OFF_SECONDS: Final = (0.2, 1.2)  # after a broken connection


class Purpose(IntEnum):
    """What a message wants."""

    ORDER = 0
    PROOF = 1
    RECEIPT = 2
    VOID = 3
    REFUND = 4


@dataclass(frozen=True, slots=True)
class Message:
    """A command at the door. first_at: when it was first sent; arrives_at: now; seconds since the beginning. row: of the order."""

    command: Command
    purpose: Purpose
    row: int
    first_at: float
    arrives_at: float
    tries: int = 1
    is_copy: bool = False


@dataclass(slots=True)
class Traffic:
    """A queue by time of arrival; of equal times, by time of sending it here."""

    heap: list[tuple[float, int, Message]] = field(default_factory=list)
    sent: int = 0

    def __len__(self) -> int:
        return len(self.heap)

    def send(self, message: Message) -> None:
        """Put a message on its way."""
        heapq.heappush(self.heap, (message.arrives_at, self.sent, message))
        self.sent += 1

    def next_at(self) -> float | None:
        """When the next one arrives."""
        return self.heap[0][0] if self.heap else None

    def take(self, now: float, most: int) -> list[Message]:
        """What has arrived by now, oldest first."""
        found: list[Message] = []
        while self.heap and self.heap[0][0] <= now and len(found) < most:
            found.append(heapq.heappop(self.heap)[2])
        return found

    def count_waiting(self, now: float) -> int:
        """How many have arrived and were not taken."""
        return sum(arrives_at <= now for arrives_at, _, _ in self.heap)


@dataclass(frozen=True, slots=True)
class Delays:
    """What happens to the messages of n orders on their way, float64[n] seconds: late_by 0 = in time, again_after NaN = sent once."""

    late_by: np.ndarray
    again_after: np.ndarray


def draw_delays(rng: np.random.Generator, n: int, *, seconds: float) -> Delays:
    """Late and doubled messages."""
    late = np.where(rng.random(n) < LATE_SHARE, rng.random(n) * LATE_PLACES * seconds, 0.0)
    again = np.where(rng.random(n) < TWICE_SHARE, rng.exponential(TWICE_AFTER_SECONDS, n), np.nan)
    return Delays(late, again)


__all__ = ["BACK_OFF_SECONDS", "PATIENCE_SECONDS", "Delays", "Message", "Purpose", "Traffic", "draw_delays"]
