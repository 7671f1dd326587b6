"""Frozen vectors: what a decision was judged on, packed without losing a bit. Inputs float64, signals float32, both in layout order."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import IntegrityBroken
from honghua.decision.core.keeping import kernels

LITTLE_ENDIAN: Final = sys.byteorder == "little"
assert LITTLE_ENDIAN, "vectors are frozen in the machine's own byte order, which must be little-endian"


@dataclass(frozen=True, slots=True)
class Frozen:
    """Packed rows: row i owns data[offsets[i] : offsets[i + 1]]; data uint8[m], offsets int64[n + 1]."""

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def row(self, i: int) -> bytes:
        """One row's bytes."""
        return self.data[self.offsets[i] : self.offsets[i + 1]].tobytes()


def freeze(inputs: NDArray[np.float64], signals: NDArray[np.float32]) -> Frozen:
    """Pack inputs float64[n, I] and signals float32[n, F], row by row; both may have no columns."""
    inputs, signals = np.ascontiguousarray(inputs, np.float64), np.ascontiguousarray(signals, np.float32)
    n, many = inputs.shape
    few = signals.shape[1]
    assert len(signals) == n, "one row of signals per row of inputs"
    out = np.zeros(n * ((many + few + 3) // 4 + 8 * many + 4 * few), np.uint8)
    offsets = np.zeros(n + 1, np.int64)
    size = kernels.pack(inputs, _bytes_of(inputs), signals, _bytes_of(signals), out, offsets[1:])
    return Frozen(out[:size].copy(), offsets)


def thaw(frozen: Frozen, *, inputs: int, signals: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """The vectors again, bit for bit; IntegrityBroken when a row does not fit that many inputs and signals."""
    out = np.empty((len(frozen), inputs), np.float64), np.empty((len(frozen), signals), np.float32)
    wrong = kernels.unpack(frozen.data, frozen.offsets, out[0], _bytes_of(out[0]), out[1], _bytes_of(out[1]))
    if wrong >= 0:
        raise IntegrityBroken(f"frozen vector {wrong} does not fit {inputs} inputs and {signals} signals")
    return out


def join_rows(rows: list[bytes]) -> Frozen:
    """Rows as they come from the database."""
    offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)), out=offsets[1:])
    return Frozen(np.frombuffer(b"".join(rows), np.uint8), offsets)


def _bytes_of(values: NDArray[np.float64] | NDArray[np.float32]) -> NDArray[np.uint8]:
    return values.view(np.uint8).reshape(*values.shape, values.itemsize)


__all__ = ["Frozen", "freeze", "join_rows", "thaw"]
