"""Columns of a parquet or CSV file, one at a time, so that memory stays bounded by the table and not by its reader."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from honghua.base.errors import BadInput

ROWS_MAX: Final = 5_000_000
CELLS_MAX: Final = 400_000_000  # 3.2 GB of float64
CSV_BYTES_MAX: Final = 4_000_000_000
CSV_BLOCK: Final = 16_000_000
PADDED: Final = r"^\s*0\d+\s*$"
SEPARATORS: Final = (",", ";", "\t", "|")


class TableFile:
    """An open file: its column names in order, its rows, and each column when it is asked for."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise BadInput(f"{path}: there is no such file", code="NO_FILE")
        self.path = path
        self._whole: pa.Table | None = None
        try:
            if _is_parquet(path):
                self._parquet = pq.ParquetFile(path)
                self.names = tuple(self._parquet.schema_arrow.names)
                self.rows = int(self._parquet.metadata.num_rows)
            else:
                self._whole = _read_csv(path)
                self.names, self.rows = tuple(self._whole.column_names), int(self._whole.num_rows)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, UnicodeDecodeError) as problem:
            raise BadInput(f"{path} can be read neither as parquet nor as CSV: {problem}", code="BAD_FILE") from problem
        self._check()

    def column(self, name: str) -> pa.ChunkedArray:
        """The values of a column; BadInput when there is none of that name."""
        if name not in self.names:
            raise BadInput(f"{self.path} has no column {name}; it has {_some(self.names)}", code="BAD_COLUMNS")
        if self._whole is not None:
            return self._whole.column(name)
        try:
            return self._parquet.read(columns=[name]).column(name)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as problem:
            raise BadInput(f"{self.path}: column {name} can't be read: {problem}", code="BAD_FILE") from problem

    def _check(self) -> None:
        twice = [name for name, count in Counter(self.names).items() if count > 1]
        if twice:
            raise BadInput(f"{self.path}: columns of one name: {_some(twice)}", code="BAD_COLUMNS")
        if self.rows == 0:
            raise BadInput(f"{self.path}: there are no rows", code="EMPTY_FILE")
        if self.rows > ROWS_MAX or self.rows * len(self.names) > CELLS_MAX:
            told = f"{self.rows:,} rows × {len(self.names):,} columns"
            raise BadInput(
                f"{self.path}: {told} are beyond {ROWS_MAX:,} rows or {CELLS_MAX:,} values", code="TOO_LARGE"
            )


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _read_csv(path: Path) -> pa.Table:
    if path.stat().st_size > CSV_BYTES_MAX:
        raise BadInput(f"{path}: more than {CSV_BYTES_MAX:,} bytes; store it as parquet", code="TOO_LARGE")
    with path.open("r", encoding="utf-8-sig") as file:
        head = file.readline()
    separator = max(SEPARATORS, key=head.count)
    table = _read_csv_as(path, separator, {})
    whole = [field.name for field in table.schema if pa.types.is_integer(field.type)]
    if not whole or len(set(table.column_names)) < table.num_columns:
        return table
    texts = _read_csv_as(path, separator, dict.fromkeys(whole, pa.string()))
    for name in whole:
        # The reader takes 007 for the number 7; such a code is a name and stays a text.
        if pc.any(pc.match_substring_regex(texts.column(name), PADDED)).as_py():
            table = table.set_column(table.column_names.index(name), name, texts.column(name))
    return table


def _read_csv_as(path: Path, separator: str, types: dict[str, pa.DataType]) -> pa.Table:
    return pa_csv.read_csv(
        path,
        read_options=pa_csv.ReadOptions(block_size=CSV_BLOCK),
        parse_options=pa_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            strings_can_be_null=True, column_types=types, include_columns=list(types)
        ),
    )


def _some(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(names[:12])
    return shown if len(names) <= 12 else f"{shown} … ({len(names)} in all)"


__all__ = ["TableFile"]
