"""The event table that features, graph, fraud and decisions share: one int64 matrix and the names of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

FIXED: Final = ("at_us", "kind", "amount_minor", "origin_at_us")
ENTITIES: Final = ("customer", "merchant", "device", "address", "payee", "category", "region")
MISSING: Final = -(2**63)  # a number that is not known; amounts, times and kinds are always known
ABSENT: Final = 0  # the key of an entity that does not take part in the event
ASKED: Final = 62  # the kind of a row that only reads: nothing happened, somebody wants the values at that time
_KEY_BITS: Final = 2**63 - 1


class EventKind(IntEnum):
    """What happened. The numbers are stored and never change. FRAUD_REPORTED and CLEARED are labels that arrive, late."""

    PURCHASE = 1
    REFUND = 2
    TRANSFER = 3
    REPAYMENT = 4
    LIMIT_RAISED = 5
    FRAUD_REPORTED = 6
    CLEARED = 7
    REFUSED = 8


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of an event matrix int64[n, width]: the four fixed ones, then entity keys, then numbers.

    entities: some of ENTITIES, in that order or another; 0 in a row = absent. numbers: names of int64 columns, MISSING = not known;
    what is no whole number comes scaled (a price in cents, a ratio in ppm).
    """

    entities: tuple[str, ...]
    numbers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = [name for name in self.entities if name not in ENTITIES]
        if unknown:
            raise ValueError(f"no such entity: {', '.join(unknown)}; entities are {', '.join(ENTITIES)}")
        if not self.entities:
            raise ValueError("a schema needs at least one entity")
        columns = self.columns
        twice = sorted({name for name in columns if columns.count(name) > 1})
        if twice:
            raise ValueError(f"column named twice: {', '.join(twice)}")
        odd = [name for name in self.numbers if not name.isidentifier() or name in ENTITIES]
        if odd:
            raise ValueError(f"not a name for a number: {', '.join(odd)}")

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column's name, in order."""
        return (*FIXED, *self.entities, *self.numbers)

    @property
    def width(self) -> int:
        """How many columns an event has."""
        return len(FIXED) + len(self.entities) + len(self.numbers)

    def place(self, name: str) -> int:
        """The index of a column; ValueError when the schema has no such column."""
        try:
            return self.columns.index(name)
        except ValueError:
            raise ValueError(f"no column {name!r}; columns are {', '.join(self.columns)}") from None

    def check(self, events: Ints) -> None:
        """ValueError unless `events` is a C-contiguous int64[n, width]."""
        if events.dtype != np.int64 or events.ndim != 2 or events.shape[1] != self.width:
            raise ValueError(f"events are {events.dtype}{list(events.shape)}; wanted int64[n, {self.width}]")
        if not events.flags.c_contiguous:
            raise ValueError("events must be C-contiguous")


def key_of_text(text: str) -> int:
    """The entity key of a text: 63 bits of blake2b, never 0."""
    key = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") & _KEY_BITS
    return key or 1


def keys_of_texts(texts: Sequence[str] | Iterable[str]) -> Ints:
    """int64[n]: the entity key of each text; an empty text is absent (0). Each different text is hashed once."""
    known: dict[str, int] = {"": ABSENT}
    keys = []
    for text in texts:
        key = known.get(text)
        if key is None:
            key = known[text] = key_of_text(text)
        keys.append(key)
    return np.array(keys, np.int64)


__all__ = [
    "ABSENT",
    "ASKED",
    "ENTITIES",
    "FIXED",
    "MISSING",
    "EventKind",
    "Ints",
    "Schema",
    "key_of_text",
    "keys_of_texts",
]
