"""Which events a memory has learnt from, in a few thousand numbers: enough to see that others overlap, too few to tell of anybody.

A sketch holds the smallest hashes of the events (a bottom-k sketch; Cohen, Kaplan 2007). Hashes of the same events are the same, so of the
events of another table whose hashes are as small the share that is in the sketch is the share that overlaps. Sketches of tables are joined
into the sketch of all of them.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from honghua.lab.factory.api import Stream

HASHES: Final = 8_192
CHUNK: Final = 1 << 20
COLUMNS: Final = ("at_us", "kind", "amount_minor", "customer")  # an event is the same if these are
Hashes = NDArray[np.uint64]


class Sketch(msgspec.Struct, frozen=True):
    """low: the smallest hashes, rising, each once; is_whole: there were no others."""

    low: tuple[int, ...] = ()
    is_whole: bool = True


def sketch_events(stream: Stream) -> Sketch:
    """Of all events of a stream."""
    low, is_whole = np.zeros(0, np.uint64), True
    for start in range(0, stream.rows, CHUNK):
        hashes = hash_rows([stream.columns[name][start : start + CHUNK] for name in COLUMNS])
        low = np.union1d(low, hashes)
        is_whole &= len(low) <= HASHES
        low = low[:HASHES]
    return Sketch(tuple(low.tolist()), is_whole)


def hash_rows(columns: list[NDArray[np.int64]]) -> Hashes:
    """uint64[n]: mixed bits of rows (splitmix64's finish after each column; Steele, Lea, Flood 2014)."""
    found = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        found = found + column.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found ^= found >> np.uint64(31)
    return found


def share_seen(now: Sketch, before: Sketch) -> float:
    """About which share of the events of `now` are among those of `before`; 0 where either has none."""
    most = min((one.low[-1] for one in (now, before) if not one.is_whole and one.low), default=None)
    mine = [one for one in now.low if most is None or one <= most]
    return len(set(mine) & set(before.low)) / len(mine) if mine else 0.0


def join(one: Sketch, other: Sketch) -> Sketch:
    """The sketch of the events of both."""
    most = min((part.low[-1] for part in (one, other) if not part.is_whole), default=None)
    low = sorted(number for number in {*one.low, *other.low} if most is None or number <= most)
    return Sketch(tuple(low[:HASHES]), one.is_whole and other.is_whole and len(low) <= HASHES)


__all__ = ["HASHES", "Sketch", "join", "share_seen", "sketch_events"]
