"""Score slots: which inputs of a policy are scores, and which of them a bundle fills with a model of its own.

The slot `fraud` is filled for a whole engine: its model scores purchases as they are sensed. The slot `credit` is filled by the bundle
that reads it: a model of default that reads what the engine gives to policies and what it senses, scored once the account's own
figures are known. A bundle without it costs nothing: the input does not even stand in the layout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core.engine_inputs import SCORE_INPUTS
from honghua.decision.core.vocabulary import Input, Kind

Floats = NDArray[np.float64]
Signals = NDArray[np.float32]
FRAUD: Final = "fraud"
CREDIT: Final = "credit"
CREDIT_INPUT: Final = "credit_chance"
SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    FRAUD: SCORE_INPUTS,
    CREDIT: (CREDIT_INPUT,),
}  # slot → the inputs that it gives
CREDIT_WORD: Final = Input(CREDIT_INPUT, Kind.NUMBER, low=0, high=1)
LARGEST: Final = 3e38  # beyond it a float64 has no float32: cut as tables of the lab cut it

ScoreRows = Callable[[Signals], Floats]
"""A model's chances: rows float32[n, R] of the columns that it reads → float64[n]; one row or many, the bits are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class PlacedSlot:
    """A slot's model on one layout. place: the input that it fills; inputs int64[a], signals int64[b]: the columns that it reads, which
    are the columns `to_inputs` and `to_signals` of its rows; width: how many those are."""

    place: int
    width: int
    inputs: NDArray[np.int64]
    to_inputs: NDArray[np.int64]
    signals: NDArray[np.int64]
    to_signals: NDArray[np.int64]
    score: ScoreRows

    def rows(self, inputs: Floats, signals: Signals) -> Signals:
        """What the model reads of inputs float64[n, I] and signals float32[n, F] of the layout: float32[n, R], C-contiguous."""
        found = np.empty((len(inputs), self.width), np.float32)
        if len(self.inputs):
            found[:, self.to_inputs] = np.clip(inputs[:, self.inputs], -LARGEST, LARGEST)
        if len(self.signals):
            sensed = signals[:, self.signals]
            found[:, self.to_signals] = np.where(
                np.isinf(sensed), np.float32(np.nan), sensed
            )  # a table reads infinity as missing
        return found

    def fill(self, inputs: Floats, signals: Signals) -> None:
        """Write the chances of these rows into their input, in place."""
        inputs[:, self.place] = self.score(self.rows(inputs, signals))


def place_slot(
    names: Sequence[str], score: ScoreRows, *, inputs: Sequence[str], signals: Sequence[str], name: str = CREDIT_INPUT
) -> PlacedSlot | None:
    """A model that reads columns `names`, on a layout; None where one of them is neither an input nor a signal of it, or the layout
    does not hold the input that it fills. A name that is both is the input: that is what policies read by it."""
    where, sensed = {n: k for k, n in enumerate(inputs)}, {n: k for k, n in enumerate(signals)}
    if name not in where or find_unread(names, inputs=inputs, signals=signals):
        return None
    mine = [(k, where[n]) for k, n in enumerate(names) if n in where]
    rest = [(k, sensed[n]) for k, n in enumerate(names) if n not in where]
    return PlacedSlot(
        where[name], len(names), _column(mine, 1), _column(mine, 0), _column(rest, 1), _column(rest, 0), score
    )  # fmt: skip


def find_unread(names: Sequence[str], *, inputs: Sequence[str], signals: Sequence[str]) -> tuple[str, ...]:
    """Columns that a slot's model reads and an engine with these inputs and signals does not give."""
    given = ({*inputs} - {CREDIT_INPUT}) | {*signals}
    return tuple(name for name in names if name not in given)


def _column(pairs: Sequence[tuple[int, int]], side: int) -> NDArray[np.int64]:
    return np.array([pair[side] for pair in pairs], np.int64)


__all__ = [
    "CREDIT",
    "CREDIT_INPUT",
    "CREDIT_WORD",
    "FRAUD",
    "SLOTS",
    "PlacedSlot",
    "ScoreRows",
    "find_unread",
    "place_slot",
]
