from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honghua.ledger.core.chain import (
    COPY_HEADER,
    COPY_TRAILER,
    FIRST_PREVIOUS,
    BlockFigures,
    compute_digest,
    iter_rows,
)

FIGURES = BlockFigures(block_no=1, from_txid=0, until_txid=9, entries=2, lines=4, sealed_at_micro=1)


@given(rows=st.binary(max_size=40), cuts=st.lists(st.integers(0, 60), max_size=6))
@example(rows=b"", cuts=[])
@example(rows=b"ab\xff\xff", cuts=[20, 22, 24])
def test_any_cutting_of_the_stream_gives_the_same_rows(rows, cuts):
    whole = COPY_HEADER + rows + COPY_TRAILER
    edges = [0, *sorted(cuts), len(whole)]
    pieces = [memoryview(whole)[start:end] for start, end in pairwise(edges)]
    assert b"".join(iter_rows(pieces)) == rows


@pytest.mark.parametrize("stream", [[b"PGCOPX\n\xff\r\n\0" + bytes(8) + COPY_TRAILER], [COPY_HEADER + b"abc"]])
def test_what_is_no_copy_stream_is_a_bug(stream):
    with pytest.raises(AssertionError):
        list(iter_rows(stream))


def test_the_digest_is_plain_sha256_of_what_is_documented():
    stream = [COPY_HEADER + b"one", b"two", COPY_TRAILER]
    figures = b"".join(value.to_bytes(8, "big") for value in (1, 0, 9, 2, 4, 1))
    assert compute_digest(FIRST_PREVIOUS, stream, FIGURES) == hashlib.sha256(bytes(32) + b"onetwo" + figures).digest()


def test_each_figure_the_rows_and_the_previous_digest_count():
    def digest(previous: bytes = FIRST_PREVIOUS, rows: bytes = b"rows", figures: BlockFigures = FIGURES) -> bytes:
        return compute_digest(previous, [COPY_HEADER, rows, COPY_TRAILER], figures)

    others = [digest(previous=bytes(31) + b"1"), digest(rows=b"rowz")]
    others += [digest(figures=replace(FIGURES, **{field.name: 77})) for field in fields(BlockFigures)]
    assert len({digest(), *others}) == 1 + len(others)
