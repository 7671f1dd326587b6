"""Compiled loops behind `copybin.py`: rows of PostgreSQL's binary COPY format, written and read column by column.

A row is int16 field count, then per field int32 size (-1 for NULL) and that many bytes, everything big-endian.
Cost sketch: about 1 ns per byte each way, so a row of six 8-byte fields and one 4-element array (160 bytes) is 0.1 …
0.3 µs.
"""

from __future__ import annotations

import numpy as np
from numba import njit

ARRAY_HEADER = 20  # ndim, has-null flag, element oid, length, lower bound: five int32
EMPTY_ARRAY = 12  # an empty array has no length and no lower bound
INT8_OID = 20
ELEMENT = 12  # int32 size and eight bytes


@njit(cache=True, inline="always")
def _put(out, place, value, width):
    for k in range(width):
        out[place + width - 1 - k] = np.uint8((value >> (8 * k)) & 0xFF)


@njit(cache=True, inline="always")
def _get(data, place, width):
    value = np.int64(0)
    for k in range(width):
        value = (value << 8) | np.int64(data[place + k])
    shift = 64 - 8 * width
    return (value << shift) >> shift


@njit(cache=True)
def put_row_heads(out, at, fields):
    """Write the field count at `at[i]` of each row and move `at` past it.  out uint8[], at int64[n]."""
    for i in range(at.shape[0]):
        _put(out, at[i], fields, 2)
        at[i] += 2


@njit(cache=True)
def put_fixed(out, at, values, valid, width, low, high, shift):
    """Write one fixed-width column; False when a value is outside low … high: then nothing of it may be sent.

    out uint8[]  at int64[n] write position per row, moved on  values int64[n], `shift` is taken off them, then each is within
    `width` (1, 2, 4, 8) bytes  valid bool[n] False = NULL, or bool[0] when nothing is NULL
    """
    nullable = valid.shape[0] > 0
    for i in range(at.shape[0]):
        place = at[i]
        if nullable and not valid[i]:
            _put(out, place, -1, 4)
            at[i] = place + 4
        else:
            if values[i] < low or values[i] > high:
                return False
            _put(out, place, width, 4)
            _put(out, place + 4, values[i] - shift, width)
            at[i] = place + 4 + width
    return True


@njit(cache=True)
def put_int8_arrays(out, at, values, offsets, valid):
    """Write one int8[] column: row i holds values[offsets[i] : offsets[i + 1]].

    out uint8[]  at int64[n] moved on  values int64[m]  offsets int64[n + 1] rising from 0 to m  valid as in put_fixed
    """
    nullable = valid.shape[0] > 0
    for i in range(at.shape[0]):
        place = at[i]
        if nullable and not valid[i]:
            _put(out, place, -1, 4)
            at[i] = place + 4
            continue
        count = offsets[i + 1] - offsets[i]
        size = EMPTY_ARRAY if count == 0 else ARRAY_HEADER + ELEMENT * count
        _put(out, place, size, 4)
        _put(out, place + 4, 0 if count == 0 else 1, 4)
        _put(out, place + 8, 0, 4)
        _put(out, place + 12, INT8_OID, 4)
        if count > 0:
            _put(out, place + 16, count, 4)
            _put(out, place + 20, 1, 4)
        element = place + 24
        for j in range(offsets[i], offsets[i + 1]):
            _put(out, element, 8, 4)
            _put(out, element + 4, values[j], 8)
            element += ELEMENT
        at[i] = place + 4 + size


@njit(cache=True)
def put_bytes(out, at, data, offsets, valid):
    """Write one column of byte strings: row i holds data[offsets[i] : offsets[i + 1]].  Shapes as in
    put_int8_arrays, data uint8[]."""
    nullable = valid.shape[0] > 0
    for i in range(at.shape[0]):
        place = at[i]
        if nullable and not valid[i]:
            _put(out, place, -1, 4)
            at[i] = place + 4
            continue
        size = offsets[i + 1] - offsets[i]
        _put(out, place, size, 4)
        for k in range(size):
            out[place + 4 + k] = data[offsets[i] + k]
        at[i] = place + 4 + size


@njit(cache=True)
def count_rows(data, start, fields):
    """Rows from `start` up to the trailer (field count -1) or the end of `data` uint8[]; -1 when a row is cut short
    or has other fields."""
    place = start
    rows = 0
    end = data.shape[0]
    while place < end:
        if place + 2 > end:
            return -1
        found = _get(data, place, 2)
        place += 2
        if found == -1:
            return rows
        if found != fields:
            return -1
        for _ in range(fields):
            if place + 4 > end:
                return -1
            size = _get(data, place, 4)
            place += 4 + max(size, 0)
            if place > end or size < -1:
                return -1
        rows += 1
    return rows


@njit(cache=True)
def split_rows(data, start, widths, values, sizes):
    """Take rows apart; `count_rows` has checked them.  Returns 0, or the 1-based number of the first field of another
    width.

    data uint8[]  widths int64[f]: bytes of a fixed field, 0 for a variable one
    values int64[f, n] out: the number in a fixed field (0 for NULL), the position of a variable one
    sizes  int32[f, n] out: bytes of the field, -1 for NULL
    """
    place = start
    for i in range(values.shape[1]):
        place += 2
        for f in range(widths.shape[0]):
            size = _get(data, place, 4)
            place += 4
            sizes[f, i] = size
            values[f, i] = 0
            if size < 0:
                continue
            if widths[f] == 0:
                values[f, i] = place
            elif widths[f] != size:
                return f + 1
            else:
                values[f, i] = _get(data, place, size)
            place += size
    return 0


@njit(cache=True)
def measure_int8_arrays(data, places, sizes, offsets):
    """Write offsets int64[n + 1] of one int8[] column; False when a value is no one-dimensional int8[] without NULLs.

    data uint8[]  places int64[n] and sizes int32[n] from split_rows (size -1 counts as empty)
    """
    offsets[0] = 0
    for i in range(places.shape[0]):
        count = 0
        if sizes[i] >= 0:
            place = places[i]
            if sizes[i] < EMPTY_ARRAY or _get(data, place + 4, 4) != 0 or _get(data, place + 8, 4) != INT8_OID:
                return False
            dimensions = _get(data, place, 4)
            if dimensions == 1 and sizes[i] >= ARRAY_HEADER:
                count = _get(data, place + 12, 4)
            elif dimensions != 0:
                return False
            if sizes[i] != (EMPTY_ARRAY if dimensions == 0 else ARRAY_HEADER + ELEMENT * count):
                return False
        offsets[i + 1] = offsets[i] + count
    return True


@njit(cache=True)
def take_int8_arrays(data, places, offsets, out):
    """Copy the elements that `measure_int8_arrays` counted into out int64[offsets[n]]."""
    for i in range(places.shape[0]):
        element = places[i] + ARRAY_HEADER + 4
        for j in range(offsets[i], offsets[i + 1]):
            out[j] = _get(data, element, 8)
            element += ELEMENT
