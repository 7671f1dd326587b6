"""Typed columns for `copybin.py`: how each SQL type looks in numpy, what fits it, and how its bytes are laid out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.store import kernels
from honghua.store.arrays import as_int64

PG_EPOCH_DAY = 10_957  # 2000-01-01 as days since 1970-01-01: PostgreSQL counts from there
PG_EPOCH_MICROS = PG_EPOCH_DAY * 86_400_000_000
NO_MASK = np.empty(0, dtype=np.bool_)  # "nothing is NULL"
JSONB_VERSION = b"\x01"


def _as_mask(valid: Sequence[bool] | NDArray[np.bool_] | None, rows: int) -> NDArray[np.bool_]:
    if valid is None:
        return NO_MASK
    mask = np.ascontiguousarray(valid, dtype=np.bool_)
    if mask.shape != (rows,):
        raise BadInput(f"a mask of {mask.shape} for {rows} rows")
    return NO_MASK if mask.all() else mask


def _cut_mask(valid: NDArray[np.bool_], start: int, stop: int) -> NDArray[np.bool_]:
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
        self.valid = _as_mask(valid, len(self.values))

    @classmethod
    def convert(cls, values: Sequence[Any] | NDArray[Any]) -> NDArray[np.int64]:
        """To the int64 that travels."""
        return as_int64(values)

    def __len__(self) -> int:
        return len(self.values)

    def cut(self, start: int, stop: int) -> Fixed:
        """Rows start … stop - 1, without copying."""
        piece = object.__new__(type(self))
        piece.values, piece.valid = self.values[start:stop], _cut_mask(self.valid, start, stop)
        return piece

    def prepare(self) -> Fixed:
        """Ready to be written: range checked, counted from PostgreSQL's epoch."""
        used = self.values[self.valid] if len(self.valid) else self.values
        if len(used) and (used.min() < self.LOW or used.max() > self.HIGH):
            raise BadInput(f"{type(self).__name__}: a value outside {self.LOW} … {self.HIGH}")
        if not self.SHIFT:
            return self
        piece = object.__new__(type(self))
        piece.values, piece.valid = self.values - self.SHIFT, self.valid
        return piece

    def sizes(self) -> NDArray[np.int64] | int:
        """Bytes per row, the size word included."""
        return 4 + self.WIDTH * self.valid.astype(np.int64) if len(self.valid) else 4 + self.WIDTH

    def put(self, out: NDArray[np.uint8], at: NDArray[np.int64]) -> None:
        """Write every row at its position and move the positions on."""
        kernels.put_fixed(out, at, self.values, self.valid, self.WIDTH)

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


