"""The words that a policy may use: inputs with their kinds, ranges and levels. One vector holds them in this order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

AMOUNT: Final = "amount_minor"  # the input that says how much is asked for
LIST_PREFIX: Final = "on_list."  # on_list("devices") reads the flag on_list.devices
ARM_PREFIX: Final = "arm."  # arm("first_order") reads the category arm.first_order


class Kind(StrEnum):
    """What a value is; kinds do not mix."""

    MONEY = "money"  # minor units
    NUMBER = "number"  # counts, days, shares, scores
    FLAG = "flag"  # 1 or 0
    CATEGORY = "category"  # one of named levels, stored as numbers


@dataclass(frozen=True, slots=True)
class Input:
    """One named place of the vector. `low` and `high` say which values can occur; `levels` are a category's (word, number)."""

    name: str
    kind: Kind = field(default=Kind.NUMBER)
    may_be_missing: bool = field(default=True, kw_only=True)
    low: float = field(default=float("-inf"), kw_only=True)
    high: float = field(default=float("inf"), kw_only=True)
    levels: tuple[tuple[str, int], ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        assert self.low <= self.high, f"{self.name}: low above high"
        assert bool(self.levels) == (self.kind == Kind.CATEGORY), f"{self.name}: a category, and only it, has levels"


@dataclass(frozen=True)
class Vocabulary:
    """Inputs in the order of the vector."""

    inputs: tuple[Input, ...]

    def __post_init__(self) -> None:
        assert len({i.name for i in self.inputs}) == len(self.inputs), "an input stands twice"

    def __iter__(self) -> Iterator[Input]:
        return iter(self.inputs)

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of the vector."""
        return tuple(i.name for i in self.inputs)

    def find(self, name: str) -> tuple[int, Input] | None:
        """Place and input of a name, or None."""
        return next(((k, i) for k, i in enumerate(self.inputs) if i.name == name), None)

    def place(self, name: str) -> int:
        """Place of a name; KeyError when absent."""
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return found[0]

    def extended(self, inputs: Iterable[Input]) -> Vocabulary:
        """With more inputs behind."""
        return Vocabulary((*self.inputs, *inputs))


def vocabulary_bytes(vocabulary: Vocabulary) -> bytes:
    """A vocabulary as JSON, to be stored beside the text of a bundle: `read_vocabulary` reads it back."""
    rows = [
        [i.name, i.kind.value, i.may_be_missing, _finite(i.low), _finite(i.high), [list(level) for level in i.levels]]
        for i in vocabulary
    ]
    return msgspec.json.encode(rows)


def read_vocabulary(stored: bytes) -> Vocabulary:
    """What `vocabulary_bytes` wrote."""
    rows = msgspec.json.decode(
        stored, type=list[tuple[str, str, bool, float | None, float | None, list[tuple[str, int]]]]
    )
    return Vocabulary(tuple(
        Input(
            name, Kind(kind), may_be_missing=missing, low=float("-inf") if low is None else low,
            high=float("inf") if high is None else high, levels=tuple(levels),
        )
        for name, kind, missing, low, high, levels in rows
    ))  # fmt: skip


def _finite(value: float) -> float | None:
    return float(value) if value - value == 0 else None  # 0 and 0.0 are one
