"""Columns of a parquet or CSV file, one at a time, so that memory stays bounded by the table and not by its reader."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from honghua.base.errors import BadInput

ROWS_MAX: Final = 5_000_000
CELLS_MAX: Final = 400_000_000  # 3.2 GB of float64
CSV_BYTES_MAX: Final = 4_000_000_000
CSV_BLOCK: Final = 16_000_000
HEAD_BYTES: Final = 1 << 20  # looked at to tell the encoding
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
                stored = tuple(self._parquet.schema_arrow.names)
                self.names, self.rows = each_once(stored), int(self._parquet.metadata.num_rows)
                self._check()
                if self.names != stored:  # columns of one name can't be asked for one by one
                    self._whole = self._parquet.read().rename_columns(list(self.names))
            else:
                self._whole = _read_csv(path)
                self.names, self.rows = tuple(self._whole.column_names), int(self._whole.num_rows)
                self._check()
        except (
            pa.ArrowInvalid,
            pa.ArrowNotImplementedError,
            OSError,
            EOFError,
            UnicodeDecodeError,
            csv.Error,
        ) as problem:
            raise BadInput(f"{path} can be read neither as parquet nor as CSV: {problem}", code="BAD_FILE") from problem

    def find(self, name: str) -> str | None:
        """The column of that name, or the only one that differs from it by capitals and spaces alone; None when there is none."""
        if name in self.names:
            return name
        like = [one for one in self.names if _plain(one) == _plain(name)]
        return like[0] if len(like) == 1 else None

    def get(self, name: str) -> str:
        """As `find`; BadInput when there is none."""
        found = self.find(name)
        if found is None:
            raise BadInput(f"{self.path} has no column {name}; it has {_some(self.names)}", code="BAD_COLUMNS")
        return found

    def column(self, name: str) -> pa.ChunkedArray:
        """The values of a column; BadInput when there is none of that name."""
        name = self.get(name)
        if self._whole is not None:
            return self._whole.column(name)
        try:
            return self._parquet.read(columns=[name]).column(name)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as problem:
            raise BadInput(f"{self.path}: column {name} can't be read: {problem}", code="BAD_FILE") from problem

    def _check(self) -> None:
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


def each_once(names: Sequence[str]) -> tuple[str, ...]:
    """Names as they are, each once: the second `a` is `a.1`, a column without a name is called by its place."""
    found: dict[str, None] = {}
    for place, name in enumerate(names, 1):
        plain = name or f"column {place}"
        number, free = 0, plain
        while free in found or (number and free in names):
            number += 1
            free = f"{plain}.{number}"
        found[free] = None
    return tuple(found)


def _read_csv(path: Path) -> pa.Table:
    if path.stat().st_size > CSV_BYTES_MAX:
        raise BadInput(f"{path}: more than {CSV_BYTES_MAX:,} bytes; store it as parquet", code="TOO_LARGE")
    encoding = _find_encoding(path)
    with _open_bytes(path) as raw, io.TextIOWrapper(raw, encoding=encoding, newline="") as file:
        head = file.readline()
        file.seek(0)
        separator = max(SEPARATORS, key=head.count)
        header = next(csv.reader(file, delimiter=separator), [])
    names = each_once([name.strip() for name in header])
    shape = CsvShape(path, encoding.removesuffix("-sig"), separator, names)
    table = _read_csv_as(shape, {})
    whole = [field.name for field in table.schema if pa.types.is_integer(field.type)]
    if not whole:
        return table
    texts = _read_csv_as(shape, dict.fromkeys(whole, pa.string()))
    for name in whole:
        # The reader takes 007 for the number 7; such a code is a name and stays a text.
        if pc.any(pc.match_substring_regex(texts.column(name), PADDED)).as_py():
            table = table.set_column(table.column_names.index(name), name, texts.column(name))
    return table


@dataclass(frozen=True, slots=True)
class CsvShape:
    """How a text file is written; names: of its columns, each once."""

    path: Path
    encoding: str
    separator: str
    names: tuple[str, ...]


def _read_csv_as(shape: CsvShape, types: dict[str, pa.DataType]) -> pa.Table:
    return pa_csv.read_csv(
        shape.path,
        read_options=pa_csv.ReadOptions(
            block_size=CSV_BLOCK, encoding=shape.encoding, column_names=list(shape.names), skip_rows_after_names=1
        ),
        parse_options=pa_csv.ParseOptions(delimiter=shape.separator, newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            strings_can_be_null=True, column_types=types, include_columns=list(types)
        ),
    )


def _open_bytes(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path, "rb")) if path.name.lower().endswith(".gz") else path.open("rb")


def _find_encoding(path: Path) -> str:
    """What the first bytes say: UTF-16 by its mark, else UTF-8, else GB 18030, else Latin 1, which reads anything."""
    with _open_bytes(path) as file:
        head = file.read(HEAD_BYTES)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head, final=len(head) < HEAD_BYTES)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _some(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(names[:12])
    return shown if len(names) <= 12 else f"{shown} … ({len(names)} in all)"


__all__ = ["TableFile"]
