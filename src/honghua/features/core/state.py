"""The state that the kernels write: flat int64 arrays as long as the stated maximum, then the longest unseen are forgotten.

Addresses are reserved for the maximum at once, memory is taken where something is written: growing copies nothing and stops nobody.
"""

from __future__ import annotations

import mmap
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
PAGE: Final = mmap.PAGESIZE // 8  # words
MAP_NORESERVE: Final = 0x4000  # Linux; Python 3.11 has no name for it


class State:
    """Rows, slots and slabs of every group of a plan.

    rows int64[], slots int64[], pool int64[]: all groups one behind the other; heads int64[G, HEAD] and slabs int64[T, SLAB] say where.
    """

    def __init__(self, plan: Plan, limits: Mapping[str, int] | None = None) -> None:
        self.plan = plan
        self.limits = [_limit(key, dict(limits or {})) for key in plan.keys]
        named = {"+".join(key) for key in plan.keys}
        if limits and not set(limits) <= named:
            raise ValueError(f"no key {', '.join(sorted(set(limits) - named))}; keys are {', '.join(sorted(named))}")
        groups, tracks = len(plan.groups), len(plan.tracks)
        self.heads = np.zeros((groups, at.HEAD), np.int64)
        self.slabs = np.zeros((tracks, at.SLAB), np.int64)
        self.slabs[:, at.L_WORDS] = plan.tracks[:, at.T_TILES] * plan.tracks[:, at.T_WORDS]
        for g, limit in enumerate(self.limits):
            for t in self._tracks(g):
                if plan.tracks[t, at.T_HOP]:
                    self.slabs[t, [at.L_CAPACITY, at.L_AVAILABLE]] = limit  # a row takes one at most
        rows_max = np.array(self.limits, np.int64)
        slots = np.array([_slots_of(limit) for limit in self.limits], np.int64)
        self.rows, self.heads[:, at.H_BASE] = _reserve(rows_max * plan.groups[:, at.G_WIDTH])
        self.slots, self.heads[:, at.H_SLOTS] = _reserve(slots)
        self.pool, self.slabs[:, at.L_BASE] = _reserve(self.slabs[:, at.L_CAPACITY] * self.slabs[:, at.L_WORDS])
        for g, limit in enumerate(self.limits):
            self._set_capacity(g, min(FIRST_CAPACITY, limit))
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
            self._set_capacity(group, min(2 * capacity, limit))
        else:
            self._evict(group, max(1, capacity // EVICTED_AT_ONCE))

    def used(self) -> dict[str, list[Ints]]:
        """What was ever written, as flat views that begin on pages: "rows" by group, "pool" by track. `slots` follow from the rows."""
        return {
            "rows": [self.rows_of(g)[: self.heads[g, at.H_USED]].reshape(-1) for g in range(len(self.heads))],
            "pool": [self.slabs_of(t)[: self.slabs[t, at.L_USED]].reshape(-1) for t in range(len(self.slabs))],
        }

    def lay_out(self, heads: Ints, slabs: Ints) -> None:
        """Take up the heads and slabs of a state of the same plan and limits; what `used` gives then waits for its words.

        ValueError when they are of another plan or other limits, or count more than there is room for.
        """
        places, bounds = [at.H_BASE, at.H_SLOTS], [at.L_BASE, at.L_CAPACITY, at.L_WORDS]
        if heads.shape != self.heads.shape or slabs.shape != self.slabs.shape:
            raise ValueError("heads or slabs of another plan")
        if (heads[:, places] != self.heads[:, places]).any() or (slabs[:, bounds] != self.slabs[:, bounds]).any():
            raise ValueError("rows or tiles lie elsewhere")
        counts = [
            *zip(heads[:, at.H_USED], heads[:, at.H_CAPACITY], strict=True),
            *zip(heads[:, at.H_CAPACITY], self.limits, strict=True),
        ]
        counts += zip(slabs[:, at.L_USED], slabs[:, at.L_CAPACITY], strict=True)
        if not all(0 <= used <= room for used, room in counts):
            raise ValueError("more is used than there is")
        self.heads[:], self.slabs[:] = heads, slabs

    def enter_rows(self) -> None:
        """Fill the slots of all groups from their rows, into a state that had none."""
        for g in range(len(self.heads)):
            fill_slots(self.rows, self.slots, self.heads, g, int(self.plan.groups[g, at.G_WIDTH]))

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

    def _set_capacity(self, group: int, capacity: int) -> None:
        """Let a group have so many rows; its table of slots is entered anew, at most half full."""
        head = self.heads[group]
        start = int(head[at.H_SLOTS])
        self.slots[start : start + int(head[at.H_SLOT_MASK]) + 1] = 0
        head[at.H_CAPACITY], head[at.H_SLOT_MASK] = capacity, _slots_of(capacity) - 1
        fill_slots(self.rows, self.slots, self.heads, group, int(self.plan.groups[group, at.G_WIDTH]))

    def forget(self, entity: str, values: Ints) -> int:
        """Forget every key that has one of these values of an entity, and wipe what was kept of it; how many keys.

        What others' windows say of it (how many different ones they met) stays: nobody is told apart there.
        """
        found = 0
        for g, key in enumerate(self.plan.keys):
            if entity in key:
                rows = self.rows_of(g)
                word = (at.K_KEY, at.K_OTHER)[key.index(entity)]
                victims = np.flatnonzero((rows[:, at.K_SEEN] > 0) & np.isin(rows[:, word], values))
                if len(victims):
                    self._drop(g, victims, wipes=True)
                    found += len(victims)
        return found

    def _evict(self, group: int, count: int) -> None:
        """Forget the `count` keys unseen the longest."""
        seen = self.rows_of(group)[:, at.K_SEEN]
        self._drop(group, np.argpartition(seen, count - 1)[:count])
        self.heads[group, at.H_EVICTED] += count

    def _drop(self, group: int, victims: NDArray[np.intp], *, wipes: bool = False) -> None:
        """Slabs and rows of these become free, the slots are entered anew. wipes: the slabs' words, too, which count as nothing anyway."""
        head, rows = self.heads[group], self.rows_of(group)
        for t in self._tracks(group):
            if self.plan.tracks[t, at.T_HOP]:
                word = int(self.plan.tracks[t, at.T_HEAD]) + at.S_SLAB
                numbers = rows[victims, word]
                numbers = numbers[numbers > 0]
                if wipes:
                    self.slabs_of(t)[numbers - 1] = 0
                self._free_slabs(t, numbers)
        rows[victims] = 0
        rows[victims, at.K_OTHER] = np.append(victims[1:] + 1, head[at.H_FREE])
        head[at.H_FREE] = victims[0] + 1
        head[at.H_LIVE] -= len(victims)
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


def _slots_of(capacity: int) -> int:
    """Twice the rows and more, a power of two."""
    return 1 << max(3, (2 * capacity - 1).bit_length())


def _reserve(sizes: Ints) -> tuple[Ints, Ints]:
    """Zeros int64[…] for parts of these sizes, and where each begins: on a page of its own, so that a file can be mapped there.

    Pages that nothing was written to take no memory.
    """
    bases = np.cumsum([0, *(-(-sizes // PAGE) * PAGE)], dtype=np.int64)
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE
    room = mmap.mmap(-1, max(8 * int(bases[-1]), mmap.PAGESIZE), flags=flags)
    room.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(room, np.int64, int(bases[-1])), bases[:-1]


__all__ = ["CAPACITY", "GroupMemory", "State", "measure"]
