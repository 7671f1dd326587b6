"""What is written down about a decision: the old rows of the account policy, and the columns of whole judgements."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core.freezing import Frozen

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision to record: who, under which command id, and what was judged and said."""

    account_id: int
    decision_id: int
    outcome: int
    reason: str
    vector: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of what a record freezes: inputs that policies read, signals that models read, columns of the event itself."""

    inputs: tuple[str, ...]
    signals: tuple[str, ...] = field(default=())
    events: tuple[str, ...] = field(default=())

    @property
    def digest(self) -> bytes:
        """32 bytes that name this layout."""
        return hashlib.sha256(repr((self.inputs, self.signals, self.events)).encode()).digest()


@dataclass(frozen=True, slots=True)
class ShadowColumns:
    """One shadow's word on a batch: outcomes uint8[n], and its reasons and amounts where it disagrees (`rows` int64[d]).

    An outcome of 0: it could not be asked. scores float64[n, 2]: fused, live and its own model's; None when it has none.
    """

    bundle_id: int
    outcomes: Bits
    rows: Ints
    reasons: list[str | None]
    amounts: Ints
    scores: NDArray[np.float64] | None = field(default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedColumns:
    """Decisions of one batch under one regime, in parallel columns of n rows.

    account_id, decision_id, at_us (microseconds), bundle_id, outcome, amount_minor, extra_minor   int64[n]
    reason   texts or None     fired, muted  uint8[n, w] bitmaps, rule r = bit r % 8 of byte r // 8
    arms     uint8[n, experiments]     frozen  inputs and signals     event int64[n, C]
    """

    account_id: Ints
    decision_id: Ints
    at_us: Ints
    bundle_id: Ints
    outcome: Ints
    reason: list[str | None]
    amount_minor: Ints
    extra_minor: Ints
    fired: Bits
    muted: Bits
    arms: Bits
    frozen: Frozen
    event: Ints
    shadows: tuple[ShadowColumns, ...] = ()

    def __len__(self) -> int:
        return len(self.decision_id)


def put_bits(rules: Sequence[Sequence[int]], width: int) -> Bits:
    """Rule numbers as bitmaps uint8[n, width]."""
    out = np.zeros((len(rules), width), np.uint8)
    for row, numbers in zip(out, rules):
        for rule in numbers:
            row[rule // 8] |= 1 << rule % 8
    return out


def read_bits(bitmap: bytes) -> tuple[int, ...]:
    """The rule numbers of one bitmap, ascending."""
    return tuple(np.flatnonzero(np.unpackbits(np.frombuffer(bitmap, np.uint8), bitorder="little")).tolist())


__all__ = ["Bits", "DecisionRow", "Ints", "JudgedColumns", "Layout", "ShadowColumns", "put_bits", "read_bits"]
