"""A file of purchases as columns: parquet as it is, CSV as texts (007 stays 007), each damage named by its row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from honghua.app.replay_map import TableMap, find_columns
from honghua.base.errors import BadInput, Problem

PROBLEMS_KEPT: Final = 200  # of one kind; whoever has more needs another export, not a longer list
PARQUET: Final = (".parquet", ".pq")
DELIMITERS: Final = {".csv": ",", ".txt": ",", ".tsv": "\t"}


@dataclass(slots=True)
class RawColumns:
    """The columns needed, by purpose, all of one length; `names` as the file calls them; problems of the rows."""

    names: dict[str, str]
    columns: dict[str, pa.Array]
    rows: int
    problems: list[Problem] = field(default_factory=list)


def load_file(path: Path, table_map: TableMap, *, limit: int | None) -> RawColumns:
    """The first `limit` rows (None = all). Raises BadInput for a file that cannot be read or lacks a column."""
    ending = path.suffix.lower()
    if not path.exists():
        raise BadInput(f"{path}: no such file", code="NO_FILE")
    if not path.is_file():
        raise BadInput(f"{path} is a folder or device, not a file", code="NO_FILE")
    if ending not in (*PARQUET, *DELIMITERS):
        raise BadInput(f"{path}: only .parquet and .csv files can be replayed", code="BAD_FILE")
    try:
        if ending in PARQUET:
            return _load_parquet(path, table_map, limit)
        return _load_text(path, table_map, limit, DELIMITERS[ending])
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        text = f"{path}: the file is damaged, cut short or not what its name says: {reason}"
        raise BadInput(text, code="BAD_FILE") from error


def find_purposes(present: list[str], table_map: TableMap) -> dict[str, str]:
    """Which column serves which purpose; a label only where the map names one: nobody should learn from a guess."""
    found = find_columns(present, table_map)
    label = table_map.columns.get("label")
    if label is not None:
        if label not in present:
            text = f"the map names column {label!r} for label, but the file has: {', '.join(present)}"
            raise BadInput(text, code="BAD_COLUMNS")
        found["label"] = label
    return found


def _load_parquet(path: Path, table_map: TableMap, limit: int | None) -> RawColumns:
    with pq.ParquetFile(path) as file:
        names = find_purposes(file.schema_arrow.names, table_map)
        table = file.read(columns=sorted(set(names.values())))
    if limit is not None:
        table = table.slice(0, limit)
    columns = {purpose: _plain(table.column(name)) for purpose, name in names.items()}
    return RawColumns(names, columns, table.num_rows)


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """One array of plain values: a dictionary's words, long texts as texts."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_large_string(column.type):
        column = column.cast(pa.string())
    return column.combine_chunks()


def _load_text(path: Path, table_map: TableMap, limit: int | None, delimiter: str) -> RawColumns:
    raw: RawColumns | None = None
    row = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            records = iterate_records(csv.reader(file, delimiter=delimiter, strict=True))
            header = next(records, None)
            if header is None:
                raise BadInput(f"{path}: the file is empty", code="EMPTY_FILE")
            header = [name.strip() for name in header]
            names = find_purposes(header, table_map)
            raw = RawColumns(names, {}, 0)
            pick = itemgetter(*(header.index(name) for name in names.values()))
            kept: list[tuple[str, ...]] = []
            whole = True
            for row, record in enumerate(records, start=1):
                if limit is not None and row > limit:
                    whole = False
                    break
                if len(record) == len(header):
                    kept.append(pick(record))
                else:
                    add_problem(raw.problems, ragged(row, len(record), len(header)))
            rows = row if whole else row - 1
    except UnicodeDecodeError as error:
        text = f"{path}: row {row + 1} or a little later is not UTF-8 text: {error.reason}"
        raise BadInput(text, code="BAD_FILE") from error
    except csv.Error as error:
        raise BadInput(f"{path}: row {row + 1}: {error}; the file is damaged or cut short", code="BAD_FILE") from error
    if whole and rows and not ends_a_line(path):
        text = "the file ends inside this row (no line end): it may be cut short; end the line if it is whole"
        raw.problems.append(Problem(rows, "FILE_CUT", text))
    lists: list[Any] = list(zip(*kept, strict=True)) or [() for _ in names]
    raw.columns = {purpose: pa.array(values, pa.string()) for purpose, values in zip(names, lists, strict=True)}
    raw.rows = rows
    return raw


def iterate_records(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Rows without the blank lines between them."""
    return (record for record in reader if record)


def ragged(row: int, found: int, wanted: int) -> Problem:
    """A row with too few or too many values."""
    text = f"the row has {found} values, the header names {wanted} columns"
    return Problem(row, "ROW_CUT" if found < wanted else "ROW_RAGGED", text)


def add_problem(problems: list[Problem], problem: Problem) -> None:
    """Keep a problem while the list is not too long to be read."""
    if len(problems) < PROBLEMS_KEPT:
        problems.append(problem)


def ends_a_line(path: Path) -> bool:
    """Whether the last byte ends a line: what writers do, and what a cut file lacks."""
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) in (b"\n", b"\r")


__all__ = ["PROBLEMS_KEPT", "RawColumns", "add_problem", "load_file"]
