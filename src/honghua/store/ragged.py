"""Columns of varying width for `copybin.py`: bigint[] as values and offsets, texts, bytes and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.store import kernels
from honghua.store.arrays import as_int64
from honghua.store.columns import NO_MASK, as_mask, cut_mask

JSONB_VERSION = b"\x01"


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
        self.valid = as_mask(valid, len(self.offsets) - 1)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def cut(self, start: int, stop: int) -> Int8Array:
        """Rows start … stop - 1, without copying values."""
        piece = object.__new__(Int8Array)
        offsets = self.offsets[start : stop + 1]
        piece.values = self.values[offsets[0] : offsets[-1]]
        piece.offsets, piece.valid = offsets - offsets[0], cut_mask(self.valid, start, stop)
        return piece

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
        joined = self.join(values)
        self.offsets = np.zeros(len(values) + 1, dtype=np.int64)
        if joined is None:
            pieces = [b"" if value is None else self.to_bytes(value) for value in values]
            joined = b"".join(pieces), list(map(len, pieces))
            self.valid = as_mask([value is not None for value in values], len(pieces))
        else:
            self.valid = NO_MASK
        self.data = np.frombuffer(joined[0], dtype=np.uint8)
        np.cumsum(joined[1], out=self.offsets[1:])

    @classmethod
    def join(cls, values: Sequence[Any]) -> tuple[bytes, list[int]] | None:
        """All at once as they travel, with their lengths, where that is simple and nothing is NULL; else None."""
        return None

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
        piece.offsets, piece.valid = offsets - offsets[0], cut_mask(self.valid, start, stop)
        return piece

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

    @classmethod
    def join(cls, values: Sequence[Any]) -> tuple[bytes, list[int]] | None:
        if not set(map(type, values)) <= {bytes}:
            return None
        return b"".join(values), list(map(len, values))


class Text(Varying):
    """text; a zero byte is refused, as PostgreSQL does."""

    __slots__ = ()

    @classmethod
    def join(cls, values: Sequence[Any]) -> tuple[bytes, list[int]] | None:
        if not set(map(type, values)) <= {str}:
            return None
        joined = "".join(values)
        return (joined.encode(), list(map(len, values))) if joined.isascii() and "\0" not in joined else None

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
    def join(cls, values: Sequence[Any]) -> tuple[bytes, list[int]] | None:
        if not values or not set(map(type, values)) <= {bytes}:
            return None
        return JSONB_VERSION + JSONB_VERSION.join(values), [1 + len(value) for value in values]

    @classmethod
    def to_bytes(cls, value: Any) -> bytes:
        return JSONB_VERSION + (value.encode() if isinstance(value, str) else bytes(value))

    @classmethod
    def from_bytes(cls, raw: bytes) -> str:
        return raw[1:].decode()
