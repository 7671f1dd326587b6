"""From a file, or from arrays in memory, to a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.lab.tables.columns import canonical_texts, code_texts, flatten, infer_column, read_as
from honghua.lab.tables.files import TableFile
from honghua.lab.tables.records import Column, Int64, Table, Unread
from honghua.lab.tables.schema import Schema
from honghua.lab.tables.targets import read_target, read_time

ROWS_MIN: Final = 50
OF_A_CLASS_MIN: Final = 10
NEW_WORDS_SAID: Final = 0.01


def read_table(
    path: Path | str, *, target: str, time: str | None = None, row_id: str | None = None, positive: str | None = None
) -> Table:
    """The table of a parquet or CSV file.

    target: the column to foretell (two values); positive: the one of them that is 1; time, row_id: columns with that role.
    BadInput with a sentence when the file, a column or the target will not do.
    """
    file = TableFile(Path(path))
    target = file.get(target)
    time, row_id = (None if name is None else file.get(name) for name in (time, row_id))
    _check_roles(target, time, row_id)
    wanted = read_target(target, file.column(target), positive=positive)
    notes = [wanted.note]
    columns, unread = [], []
    for name in file.names:
        if name in (target, time, row_id):
            continue
        found = infer_column(name, file.column(name))
        if isinstance(found, Unread):
            unread.append(found)
        else:
            columns.append(found.take(wanted.rows))
            notes += [found.note] if found.note else []
    table = Table(
        columns=tuple(columns), places=wanted.rows, target=wanted.values, target_name=target, target_words=wanted.words,
        time_name=time or "", time=None if time is None else read_time(time, file.column(time))[wanted.rows],
        id_name=row_id or "", ids=None if row_id is None else _ids(file.column(row_id), wanted.rows), unread=tuple(unread),
        notes=tuple(notes),
    )  # fmt: skip
    return check_table(table)


def build_table(
    columns: Mapping[str, NDArray[Any]],
    *,
    target: NDArray[Any],
    time: NDArray[np.int64] | None = None,
    ids: Sequence[str] | None = None,
    target_name: str = "target",
) -> Table:
    """A table of arrays in memory: floats (NaN = missing), whole numbers, texts, bools, datetime64; target 0 and 1."""
    labels = np.asarray(target)
    if not np.isin(labels, (0, 1)).all():
        raise BadInput("the target must be 0 or 1", code="BAD_TARGET")
    if any(len(values) != len(labels) for values in columns.values()):
        raise BadInput("columns must have as many rows as the target", code="BAD_SHAPE")
    found = [infer_column(name, pa.chunked_array([_arrow(values)])) for name, values in columns.items()]
    return check_table(
        Table(
            columns=tuple(c for c in found if isinstance(c, Column)), places=np.arange(len(labels)),
            target=labels.astype(np.uint8), target_name=target_name, time_name="" if time is None else "time",
            time=None if time is None else np.asarray(time, np.int64), id_name="" if ids is None else "id",
            ids=None if ids is None else tuple(ids), unread=tuple(c for c in found if isinstance(c, Unread)),
        )
    )  # fmt: skip


def read_for_scoring(path: Path | str, schema: Schema, *, allow_absent: bool = False) -> Table:
    """The schema's columns of another file, in its order of rows; columns more are ignored, a column less is BadInput.

    allow_absent: a column less counts as missing in every row, and a note says so; BadInput when none at all is there.
    """
    file = TableFile(Path(path))
    gone = [name for name in schema.names if file.find(name) is None]
    if gone and (not allow_absent or len(gone) == len(schema.names)):
        raise BadInput(f"{path} lacks columns that the model reads: {', '.join(gone)}", code="BAD_COLUMNS")
    columns = []
    notes = [f"{name}: the file has no such column; it counts as missing in every row" for name in gone]
    for remembered in schema.columns:
        data = pa.chunked_array([pa.nulls(file.rows)]) if remembered.name in gone else file.column(remembered.name)
        column = read_as(remembered.empty(), data)
        empty = int(pc.sum(pc.is_null(data, nan_is_null=True)).as_py() or 0)
        there = file.rows - empty
        lost = int(column.missing.sum()) - empty
        if there and lost == there and not _all_absent(data):
            told = f"{path}: column {remembered.name} is {data.type}; at the fitting it was a {remembered.kind}"
            raise BadInput(f"{told}, and none of its values can be read so", code="BAD_COLUMNS")
        if lost > NEW_WORDS_SAID * file.rows:
            notes.append(f"{remembered.name}: {lost:,} values are new or unreadable and count as missing")
        columns.append(column)
    return Table(tuple(columns), np.arange(file.rows), notes=tuple(notes))


def read_ids(path: Path | str, name: str) -> pa.ChunkedArray:
    """The id column as the file has it, to be handed back beside scores."""
    return TableFile(Path(path)).column(name)


def check_table(table: Table) -> Table:
    """The table itself; BadInput when it is too small to learn from."""
    ones = int(table.labels.sum())
    if table.rows < ROWS_MIN or min(ones, table.rows - ones) < OF_A_CLASS_MIN:
        told = f"{table.rows:,} rows with {ones:,} ones are too few"
        raise BadInput(f"{told}: {ROWS_MIN} rows and {OF_A_CLASS_MIN} of each kind are needed", code="TOO_FEW_ROWS")
    return table


def _check_roles(*roles: str | None) -> None:
    given = [name for name in roles if name is not None]
    if len(set(given)) < len(given):
        raise BadInput("target, time and id must be different columns", code="BAD_COLUMNS")


def _ids(data: pa.ChunkedArray, rows: Int64) -> tuple[str, ...]:
    texts = canonical_texts(flatten(data))
    return tuple(texts[int(k)] or "" for k in rows)


def _all_absent(data: pa.ChunkedArray) -> bool:
    return all(text is None for text in code_texts(flatten(data))[0])


def _arrow(values: NDArray[Any]) -> pa.Array:
    return pa.array(values, from_pandas=True)


__all__ = ["build_table", "check_table", "read_for_scoring", "read_ids", "read_table"]
