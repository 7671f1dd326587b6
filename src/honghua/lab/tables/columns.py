"""One column of a file becomes one column of a table: its kind is inferred once, at the fitting, and held to when rows are scored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from honghua.lab.tables.dates import NO_TIME, as_days, read_day_numbers, read_instants
from honghua.lab.tables.numerals import read_each_number, read_most_numbers, read_numbers
from honghua.lab.tables.records import MISSING, UNKNOWN, Column, Float64, Int64, Kind, Unread

# What people write for "not there" (compared in small letters). A missing value keeps a weight of its own, so nothing is lost by it.
ABSENT: Final = frozenset(
    {"", "?", "-", "--", "---", ".", "na", "n/a", "n.a.", "#n/a", "nan", "nat", "null", "none", "nil", "missing", "<na>", "(null)",
     "(blank)", "not available", "#value!", "#div/0!", "#null!", "\\n", "0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "缺失"}
)  # fmt: skip
WORDS_MAX: Final = 50_000
TEXT_LENGTH_MEAN_MAX: Final = 64  # longer values are sentences, not categories
FEW_UNIQUE: Final = 2
ODD_SHOWN: Final = 4
WHOLE_MAX: Final = 2.0**53
TRUES: Final = frozenset({"true", "yes", "y", "t", "是"})
BOOLS: Final = ({"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"}, {"是", "否"})
UNITS: Final = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
BYTES: Final = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
UNREADABLE: Final = (pa.types.is_nested, *BYTES)


def infer_column(name: str, data: pa.ChunkedArray) -> Column | Unread:
    """The column that this data makes, of whatever kind fits it."""
    array = flatten(data)
    if any(is_such(array.type) for is_such in UNREADABLE):
        return Unread(name, f"values of type {array.type} cannot be used")
    if pa.types.is_boolean(array.type):
        return _coded(name, Kind.FLAG, *code_texts(array))
    if _is_temporal(array.type):
        return Column(name, Kind.DATE, as_days(_instants(array)))
    if _is_number(array.type) or _is_span(array.type):
        return _numbers(name, as_floats(array))
    return _infer_texts(name, *code_texts(array))


def read_as(like: Column, data: pa.ChunkedArray) -> Column:
    """The data as a column of a kind and words known from the fitting; what cannot be read so is missing, a new word is UNKNOWN.

    Raises nothing: whether too much went missing is for the caller to ask.
    """
    array = flatten(data)
    if like.kind.has_words:
        unique, places = code_texts(array)
        known = _spellings(like)
        found = (MISSING if text is None else known.get(text, known.get(text.lower(), UNKNOWN)) for text in unique)
        codes = np.array(list(found), np.int32)
        return Column(like.name, like.kind, codes[places], like.words)
    if like.kind is Kind.DATE:
        return Column(like.name, like.kind, _dates_of(array))
    return Column(like.name, like.kind, _floats_of(array))


def _spellings(like: Column) -> dict[str, int]:
    """Code of every spelling: the word itself, in small letters where no two words then are one, 0 and 1 of a flag of two bools."""
    small = [word.lower() for word in like.words]
    known = {word: code for code, word in enumerate(small) if small.count(word) == 1}
    if like.kind is Kind.FLAG and set(small) in BOOLS:
        known |= {str(int(word in TRUES)): code for code, word in enumerate(small)}
    return known | {word: code for code, word in enumerate(like.words)}


def flatten(data: pa.ChunkedArray) -> pa.Array:
    """One array, dictionaries spelled out, and bytes that are text as text."""
    array = data.combine_chunks() if isinstance(data, pa.ChunkedArray) else data
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    return _as_text(array) if any(is_such(array.type) for is_such in BYTES) else array


def _as_text(array: pa.Array) -> pa.Array:
    """Bytes as text where they are UTF-8: some writers of parquet do not say that their texts are texts."""
    try:
        return array.cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return array


def as_floats(array: pa.Array) -> Float64:
    """Numbers as float64, times of day and spans as seconds; what is missing or infinite is NaN."""
    if _is_span(array.type):
        unit = getattr(array.type, "unit", "s")
        plain = array.cast(pa.int32() if array.type.bit_width == 32 else pa.int64()).cast(pa.float64())
        array = pc.divide(plain, UNITS[unit])
    values = np.asarray(pc.fill_null(array.cast(pa.float64(), safe=False), np.nan), np.float64).copy()
    values[np.isinf(values)] = np.nan
    return values


def canonical_texts(array: pa.Array) -> list[str | None]:
    """Every value as the one text that stands for it in any type: 1, 1.0 and "1 " are "1"; absent ones are None."""
    unique, places = code_texts(array)
    return [unique[k] for k in places.tolist()]


def code_texts(array: pa.Array) -> tuple[list[str | None], Int64]:
    """The different canonical texts (None = absent), and the place of each row's among them."""
    if _is_number(array.type) or _is_span(array.type):
        values, places = np.unique(as_floats(array), return_inverse=True, equal_nan=True)
        return [_say_number(float(value)) for value in values], places.astype(np.int64)
    coded = array.cast(pa.string()).dictionary_encode()  # bools become "true" and "false"
    texts = [_clean(text) for text in coded.dictionary.to_pylist()]
    known: dict[str | None, int] = {}
    place = np.array(
        [*(known.setdefault(text, len(known)) for text in texts), known.setdefault(None, len(known))], np.int64
    )
    indices = np.asarray(pc.fill_null(coded.indices, len(texts)), np.int64)
    return list(known), place[indices]


