"""Recorded decisions in a file (parquet or CSV), a row each: columns named like inputs, and what was decided then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.decision.core import Bundle, Kind, Outcome, Part, judge_batch

ROWS: Final = 100_000  # of one part
SEGMENTS_MAX: Final = 1_000
OUTCOMES: Final = {outcome.name.lower(): int(outcome) for outcome in Outcome}


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns say what was decided; against another bundle none is needed."""

    outcome: str = "outcome"
    granted: str = "granted_minor"
    loss: str = ""
    segment: str = ""


@dataclass(slots=True)
class RecordFile:
    """A file read in parts; segment names are gathered while reading."""

    path: Path
    bundle: Bundle
    columns: Columns
    against: Bundle | None = None
    segments: list[str] = field(default_factory=list)

    def parts(self) -> Iterator[Part]:
        """The rows in order, ROWS at a time."""
        start = 0
        for batch in self._batches():
            if not start:
                self._check_columns(set(batch.schema.names))
            yield self._part(batch, start)
            start += batch.num_rows
        if not start:
            raise BadInput(f"{self.path}: there are no rows", code="EMPTY_FILE")

    def read_segments(self) -> None:
        """All segment names first, so that every part has the same numbers."""
        if not self.columns.segment:
            self.segments = ["all"]
            return
        found: set[str] = set()
        for batch in self._batches():
            if self.columns.segment not in batch.schema.names:
                raise BadInput(f"{self.path} has no column {self.columns.segment}", code="COLUMN_MISSING")
            found |= {str(v) for v in batch.column(self.columns.segment).unique().to_pylist()}
            if len(found) > SEGMENTS_MAX:
                raise BadInput(
                    f"{self.columns.segment} has more than {SEGMENTS_MAX:,} values", code="TOO_MANY_SEGMENTS"
                )
        self.segments = sorted(found)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            if self.path.suffix.lower() == ".parquet":
                with pq.ParquetFile(self.path) as file:
                    yield from file.iter_batches(batch_size=ROWS)
            else:
                with pc.open_csv(self.path, read_options=pc.ReadOptions(block_size=1 << 24)) as reader:
                    yield from reader
        except (OSError, pa.ArrowInvalid) as error:
            raise BadInput(f"{self.path}: {error}", code="UNREADABLE_FILE") from error

    def _check_columns(self, present: set[str]) -> None:
        wanted = set(self.bundle.inputs_read) | (
            set(self.against.inputs_read) if self.against else {self.columns.outcome}
        )
        wanted |= {self.columns.loss} - {""}
        missing = sorted(wanted - present)
        if missing:
            raise BadInput(f"{self.path} has no column {', '.join(missing)}", code="COLUMN_MISSING")

    def _part(self, batch: pa.RecordBatch, start: int) -> Part:
        vectors = _vectors(batch, self.bundle)
        if self.against is not None:
            before = judge_batch(self.against, _vectors(batch, self.against))
            outcome, granted = before.outcome, before.amount_minor
        else:
            outcome = self._outcomes(batch)
            granted = self._granted(batch, outcome, vectors)
        chance = _floats(batch, self.columns.loss) if self.columns.loss else None
        return Part(start, vectors, outcome, granted, chance, self._segment_numbers(batch))

    def _outcomes(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        values = batch.column(self.columns.outcome).to_pylist()
        numbers = [OUTCOMES.get(v.lower(), 0) if isinstance(v, str) else v for v in values]
        bad = [k for k, v in enumerate(numbers) if v not in OUTCOMES.values()]
        if bad:
            raise BadInput(
                f"{self.path}: {values[bad[0]]!r} is no outcome; known: {', '.join(OUTCOMES)}", code="OUTCOME_UNKNOWN"
            )
        return np.array(numbers, np.int64)

    def _granted(
        self, batch: pa.RecordBatch, outcome: NDArray[np.int64], vectors: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        if self.columns.granted in batch.schema.names:
            found = _floats(batch, self.columns.granted)
        else:
            found = np.where(outcome == Outcome.REFUSE, 0.0, vectors[:, self.bundle.vocabulary.place("amount_minor")])
        return np.nan_to_num(found).astype(np.int64)

    def _segment_numbers(self, batch: pa.RecordBatch) -> NDArray[np.int64] | None:
        if not self.columns.segment:
            return None
        place = {name: k for k, name in enumerate(self.segments)}
        return np.array([place[str(v)] for v in batch.column(self.columns.segment).to_pylist()], np.int64)


def _vectors(batch: pa.RecordBatch, bundle: Bundle) -> NDArray[np.float64]:
    found = np.full((batch.num_rows, len(bundle.vocabulary)), np.nan)
    for place, given in enumerate(bundle.vocabulary):
        if given.name not in batch.schema.names:
            continue
        column = batch.column(given.name)
        if given.kind == Kind.CATEGORY and not _is_number(column.type):
            numbers = dict(given.levels)
            found[:, place] = [numbers.get(str(v), np.nan) if v is not None else np.nan for v in column.to_pylist()]
        else:
            found[:, place] = _floats(batch, given.name)
    return found


def _floats(batch: pa.RecordBatch, name: str) -> NDArray[np.float64]:
    column = batch.column(name)
    if not _is_number(column.type):
        raise BadInput(f"column {name} holds {column.type}, not numbers", code="COLUMN_NOT_NUMERIC")
    found: NDArray[Any] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found.astype(np.float64)


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind)
    )
