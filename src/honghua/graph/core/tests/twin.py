"""The graph again, as a list of edges and plain Python: slow, without a ring, blocks or bits."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

DAY = 21_600  # ticks
TICK_US = 4_000_000


def rounded(amount: int) -> int:
    """The amount as the graph keeps it: 8 significant bits, halves away from zero, at least 0."""
    amount = min(max(amount, 0), 255 << 30)
    shift = max(0, amount.bit_length() - 8)
    return int(math.floor(amount / 2**shift + 0.5) * 2**shift)


@dataclass(frozen=True, slots=True)
class Entry:
    """One end of an edge, seen from one node."""

    other: tuple[int, int]  # type and key
    paid: bool
    tick: int
    amount: int


@dataclass(slots=True)
class Twin:
    """Edges between (type, key) nodes; a late edge counts as now; every entry is kept for ever."""

    window_days: float
    epoch_us: int = -1
    clock: int = 0
    late: int = 0
    entries: dict[tuple[int, int], list[Entry]] = field(default_factory=dict)

    def move(self, at_us: int) -> None:
        if self.epoch_us < 0:
            self.epoch_us = at_us
        tick = (at_us - self.epoch_us) // TICK_US
        self.late += tick < self.clock
        self.clock = max(self.clock, tick)

    def append(self, at_us: int, left: tuple[int, int], right: tuple[int, int], amount: int) -> None:
        self.move(at_us)
        self.add(left, right, amount)

    def add(self, left: tuple[int, int], right: tuple[int, int], amount: int) -> None:
        if left[1] == 0 or right[1] == 0 or left == right:
            return
        self.entries.setdefault(left, []).append(Entry(right, True, self.clock, rounded(amount)))
        self.entries.setdefault(right, []).append(Entry(left, False, self.clock, rounded(amount)))

    def newest(
        self,
        node: tuple[int, int],
        days: float,
        cap: int,
        sorts: set[tuple[int, bool]] | None = None,
        *,
        visits: int = 10**9,
    ) -> list[Entry]:
        """The newest entries of the sorts asked for, at most `cap` among the newest `visits`."""
        since = self.clock - min(int(days * DAY), math.ceil(self.window_days * DAY))
        found = [e for e in reversed(self.entries.get(node, [])) if e.tick >= since][:visits]
        return [e for e in found if sorts is None or (e.other[0], e.paid) in sorts][:cap]

    def distinct(self, entries: list[Entry], most: int) -> list[tuple[int, int]]:
        return list(dict.fromkeys(e.other for e in entries))[:most]


def cycle(twin: Twin, payer: tuple[int, int], payee: tuple[int, int], days: float) -> int:
    """Edges of the shortest temporal cycle of at most 4 edges that payer → payee closes, 0 when there is none; no caps."""
    frontier: list[tuple[tuple[int, int], int, tuple[tuple[int, int], ...]]] = [(payer, twin.clock, (payer,))]
    for edges in (2, 3, 4):
        following = []
        for node, tick, way in frontier:
            for entry in twin.newest(node, days, 10**9, {(payer[0], False)}):
                if entry.tick > tick or entry.other in way:
                    continue
                if entry.other == payee:
                    return edges
                following.append((entry.other, entry.tick, (*way, entry.other)))
        frontier = following
    return 0


def shares(entries: list[Entry]) -> Counter[tuple[int, int]]:
    """How often each other node stands in the entries."""
    return Counter(e.other for e in entries)
