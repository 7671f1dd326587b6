"""The state that the kernels write: flat int64 arrays that grow by doubling to a stated maximum, then forget the longest unseen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.features.core import layout as at
from honghua.features.core.kernels.rows import fill_slots
from honghua.features.core.plan import Plan

Ints = NDArray[np.int64]
FIRST_CAPACITY: Final = 1024
CAPACITY: Final = 4_000_000  # keys per group where nothing else is said
EVICTED_AT_ONCE: Final = 16  # one part in so many


class State:
    """Rows, slots and slabs of every group of a plan.

    rows int64[], slots int64[], pool int64[]: all groups one behind the other; heads int64[G, HEAD] and slabs int64[T, SLAB] say where.
    """

    ARRAYS: Final = ("heads", "rows", "slots", "slabs", "pool")

    def __init__(self, plan: Plan, limits: Mapping[str, int] | None = None) -> None:
        self.plan = plan
        self.limits = [_limit(key, dict(limits or {})) for key in plan.keys]
        named = {"+".join(key) for key in plan.keys}
        if limits and not set(limits) <= named:
            raise ValueError(f"no key {', '.join(sorted(set(limits) - named))}; keys are {', '.join(sorted(named))}")
        groups, tracks = len(plan.groups), len(plan.tracks)
        self.heads = np.zeros((groups, at.HEAD), np.int64)
        self.slabs = np.zeros((tracks, at.SLAB), np.int64)
        self.rows = np.zeros(0, np.int64)
        self.slots = np.zeros(0, np.int64)
        self.pool = np.zeros(0, np.int64)
        self.slabs[:, at.L_WORDS] = plan.tracks[:, at.T_TILES] * plan.tracks[:, at.T_WORDS]
        self._place_rows([min(FIRST_CAPACITY, limit) for limit in self.limits])
        self._place_slabs([2 * at.BLOCK if hop else 0 for hop in plan.tracks[:, at.T_HOP]])
        self.marks = np.zeros(at.BLOCK, np.int64)
        self.places = np.zeros(at.BLOCK, np.int64)
        self.numbers = np.zeros((at.BLOCK, len(plan.hops)), np.int64)
        accs = plan.groups[:, at.G_ACCS_END] - plan.groups[:, at.G_ACCS]
        self.gains = np.zeros(int(accs.max(initial=1)), np.int64)

    @property
    def arrays(self) -> tuple[Ints, ...]:
        """The arrays in the order in which `step` takes them."""
        return (
            self.heads, self.rows, self.slots, self.slabs, self.pool, self.marks, self.numbers, self.places, self.gains,
        )  # fmt: skip

    def make_room(self, group: int) -> None:
        """More rows for a group; at its limit, forget the sixteenth of its keys that were unseen the longest."""
        limit, capacity = self.limits[group], int(self.heads[group, at.H_CAPACITY])
        if capacity < limit:
            capacities = self.heads[:, at.H_CAPACITY].tolist()
            capacities[group] = min(2 * capacity, limit)
            self._place_rows(capacities)
        else:
            self._evict(group, max(1, capacity // EVICTED_AT_ONCE))

    def add_slabs(self, group: int) -> None:
        """Twice the slabs for the tracks of a group that run short of them; never more than its rows can hold."""
        capacities = self.slabs[:, at.L_CAPACITY].tolist()
        for t in self._tracks(group):
            if self.plan.tracks[t, at.T_HOP] and self.slabs[t, at.L_AVAILABLE] < at.BLOCK:
                capacities[t] = min(2 * capacities[t], self.limits[group] + 2 * at.BLOCK)
        self._place_slabs(capacities)

    def digest(self) -> bytes:
        """sha256 of everything that the next values depend on, whatever the capacities: 32 bytes."""
        said = sha256()
        for g in range(len(self.plan.groups)):
            rows = self.rows_of(g)[: self.heads[g, at.H_USED]]
            for row in rows[np.argsort(rows[:, at.K_SEEN], kind="stable")]:
                if row[at.K_SEEN] > 0:
                    said.update(self._said(g, row))
        return said.digest()

    def rows_of(self, group: int) -> Ints:
        """The rows of a group, a view int64[capacity, width]."""
        width, base = int(self.plan.groups[group, at.G_WIDTH]), int(self.heads[group, at.H_BASE])
        return self.rows[base : base + int(self.heads[group, at.H_CAPACITY]) * width].reshape(-1, width)

    def slabs_of(self, track: int) -> Ints:
        """The slabs of a track, a view int64[capacity, words]."""
        base, capacity, words = self.slabs[track, [at.L_BASE, at.L_CAPACITY, at.L_WORDS]].tolist()
        return self.pool[base : base + capacity * words].reshape(capacity, words)

    def _tracks(self, group: int) -> range:
        return range(int(self.plan.groups[group, at.G_TRACKS]), int(self.plan.groups[group, at.G_TRACKS_END]))

    def _said(self, group: int, row: Ints) -> bytes:
        """What a row means: its words without the numbers of slabs, and the tiles that its masks name."""
        said, parts = row.copy(), []
        for t in self._tracks(group):
            head, tiles, words = self.plan.tracks[t, [at.T_HEAD, at.T_TILES, at.T_WORDS]].tolist()
            hop = int(self.plan.tracks[t, at.T_HOP])
            if hop and row[head + at.S_SLAB] > 0:
                slab = self.slabs_of(t)[row[head + at.S_SLAB] - 1].reshape(tiles, words)
                number, mask = int(row[head + at.S_TILE]), int(row[head + at.S_MASK])
                parts += [slab[(number - k) % tiles].tobytes() for k in range(1, tiles + 1) if mask >> k & 1]
                said[head + at.S_SLAB] = 0
        said[at.K_SEEN] = 0
        return said.tobytes() + b"".join(parts)

    def _place_rows(self, capacities: list[int]) -> None:
        widths = self.plan.groups[:, at.G_WIDTH].tolist()
        sizes = [n * width for n, width in zip(capacities, widths, strict=True)]
        slots = [1 << max(3, int(2 * n - 1).bit_length()) for n in capacities]
        old = [self.rows_of(g) for g in range(len(capacities))]
        kept = self.slots, self.heads.copy()
        self.rows, bases = _laid(sizes, old)
        self.heads[:, at.H_BASE] = bases
        self.heads[:, at.H_CAPACITY] = capacities
        self.heads[:, at.H_SLOTS] = np.cumsum([0, *slots[:-1]])[: len(slots)]
        self.heads[:, at.H_SLOT_MASK] = np.array(slots, np.int64) - 1
        self.slots = np.zeros(sum(slots), np.int64)
        for g, size in enumerate(slots):
            start, before = int(self.heads[g, at.H_SLOTS]), int(kept[1][g, at.H_SLOTS])
            if size == kept[1][g, at.H_SLOT_MASK] + 1:
                self.slots[start : start + size] = kept[0][before : before + size]
            else:
                fill_slots(self.rows, self.slots, self.heads, g, widths[g])

    def _place_slabs(self, capacities: list[int]) -> None:
        old = [self.slabs_of(t) for t in range(len(capacities))]
        sizes = [n * words for n, words in zip(capacities, self.slabs[:, at.L_WORDS].tolist(), strict=True)]
        self.slabs[:, at.L_AVAILABLE] += np.array(capacities, np.int64) - self.slabs[:, at.L_CAPACITY]
        self.pool, bases = _laid(sizes, old)
        self.slabs[:, at.L_BASE] = bases
        self.slabs[:, at.L_CAPACITY] = capacities

    def _evict(self, group: int, count: int) -> None:
        """Forget the `count` keys unseen the longest: their slabs and rows become free, the slots are entered anew."""
        head, rows = self.heads[group], self.rows_of(group)
        victims = np.argpartition(rows[:, at.K_SEEN], count - 1)[:count]
        for t in self._tracks(group):
            if self.plan.tracks[t, at.T_HOP]:
                word = int(self.plan.tracks[t, at.T_HEAD]) + at.S_SLAB
                numbers = rows[victims, word]
                self._free_slabs(t, numbers[numbers > 0])
        rows[victims] = 0
        rows[victims, at.K_OTHER] = np.append(victims[1:] + 1, head[at.H_FREE])
        head[at.H_FREE] = victims[0] + 1
        head[at.H_LIVE] -= count
        head[at.H_EVICTED] += count
        start = int(head[at.H_SLOTS])
        self.slots[start : start + int(head[at.H_SLOT_MASK]) + 1] = 0
        fill_slots(self.rows, self.slots, self.heads, group, rows.shape[1])

    def _free_slabs(self, track: int, numbers: Ints) -> None:
        if len(numbers):
            slab = self.slabs[track]
            self.slabs_of(track)[numbers - 1, 0] = np.append(numbers[1:], slab[at.L_FREE])
            slab[at.L_FREE] = numbers[0]
            slab[at.L_AVAILABLE] += len(numbers)


@dataclass(frozen=True, slots=True)
class GroupMemory:
    """What one key's state takes: live keys, words of their rows, slabs in use, bytes of all and per live key."""

    keys: int
    row_bytes: int
    slab_bytes: int
    slot_bytes: int
    bytes_per_key: float


