"""Lists in memory: sorted keys with expiry, one lookup kernel for all of them, and a digest that names the content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core.keeping import kernels

NEVER: Final = 2**63 - 1  # expires_at_us of an entry without an end


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One key of one kind of entity on one list; it counts while the event's time is before `expires_at_us`."""

    name: str
    entity: str
    key: int
    expires_at_us: int = field(default=NEVER)


@dataclass(frozen=True, slots=True)
class Sections:
    """Sorted keys in sections, one per (name, entity): what the kernel walks."""

    names: tuple[tuple[str, str], ...]
    keys: NDArray[np.int64]
    expires: NDArray[np.int64]
    starts: NDArray[np.int64]

    def look_up(
        self, columns: Mapping[str, int], events: NDArray[np.int64], at_us: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """bool[n, sections]: whose entity, found in `columns` of events int64[n, C], is on the section at at_us int64[n]."""
        out = np.empty((len(events), len(self.names)), np.bool_)
        places = np.array([columns.get(entity, -1) for _, entity in self.names], np.int64)
        if out.size:
            kernels.look_up(self.keys, self.expires, self.starts, places, events, at_us, out)
        return out


def make_sections(entries: Iterable[Entry]) -> Sections:
    """Sort and section; of one key named twice the later expiry counts."""
    latest: dict[tuple[str, str, int], int] = {}
    for entry in entries:
        place = (entry.name, entry.entity, entry.key)
        latest[place] = max(entry.expires_at_us, latest.get(place, entry.expires_at_us))
    ordered = sorted(latest)
    names = tuple(sorted({(name, entity) for name, entity, _ in ordered}))
    place_of = {name: i for i, name in enumerate(names)}
    counts = np.zeros(len(names) + 1, np.int64)
    for name, entity, _ in ordered:
        counts[place_of[name, entity] + 1] += 1
    return Sections(
        names, np.array([key for _, _, key in ordered], np.int64), np.array([latest[p] for p in ordered], np.int64),
        np.cumsum(counts),
    )  # fmt: skip


class ListBook:
    """All lists at one moment. Immutable; `digest` (32 bytes) names the content."""

    __slots__ = ("digest", "names", "sections")

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.sections = make_sections(entries)
        self.names = tuple(sorted({name for name, _ in self.sections.names}))
        said = hashlib.sha256(repr(self.sections.names).encode())
        for part in (self.sections.starts, self.sections.keys, self.sections.expires):
            said.update(part.astype("<i8").tobytes())
        self.digest = said.digest()

    def __len__(self) -> int:
        return len(self.sections.keys)

    def flags(
        self,
        names: Sequence[str],
        columns: Mapping[str, int],
        events: NDArray[np.int64],
        *,
        at_us: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """float64[n, len(names)]: 1 where any entity of the event is on that list, else 0; an unknown list holds nobody.

        columns: entity → column of events int64[n, C]. at_us int64[n] event times: expiry is judged by them.
        """
        out = np.zeros((len(events), len(names)), np.float64)
        if not names or not len(self):
            return out
        found = self.sections.look_up(columns, events, at_us)
        for place, (name, _) in enumerate(self.sections.names):
            for column, wanted in enumerate(names):
                if wanted == name:
                    np.maximum(out[:, column], found[:, place], out=out[:, column])
        return out


__all__ = ["NEVER", "Entry", "ListBook", "Sections", "make_sections"]
