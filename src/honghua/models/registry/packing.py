"""Rows that were scored, and outcomes, as the bytes of one batch: plain little-endian columns behind a short head."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput, IntegrityBroken

HEAD: Final = struct.Struct("<4sII")  # kind, rows, columns
SCORED: Final = b"HSC1"
OUTCOMES: Final = b"HOU1"
ROWS_MAX: Final = 5_000_000


@dataclass(frozen=True, slots=True, eq=False)
class ScoredBatch:
    """Rows that a version scored on one day: keys int64[n] (an account or any number that outcomes name), x float32[n, F] what it read,
    scores float64[n] what it said."""

    keys: NDArray[np.int64]
    x: NDArray[Any]
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What became of keys int64[n]: ones bool[n]. The last word about a key counts."""

    keys: NDArray[np.int64]
    ones: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Rows that a version scored and whose outcome is known, by day and key: days datetime64[D][n], the rest as in `ScoredBatch`."""

    days: NDArray[np.datetime64]
    keys: NDArray[np.int64]
    x: NDArray[Any]
    scores: NDArray[np.float64]
    ones: NDArray[np.bool_]


def pack_scored(batch: ScoredBatch) -> bytes:
    """Bytes of a batch; BadInput for columns that do not fit or scores that are no numbers."""
    n = len(batch.keys)
    if not 0 < n <= ROWS_MAX or batch.x.ndim != 2 or len(batch.x) != n or len(batch.scores) != n:
        raise BadInput(f"1 … {ROWS_MAX:,} keys are needed, with as many rows and scores", code="BAD_SHAPE")
    if not np.isfinite(batch.scores).all():
        raise BadInput("a score is no number", code="BAD_SHAPE")
    head = HEAD.pack(SCORED, n, batch.x.shape[1])
    columns = (batch.keys.astype("<i8"), batch.scores.astype("<f8"), np.asarray(batch.x, "<f4"))
    return head + b"".join(np.ascontiguousarray(column).tobytes() for column in columns)


def unpack_scored(data: bytes) -> ScoredBatch:
    """What `pack_scored` wrote; IntegrityBroken for something else."""
    n, width = _read_head(data, SCORED)
    if len(data) != HEAD.size + n * (16 + 4 * width):
        raise IntegrityBroken("a batch of scores is torn")
    at = HEAD.size
    keys = np.frombuffer(data, "<i8", n, at)
    scores = np.frombuffer(data, "<f8", n, at + 8 * n)
    x = np.frombuffer(data, "<f4", n * width, at + 16 * n).reshape(n, width)
    return ScoredBatch(keys, x, scores)


def pack_outcomes(outcomes: Outcomes) -> bytes:
    """Bytes of outcomes."""
    n = len(outcomes.keys)
    if not 0 < n <= ROWS_MAX or len(outcomes.ones) != n:
        raise BadInput(f"1 … {ROWS_MAX:,} keys are needed, with an outcome each", code="BAD_SHAPE")
    return HEAD.pack(OUTCOMES, n, 0) + outcomes.keys.astype("<i8").tobytes() + outcomes.ones.astype("u1").tobytes()


def unpack_outcomes(data: bytes) -> Outcomes:
    """What `pack_outcomes` wrote; IntegrityBroken for something else."""
    n, _ = _read_head(data, OUTCOMES)
    if len(data) != HEAD.size + 9 * n:
        raise IntegrityBroken("a batch of outcomes is torn")
    ones = np.frombuffer(data, "u1", n, HEAD.size + 8 * n).astype(np.bool_)
    return Outcomes(np.frombuffer(data, "<i8", n, HEAD.size), ones)


def digest_files(files: Mapping[str, bytes]) -> bytes:
    """32 bytes that name files: SHA-256 over path, a zero byte and the SHA-256 of its content, by path. The audit does it again in SQL."""
    said = hashlib.sha256()
    for path in sorted(files, key=str.encode):
        said.update(path.encode() + b"\0" + hashlib.sha256(files[path]).digest())
    return said.digest()


def _read_head(data: bytes, kind: bytes) -> tuple[int, int]:
    if len(data) < HEAD.size:
        raise IntegrityBroken("a batch has no head")
    found, n, width = HEAD.unpack_from(data)
    if found != kind:
        raise IntegrityBroken("a batch is of another kind")
    return n, width
