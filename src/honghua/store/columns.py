"""Columns of one width for `copybin.py`: how each SQL type looks in numpy, what fits it, how its bytes are laid out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.store import kernels
from honghua.store.arrays import as_int64

PG_EPOCH_DAY = 10_957  # 2000-01-01 as days since 1970-01-01: PostgreSQL counts from there
PG_EPOCH_MICROS = PG_EPOCH_DAY * 86_400_000_000
NO_MASK = np.empty(0, dtype=np.bool_)  # "nothing is NULL"


def as_mask(valid: Sequence[bool] | NDArray[np.bool_] | None, rows: int) -> NDArray[np.bool_]:
    """bool[rows] with False for NULL, or the empty NO_MASK when nothing is NULL; raises BadInput on another length."""
    if valid is None:
        return NO_MASK
    mask = np.ascontiguousarray(valid, dtype=np.bool_)
    if mask.shape != (rows,):
        raise BadInput(f"a mask of {mask.shape} for {rows} rows")
    return NO_MASK if mask.all() else mask


def cut_mask(valid: NDArray[np.bool_], start: int, stop: int) -> NDArray[np.bool_]:
    """Rows start … stop - 1 of a mask; NO_MASK stays itself."""
    return valid[start:stop] if len(valid) else valid


class Fixed:
    """A column of numbers of one width: values int64[n] (or what converts without loss), valid bool[n] with False
    for NULL, or None."""

    WIDTH: ClassVar[int]
    LOW: ClassVar[int]
    HIGH: ClassVar[int]
    SHIFT: ClassVar[int] = 0  # subtracted on the way out: the distance between the two epochs

    __slots__ = ("valid", "values")

    def __init__(
        self, values: Sequence[Any] | NDArray[Any], valid: Sequence[bool] | NDArray[np.bool_] | None = None
    ) -> None:
        try:
            self.values = self.convert(values)
        except (TypeError, OverflowError) as error:
            raise BadInput(f"{type(self).__name__}: {error}") from error
        if self.values.ndim != 1:
            raise BadInput(f"{type(self).__name__} takes one dimension, not {self.values.ndim}")
        self.valid = as_mask(valid, len(self.values))

    @classmethod
    def convert(cls, values: Sequence[Any] | NDArray[Any]) -> NDArray[np.int64]:
        """To the int64 that travels."""
        return as_int64(values)

    def __len__(self) -> int:
        return len(self.values)

    def cut(self, start: int, stop: int) -> Fixed:
        """Rows start … stop - 1, without copying."""
        piece = object.__new__(type(self))
        piece.values, piece.valid = self.values[start:stop], cut_mask(self.valid, start, stop)
        return piece

    def sizes(self) -> NDArray[np.int64] | int:
        """Bytes per row, the size word included."""
        return 4 + self.WIDTH * self.valid.astype(np.int64) if len(self.valid) else 4 + self.WIDTH

    def put(self, out: NDArray[np.uint8], at: NDArray[np.int64]) -> None:
        """Write every row at its position and move the positions on; counted from PostgreSQL's epoch, BadInput out of range."""
        if not kernels.put_fixed(out, at, self.values, self.valid, self.WIDTH, self.LOW, self.HIGH, self.SHIFT):
            raise BadInput(f"{type(self).__name__}: a value outside {self.LOW} … {self.HIGH}")

    @classmethod
    def finish(cls, values: NDArray[np.int64], valid: NDArray[np.bool_]) -> NDArray[Any]:
        """What a reader gets for the numbers that travelled; NULL (where `valid` is not empty) becomes 0."""
        if not cls.SHIFT:
            return values
        shifted = values + cls.SHIFT
        return np.where(valid, shifted, 0) if len(valid) else shifted


class Int8(Fixed):
    """bigint."""

    __slots__ = ()
    WIDTH, LOW, HIGH = 8, -(2**63), 2**63 - 1


class Int4(Fixed):
    """integer."""

    __slots__ = ()
    WIDTH, LOW, HIGH = 4, -(2**31), 2**31 - 1


class Int2(Fixed):
    """smallint."""

    __slots__ = ()
    WIDTH, LOW, HIGH = 2, -(2**15), 2**15 - 1


class Date(Fixed):
    """date, as day numbers since 1970-01-01 (numpy's datetime64[D] converts too); years 1 … 9999."""

    __slots__ = ()
    WIDTH, LOW, HIGH, SHIFT = 4, -719_162, 2_932_896, PG_EPOCH_DAY

    @classmethod
    def convert(cls, values: Sequence[Any] | NDArray[Any]) -> NDArray[np.int64]:
        array = np.asarray(values)
        return array.astype("datetime64[D]").astype(np.int64) if array.dtype.kind == "M" else as_int64(array)


class Timestamp(Fixed):
    """timestamptz, as microseconds since 1970-01-01 UTC; years 1 … 9999."""

    __slots__ = ()
    WIDTH, LOW, HIGH, SHIFT = 8, -719_162 * 86_400_000_000, 2_932_897 * 86_400_000_000 - 1, PG_EPOCH_MICROS

    @classmethod
    def convert(cls, values: Sequence[Any] | NDArray[Any]) -> NDArray[np.int64]:
        array = np.asarray(values)
        return array.astype("datetime64[us]").astype(np.int64) if array.dtype.kind == "M" else as_int64(array)


class Bool(Fixed):
    """boolean."""

    __slots__ = ()
    WIDTH, LOW, HIGH = 1, 0, 1

    @classmethod
    def finish(cls, values: NDArray[np.int64], valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
        truth: NDArray[np.bool_] = values != 0
        return truth


class Float8(Fixed):
    """double precision: for scores and probabilities, never for money."""

    __slots__ = ()
    WIDTH, LOW, HIGH = 8, -(2**63), 2**63 - 1

    @classmethod
    def convert(cls, values: Sequence[Any] | NDArray[Any]) -> NDArray[np.int64]:
        return np.ascontiguousarray(values, dtype=np.float64).view(np.int64)

    @classmethod
    def finish(cls, values: NDArray[np.int64], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.ascontiguousarray(values).view(np.float64)
