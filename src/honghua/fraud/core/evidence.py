"""The events behind a value, from the exact event list: the graph only points, what a person is shown comes from here."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.features.core import Schema
from honghua.fraud.core.plan import Value

Ints = NDArray[np.int64]
UNIT_US: Final = {"m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
WINDOW: Final = re.compile(r"_(\d+)([mhd])$")
DEFAULT_US: Final = 30 * UNIT_US["d"]
EDGES_MAX: Final = 50
LABELS: Final = (6, 7)


def window_of(name: str) -> int:
    """How far back a value looks, microseconds; 30 days where its name doesn't say."""
    found = WINDOW.search(name)
    return int(found[1]) * UNIT_US[found[2]] if found else DEFAULT_US


def find_evidence(events: Ints, row: int, value: Value, schema: Schema) -> Ints:
    """Rows of events (the newest EDGES_MAX, the newest first) that share what the value is about with `row`, within its window.

    events int64[n, C] in order of time. For a crowd these are the edges of the shared thing and of its users' other purchases there.
    """
    entity = value.entity if value.entity in schema.entities else schema.entities[0]
    column = schema.place(entity)
    if events[row, column] == 0:
        return np.array([row], np.int64)
    since = events[row, 0] - window_of(value.name)
    first = int(np.searchsorted(events[: row + 1, 0], since, side="left"))
    near = events[first : row + 1]
    match = (near[:, column] == events[row, column]) & ~np.isin(near[:, 1], LABELS)
    return (np.flatnonzero(match)[::-1][:EDGES_MAX] + first).astype(np.int64)


__all__ = ["find_evidence", "window_of"]
