"""A table of transactions as columns of Arrow: parquet as it is, CSV as texts; only the columns that serve a purpose are read."""

from __future__ import annotations

import codecs
import csv
import gzip
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from honghua.base.errors import BadInput

PARQUET: Final = (".parquet", ".pq")
TEXT: Final = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz")
SAMPLE: Final = 1 << 20
NULLS: Final = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "none")


def column_names(path: Path) -> list[str]:
    """The names of a file's columns, each once: the second `a` is `a.1`. BadInput for what is no table."""
    if not path.is_file():
        raise BadInput(f"{path}: no such file", code="NO_FILE")
    try:
        if path.suffix.lower() in PARQUET:
            return _each_once([str(name) for name in pq.read_schema(path).names])
        if path.name.lower().endswith(TEXT):
            with _open_text(path) as file:
                header = next(csv.reader(file, delimiter=delimiter_of(path)), [])
            return _each_once([name.strip() for name in header])
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: the file is damaged or not what its name says: {error}", code="BAD_FILE") from error
    raise BadInput(f"{path}: only .parquet, .csv and .tsv files can be read", code="BAD_FILE")


def _each_once(names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for place, name in enumerate(names):
        name = name or f"column {place + 1}"
        again = sum(other == name or other.startswith(f"{name}.") for other in found)
        found.append(f"{name}.{again}" if name in found else name)
    return found


def _open_text(path: Path) -> TextIO:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding=encoding_of(path), newline="")
    return path.open(encoding=encoding_of(path), newline="")


@lru_cache(maxsize=8)
def encoding_of(path: Path) -> str:
    """UTF-8, else GB 18030 where the head of the file is that, else Latin 1, which reads anything."""
    with gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb") as file:
        head = file.read(SAMPLE)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head, final=len(head) < SAMPLE)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def delimiter_of(path: Path) -> str:
    """What separates the columns of a text file: what the header has most of, the comma first."""
    with _open_text(path) as file:
        header = file.readline()
    return max(",;\t|", key=header.count)


def read_columns(path: Path, names: Sequence[str], *, guessed: Collection[str] = ()) -> dict[str, pa.Array]:
    """The named columns, each in one piece. CSV values are texts, of the guessed columns what they look like.

    BadInput for damage, with what Arrow says of it.
    """
    wanted = list(dict.fromkeys(names))
    try:
        if path.suffix.lower() in PARQUET:
            with pq.ParquetFile(path) as file:
                stored = [str(name) for name in file.schema_arrow.names]
                present = _each_once(stored)
                table = file.read(columns=wanted) if present == stored else file.read().rename_columns(present)
        else:
            table = _read_text(path, wanted, guessed)
    except (pa.ArrowException, OSError, EOFError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadInput(f"{path}: the file is damaged or cut short: {reason}", code="BAD_FILE") from error
    return {name: _plain(table.column(name)) for name in wanted}


def _read_text(path: Path, wanted: list[str], guessed: Collection[str]) -> pa.Table:
    present = column_names(path)
    encoding = encoding_of(path).removesuffix("-sig")
    parse = pacsv.ParseOptions(delimiter=delimiter_of(path))
    read = pacsv.ReadOptions(column_names=present, skip_rows=1, encoding=encoding)
    for guess in (frozenset(guessed), frozenset()):
        options = pacsv.ConvertOptions(
            column_types=dict.fromkeys((name for name in present if name not in guess), pa.string()), include_columns=wanted,
            null_values=list(NULLS), strings_can_be_null=True, check_utf8=encoding != "latin-1",
        )  # fmt: skip
        try:
            return pacsv.read_csv(path, convert_options=options, parse_options=parse, read_options=read)
        except pa.ArrowInvalid as error:  # a column that begins as numbers and goes on as text
            if not guess or "conversion error" not in str(error):
                raise
    raise AssertionError("the second reading guesses nothing")


def _plain(column: pa.ChunkedArray) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        column = column.cast(pa.string())
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        try:
            column = column.cast(pa.string())
        except pa.ArrowInvalid:
            column = pa.chunked_array([pa.nulls(len(column), pa.string())])
    elif pa.types.is_null(kind):
        column = column.cast(pa.string())
    joined = column.combine_chunks()
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def as_floats(column: pa.Array) -> NDArray[np.float64]:
    """A column as float64[n], NaN where it is empty, endless or no number; $1,234.50, 12,34 and (5.00) are numbers too."""
    kind = column.type
    if pa.types.is_string(kind):
        try:
            column = pc.cast(pc.utf8_trim_whitespace(column), pa.float64())
        except pa.ArrowInvalid:
            column = _money(column)
    elif pa.types.is_decimal(kind) or pa.types.is_boolean(kind):
        column = column.cast(pa.float64())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return np.full(len(column), np.nan)
    values = np.asarray(pc.fill_null(pc.cast(column, pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False))
    return np.where(np.isfinite(values), values, np.nan)


def _money(column: pa.Array) -> pa.Array:
    """Texts as people write amounts: currency signs and spaces fall away, parentheses are a minus, the last of , and . is the point."""
    text = pc.replace_substring_regex(column, r"^\s*\((.*)\)\s*$", r"-\1")
    text = pc.replace_substring_regex(text, r"^\s*(-?)\s*(?:[A-Z]{3}|[$€£¥￥₹])\s*(-?)", r"\1\2")
    text = pc.replace_substring_regex(text, r"[\s'\x{a0}\x{202f}]|(?:[A-Z]{3}|[$€£¥￥₹元])\s*$", "")
    thousands = r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$"
    comma = r"^[+-]?(\d{1,3}(\.\d{3})+|\d*),\d+$"
    with_comma = text.filter(pc.fill_null(pc.match_substring(text, ","), False))
    is_thousands = pc.all(pc.match_substring_regex(with_comma, thousands)).as_py()
    english = pc.replace_substring(text, ",", "")
    if not is_thousands:
        german = pc.replace_substring(pc.replace_substring(text, ".", ""), ",", ".")
        english = pc.if_else(pc.match_substring_regex(text, comma), german, english)
    number = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
    return pc.cast(pc.if_else(pc.match_substring_regex(english, number), english, None), pa.float64())


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
