"""Frozen vectors: what comes back is bit for bit what went in; the packing is what a naive twin writes."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from honghua.base.errors import IntegrityBroken
from honghua.decision.core.freezing import freeze, join_rows, thaw

ODD_64 = [0.0, -0.0, np.nan, np.inf, -np.inf, 1.0, -1.0, 2.0**31 - 1, 2.0**31, -(2.0**31), 2.0**53, 0.5, 5e-324]
ODD_32 = [0.0, -0.0, np.nan, np.inf, 1.0, 255.0, 256.0, -1.0, 0.5, 1e-45]
QUIET_64, QUIET_32 = bytes.fromhex("000000000000f87f"), bytes.fromhex("0000c07f")
OTHER_NANS = np.array([0x7FF8000000000001, 0xFFF8000000000000], np.uint64).view(np.float64)

rows = st.integers(0, 4)
doubles = st.one_of(st.sampled_from(ODD_64), st.floats(width=64), st.integers(-(2**33), 2**33).map(float))
singles = st.one_of(st.sampled_from(ODD_32), st.floats(width=32), st.integers(0, 300).map(float))


def pack_naively(inputs, signals):
    """One row as the format says."""
    codes, body = [], b""
    for value, raw, missing, whole in [
        *((v, struct.pack("<d", v), QUIET_64, _int_64(v)) for v in inputs.tolist()),
        *((v, struct.pack("<f", v), QUIET_32, _int_32(v)) for v in signals.tolist()),
    ]:
        if raw == bytes(len(raw)):
            codes.append(1)
        elif raw == missing:
            codes.append(2)
        elif whole is not None:
            codes.append(3)
            body += whole
        else:
            codes.append(0)
            body += raw
        del value
    codes += [0] * (-len(codes) % 4)
    heads = bytes(codes[i] | codes[i + 1] << 2 | codes[i + 2] << 4 | codes[i + 3] << 6 for i in range(0, len(codes), 4))
    return heads + body


def _int_64(value):
    return struct.pack("<i", int(value)) if abs(value) < 2**31 and value == int(value) and value != 0 else None


def _int_32(value):
    return bytes([int(value)]) if 0 < value <= 255 and value == int(value) else None


@given(st.data(), rows, st.integers(0, 9), st.integers(0, 9))
def test_nothing_is_lost(data, n, many, few):
    inputs = data.draw(hnp.arrays(np.float64, (n, many), elements=doubles))
    signals = data.draw(hnp.arrays(np.float32, (n, few), elements=singles))
    if inputs.size:
        inputs.flat[0] = data.draw(st.sampled_from([inputs.flat[0], *OTHER_NANS]))
    frozen = freeze(inputs, signals)
    back = thaw(frozen, inputs=many, signals=few)
    assert np.array_equal(back[0].view(np.int64), inputs.view(np.int64))
    assert np.array_equal(back[1].view(np.int32), signals.view(np.int32))
    packed = [frozen.row(i) for i in range(n)]
    assert packed == [pack_naively(i, s) for i, s in zip(inputs, signals)]
    again = join_rows(packed)
    assert np.array_equal(again.data, frozen.data)
    assert np.array_equal(again.offsets, frozen.offsets)


@given(st.integers(0, 12), st.booleans())
@example(0, True)
def test_a_row_of_another_layout_is_refused(cut, longer):
    frozen = freeze(np.full((1, 2), 0.5), np.full((1, 3), 0.25, np.float32))
    row = frozen.row(0)
    wrong = row + b"\0" if longer else row[: len(row) - 1 - cut]
    with pytest.raises(IntegrityBroken, match="does not fit"):
        thaw(join_rows([wrong]), inputs=2, signals=3)