class Int8Array:
    """bigint[]: row i holds values[offsets[i] : offsets[i + 1]]; offsets int64[n + 1] rise from 0 to len(values)."""

    __slots__ = ("offsets", "valid", "values")

    def __init__(
        self,
        values: Sequence[int] | NDArray[Any],
        offsets: Sequence[int] | NDArray[Any],
        valid: Sequence[bool] | NDArray[np.bool_] | None = None,
    ) -> None:
        try:
            self.values, self.offsets = as_int64(values), as_int64(offsets)
        except (TypeError, OverflowError) as error:
            raise BadInput(f"Int8Array: {error}") from error
        steps = np.diff(self.offsets)
        if not len(self.offsets) or self.offsets[0] != 0 or self.offsets[-1] != len(self.values) or (steps < 0).any():
            raise BadInput("offsets of a ragged column rise from 0 to the number of values")
        self.valid = _as_mask(valid, len(self.offsets) - 1)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def cut(self, start: int, stop: int) -> Int8Array:
        """Rows start … stop - 1, without copying values."""
        piece = object.__new__(Int8Array)
        offsets = self.offsets[start : stop + 1]
        piece.values = self.values[offsets[0] : offsets[-1]]
        piece.offsets, piece.valid = offsets - offsets[0], _cut_mask(self.valid, start, stop)
        return piece

    def prepare(self) -> Int8Array:
        """Nothing to do: checked when made."""
        return self

    def sizes(self) -> NDArray[np.int64]:
        """Bytes per row, the size word included."""
        counts = np.diff(self.offsets)
        sizes = np.where(counts == 0, kernels.EMPTY_ARRAY, kernels.ARRAY_HEADER + kernels.ELEMENT * counts)
        return 4 + (np.where(self.valid, sizes, 0) if len(self.valid) else sizes)

    def put(self, out: NDArray[np.uint8], at: NDArray[np.int64]) -> None:
        """Write every row at its position and move the positions on."""
        kernels.put_int8_arrays(out, at, self.values, self.offsets, self.valid)

    @classmethod
    def take(
        cls, data: NDArray[np.uint8], places: NDArray[np.int64], sizes: NDArray[np.int32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(values, offsets) of the fields at `places`; NULL reads as empty."""
        offsets = np.empty(len(places) + 1, dtype=np.int64)
        if not kernels.measure_int8_arrays(data, places, sizes, offsets):
            raise IntegrityBroken("a field is no one-dimensional bigint[] without NULLs")
        values = np.empty(int(offsets[-1]), dtype=np.int64)
        kernels.take_int8_arrays(data, places, offsets, values)
        return values, offsets


class Varying:
    """A column of byte strings; None is NULL."""

    __slots__ = ("data", "offsets", "valid")

    def __init__(self, values: Sequence[Any]) -> None:
        pieces = [b"" if value is None else self.to_bytes(value) for value in values]
        self.data = np.frombuffer(b"".join(pieces), dtype=np.uint8)
        self.offsets = np.zeros(len(pieces) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces)), out=self.offsets[1:])
        self.valid = _as_mask([value is not None for value in values], len(pieces))

    @classmethod
    def to_bytes(cls, value: Any) -> bytes:
        """As it travels."""
        return bytes(value)

    @classmethod
    def from_bytes(cls, raw: bytes) -> Any:
        """As a reader gets it."""
        return raw

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def cut(self, start: int, stop: int) -> Varying:
        """Rows start … stop - 1, without copying bytes."""
        piece = object.__new__(type(self))
        offsets = self.offsets[start : stop + 1]
        piece.data = self.data[offsets[0] : offsets[-1]]
        piece.offsets, piece.valid = offsets - offsets[0], _cut_mask(self.valid, start, stop)
        return piece

    def prepare(self) -> Varying:
        """Nothing to do: checked when made."""
        return self

    def sizes(self) -> NDArray[np.int64]:
        """Bytes per row, the size word included."""
        return 4 + np.diff(self.offsets)

    def put(self, out: NDArray[np.uint8], at: NDArray[np.int64]) -> None:
        """Write every row at its position and move the positions on."""
        kernels.put_bytes(out, at, self.data, self.offsets, self.valid)

    @classmethod
    def take(cls, data: NDArray[np.uint8], places: NDArray[np.int64], sizes: NDArray[np.int32]) -> list[Any]:
        """The fields at `places`, None for NULL."""
        if not (sizes >= 0).any():
            return [None] * len(places)
        raw = data.tobytes()
        starts, lengths = places.tolist(), sizes.tolist()
        return [
            cls.from_bytes(raw[start : start + size]) if size >= 0 else None for start, size in zip(starts, lengths)
        ]


class Bytes(Varying):
    """bytea."""

    __slots__ = ()


class Text(Varying):
    """text; a zero byte is refused, as PostgreSQL does."""

    __slots__ = ()

    @classmethod
    def to_bytes(cls, value: Any) -> bytes:
        if not isinstance(value, str) or "\0" in value:
            raise BadInput(f"Text: no text without zero bytes: {value!r}")
        return value.encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> str:
        return raw.decode()


class Jsonb(Varying):
    """jsonb, given and returned as JSON text (str or bytes in, str out)."""

    __slots__ = ()

    @classmethod
    def to_bytes(cls, value: Any) -> bytes:
        return JSONB_VERSION + (value.encode() if isinstance(value, str) else bytes(value))

    @classmethod
    def from_bytes(cls, raw: bytes) -> str:
        return raw[1:].decode()


class Nullable:
    """For readers only: this kind of column may hold NULL."""

    __slots__ = ("kind",)

    def __init__(self, kind: type[Column]) -> None:
        self.kind = kind


Column: TypeAlias = Fixed | Int8Array | Varying
Kind: TypeAlias = type[Fixed] | type[Int8Array] | type[Varying] | Nullable
