"""A forest: a LightGBM booster as flat arrays, scored to the last bit as LightGBM scores it, with additive parts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from honghua.base.errors import BadInput
from honghua.models.core.booster_text import Booster, Link, parse_booster
from honghua.models.core.compiling import Compiled, compile_booster
from honghua.models.core.kernels import abreast, walking
from honghua.models.core.layout import REASONS

Float32 = np.ndarray[Any, np.dtype[np.float32]]
Float64 = np.ndarray[Any, np.dtype[np.float64]]
Int32 = np.ndarray[Any, np.dtype[np.int32]]
Int64 = np.ndarray[Any, np.dtype[np.int64]]

# Comparing with a dtype is five times as fast as with its type, and single calls count every tenth of a microsecond.
FLOAT32, FLOAT64, INT32 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Immutable; safe to share between threads. Rows are float32[n, F] in the order of `names`, C-contiguous, NaN = missing.

    `base` is the margin before any feature has spoken: base + parts = margin to 1e-9. `text` is the booster it was compiled from.
    `digest`: SHA-256 of the names and of everything that scoring reads.
    """

    names: tuple[str, ...]
    nodes: Float32
    plan: Int32
    cards: Int64
    splits: Float64
    values: Float64
    base: float
    booster: Booster
    text: str
    digest: bytes

    @classmethod
    def from_text(cls, text: str, *, names: Sequence[str]) -> Forest:
        """Compile the text form of a booster; BadInput when it is not supported or the names do not fit."""
        booster = parse_booster(text)
        if len(names) != booster.features or len(set(names)) != len(names):
            raise BadInput(f"{booster.features} different names are needed, {len(names)} were given", code="BAD_NAMES")
        compiled = compile_booster(booster)
        arrays = (compiled.nodes, compiled.plan, compiled.cards, compiled.splits, compiled.values)
        for array in arrays:
            array.setflags(write=False)
        return cls(tuple(names), *arrays, compiled.base, booster, text, _digest(names, compiled, booster))

    @property
    def trees(self) -> int:
        """Number of trees."""
        return len(self.booster.trees)

    @property
    def leaves(self) -> int:
        """Leaves of all trees."""
        return sum(tree.leaves for tree in self.booster.trees)

    @property
    def link(self) -> Link:
        """What the booster's objective makes of a margin."""
        return self.booster.link

    @property
    def size_bytes(self) -> int:
        """Memory of the arrays."""
        return sum(array.nbytes for array in (self.nodes, self.plan, self.cards, self.splits, self.values))

    def score(self, x: Float32) -> Float64:
        """Margin of every row."""
        out = np.empty(len(x))
        self.score_into(x, out)
        return out

    def score_into(self, x: Float32, out: Float64) -> None:
        """Margin of every row into out float64[n]; one row or many, the bits are the same."""
        self._check(x, out)
        if len(x) >= abreast.FEW_ROWS and len(self.values):
            abreast.score_rows(self.plan, self.splits, self.values, x, out)
        else:
            walking.score_rows(self.nodes, self.plan, self.cards, x, out)

    def explain_into(self, x: Float32, reasons: Int32, parts: Float32) -> None:
        """The four features that raised each margin most into reasons int32[n, 4], −1 = no more; their parts into parts float32[n, 4]."""
        self.score_explained_into(x, np.empty(len(x)), reasons, parts)

    def score_explained_into(self, x: Float32, out: Float64, reasons: Int32, parts: Float32) -> None:
        """Margin and reasons in one walk."""
        if len(x) < walking.FEW_ROWS:
            # Numpy has one object a type, nearly always: what is another, and equal, goes the longer way.
            typed = x.dtype is FLOAT32 and out.dtype is FLOAT64 and reasons.dtype is INT32 and parts.dtype is FLOAT32
            if (
                typed
                and x.ndim == 2
                and x.flags.c_contiguous
                and walking.explain_few(self.nodes, self.plan, self.cards, x, out, reasons, parts)
            ):
                return
        self._check(x, out)
        shape = (len(x), REASONS)
        if reasons.shape != shape or parts.shape != shape or reasons.dtype != INT32 or parts.dtype != FLOAT32:
            raise BadInput(f"reasons int32 and parts float32 of shape {shape} are needed", code="BAD_SHAPE")
        if len(x) >= abreast.FEW_ROWS and len(self.values):
            abreast.explain_rows(self.plan, self.splits, self.values, x, out, reasons, parts)
        else:
            walking.explain_rows(self.nodes, self.plan, self.cards, x, out, reasons, parts)

    def parts(self, x: Float32) -> Float64:
        """What every feature added to each margin: float64[n, F]; base + sum of a row = its margin to 1e-9."""
        out = np.empty((len(x), len(self.names)))
        self._check(x, np.empty(len(x)))
        walking.part_rows(self.nodes, self.plan, self.cards, x, out)
        return out

    def leaf_places(self, x: Float32) -> Int64:
        """The leaf of each row in each tree: int64[n, trees], numbered over all trees; equal leaves mean equal margins and reasons."""
        out = np.zeros((len(x), self.trees + 1), np.int64)
        self._check(x, np.empty(len(x)))
        walking.leaf_rows(self.nodes, self.plan, self.cards, x, out)
        return np.ascontiguousarray(out[:, : self.trees])

    def _check(self, x: Float32, out: Float64) -> None:
        if x.dtype != FLOAT32 or x.ndim != 2 or x.shape[1] != len(self.names) or not x.flags.c_contiguous:
            raise BadInput(f"rows must be C-contiguous float32[n, {len(self.names)}]", code="BAD_SHAPE")
        if out.dtype != FLOAT64 or out.shape != (len(x),):
            raise BadInput(f"the scores need float64[{len(x)}]", code="BAD_SHAPE")


def _digest(names: Sequence[str], compiled: Compiled, booster: Booster) -> bytes:
    told = hashlib.sha256("\0".join(names).encode())
    last = np.array([compiled.base, booster.steepness, float(booster.link)])
    for array in (compiled.nodes, compiled.plan, compiled.named, compiled.splits, compiled.values, last):
        told.update(len(array).to_bytes(8, "little") + array.tobytes())
    return told.digest()