def measure(state: State) -> dict[str, GroupMemory]:
    """Bytes in use by each key group: rows of live keys, slabs that hold tiles, slots of the table."""
    found = {}
    for g, key in enumerate(state.plan.keys):
        first, end = state.plan.groups[g, [at.G_TRACKS, at.G_TRACKS_END]].tolist()
        live = int(state.heads[g, at.H_LIVE])
        rows = 8 * live * int(state.plan.groups[g, at.G_WIDTH])
        part = state.slabs[first:end]
        slabs = 8 * int(((part[:, at.L_CAPACITY] - part[:, at.L_AVAILABLE]) * part[:, at.L_WORDS]).sum())
        slots = 8 * (int(state.heads[g, at.H_SLOT_MASK]) + 1)
        found["+".join(key)] = GroupMemory(live, rows, slabs, slots, (rows + slabs + slots) / max(1, live))
    return found


def _limit(key: tuple[str, ...], limits: dict[str, int]) -> int:
    limit = int(limits.get("+".join(key), CAPACITY))
    if limit < 2:
        raise ValueError(f"the capacity of {'+'.join(key)} is at least 2 keys")
    return limit


def _laid(sizes: list[int], old: list[Ints]) -> tuple[Ints, Ints]:
    """One array of parts behind each other, the old parts at their beginnings, and where each part begins."""
    bases = np.cumsum([0, *sizes], dtype=np.int64)
    array = np.zeros(int(bases[-1]), np.int64)
    for base, part in zip(bases[:-1].tolist(), old, strict=True):
        array[base : base + part.size] = part.reshape(-1)
    return array, bases[:-1]


__all__ = ["CAPACITY", "GroupMemory", "State", "measure"]
