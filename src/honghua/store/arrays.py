"""numpy arrays as SQL arrays: `%s` with an int64 array is an int8[] parameter in binary form, microseconds per
array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import pq
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper, Loader

TEXT_OID, TEXT_ARRAY_OID = 25, 1009
HEADER = np.dtype([("ndim", ">i4"), ("nulls", ">i4"), ("oid", ">i4"), ("dim", ">i4"), ("lower", ">i4")])


def _element(value: str) -> np.dtype[Any]:
    return np.dtype([("size", ">i4"), ("value", value)])


# numpy kind and size -> (oid of the element, oid of the array, wire layout of one element)
WIRE: dict[str, tuple[int, int, np.dtype[Any]]] = {
    "i8": (20, 1016, _element(">i8")),
    "i4": (23, 1007, _element(">i4")),
    "i2": (21, 1005, _element(">i2")),
    "f8": (701, 1022, _element(">f8")),
    "b1": (16, 1000, _element("?")),
}


class _ArrayDumper(Dumper):
    """Shared by both formats: one dumper class per dtype, so that the parameter's type is known before its value."""

    wire: tuple[int, int, np.dtype[Any]] | None = None
    children: dict[str, type[_ArrayDumper]]

    def get_key(self, obj: Any, format: Any) -> Any:  # noqa: A002 — psycopg's name
        return (self.cls, obj.dtype.str[1:]) if self.wire is None else self.cls

    def upgrade(self, obj: NDArray[Any], format: Any) -> Dumper:  # noqa: A002
        if self.wire is not None:
            return self
        if obj.ndim != 1 or obj.dtype.str[1:] not in self.children:
            raise psycopg.DataError(f"no SQL array for a numpy array of {obj.ndim} dimensions of {obj.dtype}")
        return self.children[obj.dtype.str[1:]](self.cls)


class BinaryArrayDumper(_ArrayDumper):
    """numpy -> array_send format, in one structured buffer."""

    format = pq.Format.BINARY

    def dump(self, obj: NDArray[Any]) -> Buffer:
        assert self.wire is not None
        element_oid, _, layout = self.wire
        count = len(obj)
        head = np.array((1 if count else 0, 0, element_oid, count, 1), dtype=HEADER).tobytes()
        if not count:
            return head[:12]
        body = np.empty(count, dtype=layout)
        body["size"] = layout["value"].itemsize
        body["value"] = obj
        return head + body.tobytes()


class TextArrayDumper(_ArrayDumper):
    """numpy -> '{1,2,3}': only for statements whose parameters psycopg must merge itself (COPY)."""

    format = pq.Format.TEXT

    def dump(self, obj: NDArray[Any]) -> Buffer:
        return b"{" + ",".join(map(str, obj.tolist())).encode() + b"}"


def _make_children(base: type[_ArrayDumper]) -> dict[str, type[_ArrayDumper]]:
    return {
        name: type(f"{base.__name__}_{name}", (base,), {"wire": wire, "oid": wire[1]}) for name, wire in WIRE.items()
    }


BinaryArrayDumper.children = _make_children(BinaryArrayDumper)
TextArrayDumper.children = _make_children(TextArrayDumper)


class Texts(tuple[str, ...]):
    """Texts as one text[] parameter: many times faster than a list of them."""

    __slots__ = ()


class BinaryTextsDumper(Dumper):
    """Texts -> array_send format."""

    format = pq.Format.BINARY
    oid = TEXT_ARRAY_OID

    def dump(self, obj: Texts) -> Buffer:
        if not obj:
            return np.array((0, 0, TEXT_OID, 0, 1), dtype=HEADER).tobytes()[:12]
        head = np.array((1, 0, TEXT_OID, len(obj), 1), dtype=HEADER).tobytes()
        raw = [text.encode() for text in obj]
        if any(b"\0" in text for text in raw):
            raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        sizes = np.fromiter(map(len, raw), ">i4", len(raw)).tobytes()
        return head + b"".join([part for k, text in enumerate(raw) for part in (sizes[4 * k : 4 * k + 4], text)])


class Int64ArrayLoader(Loader):
    """int8[] in binary form -> int64 array; NULL elements are refused."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> NDArray[np.int64]:
        view = bytes(data)
        if int.from_bytes(view[:4], "big") == 0:
            return np.empty(0, dtype=np.int64)
        head = np.frombuffer(view, dtype=HEADER, count=1)[0]
        if head["ndim"] != 1 or head["nulls"]:
            raise psycopg.DataError("an int8[] with NULLs or of more than one dimension has no int64 array")
        return np.frombuffer(view, dtype=WIRE["i8"][2], offset=HEADER.itemsize)["value"].astype(np.int64)


def register(context: AdaptContext) -> None:
    """Teach one connection (or cursor) to send numpy arrays; the binary form wins wherever the server takes
    parameters."""
    context.adapters.register_dumper(np.ndarray, TextArrayDumper)
    context.adapters.register_dumper(np.ndarray, BinaryArrayDumper)
    context.adapters.register_dumper(Texts, BinaryTextsDumper)


def array_cursor(conn: psycopg.Connection) -> psycopg.Cursor:
    """A cursor whose int8[] results are int64 arrays instead of lists."""
    cursor = conn.cursor(binary=True)
    cursor.adapters.register_loader(WIRE["i8"][1], Int64ArrayLoader)
    return cursor


def as_int64(values: Sequence[int] | NDArray[Any]) -> NDArray[np.int64]:
    """A contiguous int64 array of `values`; refuses floats and what does not fit, instead of rounding or wrapping."""
    if isinstance(values, np.ndarray) and values.dtype == np.int64:
        return np.ascontiguousarray(values)
    raw = np.asarray(values)
    if raw.size == 0:
        return np.empty(raw.shape, dtype=np.int64)
    if raw.dtype.kind not in "iub":
        raise TypeError(f"integers expected, not {raw.dtype}")
    if raw.dtype.kind == "u" and raw.dtype.itemsize == 8 and int(raw.max()) > np.iinfo(np.int64).max:
        raise OverflowError("a value does not fit int64")
    return np.ascontiguousarray(raw, dtype=np.int64)