def _say_number(value: float) -> str | None:
    if np.isnan(value):
        return None
    return str(int(value)) if value == np.floor(value) and abs(value) < WHOLE_MAX else repr(value)


def _clean(text: str | None) -> str | None:
    if text is None:
        return None
    short = text.strip()
    return None if short.lower() in ABSENT else short


def _infer_texts(name: str, unique: list[str | None], places: Int64) -> Column | Unread:
    there = [text for text in unique if text is not None]
    if not there:
        return Column(name, Kind.CATEGORY, np.full(len(places), MISSING, np.int32), ())
    numbers = read_numbers(unique)
    if numbers is not None and len(there) > FEW_UNIQUE:
        return _numbers(name, numbers[places])
    days = _read_days(unique)
    if days is not None:
        return Column(name, Kind.DATE, days[places])
    most = read_most_numbers(unique, places)
    if most is not None:
        return _with_odd_words(_numbers(name, most[places]), unique, most, places)
    if len(there) > WORDS_MAX:
        return Unread(name, f"{len(there):,} different texts: names or free text, not categories")
    if np.mean([len(text) for text in there]) > TEXT_LENGTH_MEAN_MAX:
        return Unread(name, "free text")
    kind = Kind.FLAG if {text.lower() for text in there} in BOOLS else Kind.CATEGORY
    return _coded(name, kind, unique, places)


def _with_odd_words(column: Column, unique: list[str | None], values: Float64, places: Int64) -> Column:
    """A column of numbers that says which words it lost."""
    odd = [k for k, text in enumerate(unique) if text is not None and np.isnan(values[k])]
    rows = int(np.isin(places, odd).sum())
    shown = ", ".join(repr(unique[k]) for k in odd[:ODD_SHOWN]) + (" …" if len(odd) > ODD_SHOWN else "")
    told = f"{column.name}: {rows:,} values among its numbers are none ({shown}) and count as missing"
    return replace(column, note=told)


def _coded(name: str, kind: Kind, unique: list[str | None], places: Int64) -> Column:
    words = tuple(sorted(text for text in unique if text is not None))
    code = {word: k for k, word in enumerate(words)}
    codes = np.array([MISSING if text is None else code[text] for text in unique], np.int32)
    return Column(name, kind, codes[places], words)


def _numbers(name: str, values: Float64) -> Column:
    days = read_day_numbers(values)
    if days is not None:
        return Column(name, Kind.DATE, days)
    there = values[~np.isnan(values)]
    whole = bool((there == np.floor(there)).all() and (np.abs(there) < WHOLE_MAX).all())
    return Column(name, Kind.WHOLE if whole else Kind.NUMBER, values)


def _read_days(texts: list[str | None]) -> Float64 | None:
    found = read_instants([text for text in texts if text is not None])
    if found is None:
        return None
    out = np.full(len(texts), np.nan)
    out[[k for k, text in enumerate(texts) if text is not None]] = as_days(found)
    return out


def _floats_of(array: pa.Array) -> Float64:
    if _is_number(array.type) or _is_span(array.type) or pa.types.is_boolean(array.type):
        return as_floats(array)
    if _is_temporal(array.type):
        return np.full(len(array), np.nan)
    unique, places = code_texts(array)
    return read_each_number(unique)[places]


def _dates_of(array: pa.Array) -> Float64:
    if _is_temporal(array.type):
        return as_days(_instants(array))
    if _is_number(array.type):
        values = as_floats(array)
        days = read_day_numbers(values)
        return np.full(len(values), np.nan) if days is None else days
    unique, places = code_texts(array)
    whole = _read_days(unique)  # all at once where it can be: only together do they tell their form
    return (_each(unique, _read_days) if whole is None else whole)[places]


def _each(texts: list[str | None], read: Any) -> Float64:
    found = [read([text]) for text in texts]
    return np.array([np.nan if one is None else one[0] for one in found], np.float64)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _is_span(kind: pa.DataType) -> bool:
    return bool(pa.types.is_time(kind) or pa.types.is_duration(kind))


def _is_temporal(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _instants(array: pa.Array) -> Int64:
    found = array.cast(pa.timestamp("us", tz=getattr(array.type, "tz", None)), safe=False).cast(pa.int64())
    return np.asarray(pc.fill_null(found, NO_TIME), np.int64)


__all__ = ["as_floats", "canonical_texts", "code_texts", "flatten", "infer_column", "read_as"]
