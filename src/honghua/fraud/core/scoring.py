"""A fraud model laid out for `kernels.score_rows`: the forests, tails and lines of its five parts in flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.fraud.core import kernels
from honghua.fraud.core.fusion import Line
from honghua.fraud.core.tails import STEPS_MAX, Tail
from honghua.models.core import Model

Array = NDArray[Any]
FORESTS: Final = ("nodes", "plan", "cards", "splits", "values")
LINE_WIDTH: Final = 11
LINE_BYTES: Final = 64  # what a forest reads together begins with a line of the cache


@dataclass(frozen=True, slots=True)
class Part:
    """A detector (with its tail) or a fusion: the columns that its forest reads, the forest if there is one, the line."""

    columns: NDArray[np.int64]
    model: Model | None
    line: Line
    tail: Tail | None


@dataclass(frozen=True, slots=True, eq=False)
class ScorePlan:
    """What the kernel reads, in the order of its arguments from `spans` to `silence_days`. Immutable."""

    arrays: tuple[Any, ...]

    def score_into(self, values: NDArray[np.float32], out: tuple[Array, ...]) -> None:
        """Scores of values float32[n, V], C-contiguous, into out: scores, reasons, surprise, worst, fresh (kernels.score_rows)."""
        kernels.score_rows(values, *self.arrays, *out)


def plan_scores(parts: Sequence[Part], *, silence: int, silence_days: float) -> ScorePlan:
    """Three detectors and the fusions with late labels and without, in this order."""
    spans = np.zeros((len(parts), 2 * (2 + len(FORESTS))), np.int64)
    lines = np.zeros((len(parts), LINE_WIDTH))
    flat: dict[str, list[Array]] = {name: [] for name in ("columns", "sums", "signs", "counts", "thresholds", *FORESTS)}
    for k, part in enumerate(parts):
        lines[k, : 1 + len(part.line.weights)] = [part.line.bias, *part.line.weights]
        lay(flat["columns"], part.columns, spans[k, 0:2], line=1)  # the signs of a tail stand at the same places
        if part.tail is not None:
            lay(flat["sums"], part.tail.sums, spans[k, 2:4], line=1)
            for name in ("signs", "counts", "thresholds"):
                flat[name].append(getattr(part.tail, name))
        if part.model is not None:
            for j, name in enumerate(FORESTS):
                lay(flat[name], getattr(part.model.forest, name), spans[k, 4 + 2 * j : 6 + 2 * j], line=LINE_BYTES)
    empty = {"nodes": np.float32, "plan": np.int32, "cards": np.int64, "splits": np.float64, "values": np.float64}
    forests = [join_lines(flat[name], empty[name]) for name in FORESTS]
    thresholds = np.concatenate([np.zeros((0, STEPS_MAX), np.float32), *flat["thresholds"]])
    others = [np.concatenate(flat[name]) for name in ("columns", "sums", "signs", "counts")]
    return ScorePlan((spans, *forests, *others, thresholds, lines, silence, np.float32(silence_days)))


def lay(parts: list[Array], array: Array, span: NDArray[np.int64], *, line: int) -> None:
    """Add an array behind the others, at a multiple of `line` bytes; span int64[2]: where it begins and ends."""
    begin = sum(len(part) for part in parts)
    padding = -begin % max(1, line // array.itemsize)
    parts += [np.zeros(padding, array.dtype), array]
    span[:] = begin + padding, begin + padding + len(array)


def join_lines(parts: Sequence[Array], dtype: Any) -> Array:
    """One after the other in an array that begins with a line of the cache and can only be read, as forests are."""
    joined = np.concatenate([np.zeros(0, dtype), *parts])
    room = np.zeros(len(joined) + LINE_BYTES // joined.itemsize, dtype)
    skipped = -(room.ctypes.data // joined.itemsize) % (LINE_BYTES // joined.itemsize)
    found = room[skipped : skipped + len(joined)]
    found[:] = joined
    found.setflags(write=False)
    return found


__all__ = ["Part", "ScorePlan", "plan_scores"]
