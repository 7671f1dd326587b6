"""A table of transactions as columns of Arrow: parquet as it is, CSV as texts; only the columns that serve a purpose are read."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from honghua.base.errors import BadInput

PARQUET: Final = (".parquet", ".pq")
TEXT: Final = (".csv", ".tsv", ".txt")
NULLS: Final = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "none")


def column_names(path: Path) -> list[str]:
    """The names of a file's columns. BadInput for what is no table."""
    if not path.is_file():
        raise BadInput(f"{path}: no such file", code="NO_FILE")
    try:
        if path.suffix.lower() in PARQUET:
            return [str(name) for name in pq.read_schema(path).names]
        if path.suffix.lower() in TEXT:
            with path.open(encoding="utf-8-sig", newline="") as file:
                header = next(csv.reader(file, delimiter=delimiter_of(path)), [])
            return [name.strip() for name in header]
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: the file is damaged or not what its name says: {error}", code="BAD_FILE") from error
    raise BadInput(f"{path}: only .parquet, .csv and .tsv files can be read", code="BAD_FILE")


def delimiter_of(path: Path) -> str:
    """What separates the columns of a text file: a tab, else what the header has most of."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
    return max(",;\t|", key=header.count)


def read_columns(path: Path, names: Sequence[str]) -> dict[str, pa.Array]:
    """The named columns, each in one piece; CSV values are texts. BadInput for damage, with what Arrow says of it."""
    try:
        if path.suffix.lower() in PARQUET:
            with pq.ParquetFile(path) as file:
                table = file.read(columns=list(dict.fromkeys(names)))
        else:
            present = column_names(path)
            options = pacsv.ConvertOptions(
                column_types=dict.fromkeys(present, pa.string()), include_columns=list(dict.fromkeys(names)),
                null_values=list(NULLS), strings_can_be_null=True,
            )  # fmt: skip
            parse = pacsv.ParseOptions(delimiter=delimiter_of(path))
            table = pacsv.read_csv(
                path, convert_options=options, parse_options=parse,
                read_options=pacsv.ReadOptions(column_names=present, skip_rows=1),
            )  # fmt: skip
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadInput(f"{path}: the file is damaged or cut short: {reason}", code="BAD_FILE") from error
    return {name: _plain(table.column(name)) for name in dict.fromkeys(names)}


def _plain(column: pa.ChunkedArray) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_large_string(column.type):
        column = column.cast(pa.string())
    joined = column.combine_chunks()
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def as_floats(column: pa.Array) -> NDArray[np.float64]:
    """A column as float64[n], NaN where it is empty or no number."""
    if pa.types.is_string(column.type):
        try:
            column = pc.cast(pc.utf8_trim_whitespace(column), pa.float64())
        except pa.ArrowInvalid:
            pattern = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
            trimmed = pc.if_else(pc.match_substring_regex(column, pattern), column, None)
            column = pc.cast(pc.utf8_trim_whitespace(trimmed), pa.float64())
    elif pa.types.is_decimal(column.type) or pa.types.is_boolean(column.type):
        column = column.cast(pa.float64())
    elif not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return np.full(len(column), np.nan)
    values = pc.fill_null(pc.cast(column, pa.float64(), safe=False), np.nan)
    return np.asarray(values.to_numpy(zero_copy_only=False), np.float64)


def as_texts(column: pa.Array) -> pa.Array:
    """A column as texts with nulls: 7, 7.0 and "7" are one name, so that CSV and parquet give the same keys."""
    if pa.types.is_floating(column.type):
        values = as_floats(column)
        whole = np.isfinite(values) & (values == np.floor(values)) & (np.abs(values) < 2**62)
        if (whole | np.isnan(values)).all():
            column = pa.array(np.where(whole, values, 0).astype(np.int64), mask=~whole)
    if pa.types.is_temporal(column.type) or not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(column, ""), None, column)


__all__ = ["as_floats", "as_texts", "column_names", "read_columns"]
