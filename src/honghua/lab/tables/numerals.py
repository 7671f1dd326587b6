"""Numbers as people write them: 1,234.50 and 1.234,50, ¥12, 37 %, and a column of numbers in which a few words stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from honghua.lab.tables.records import Float64, Int64

POINT: Final = re.compile(r"[-+]?(\d{1,3}([, ]\d{3})+|\d+)?(\.\d+)?([eE][-+]?\d{1,3})?%?")
COMMA: Final = re.compile(r"[-+]?(\d{1,3}([. ]\d{3})+|\d+)?(,\d+)?([eE][-+]?\d{1,3})?%?")
THOUSANDS: Final = re.compile(r"[-+]?\d{1,3}(,\d{3})+%?")  # 1,234 alone does not say what its comma means
CURRENCY: Final = "$€£¥￥ "
DECORATION: Final = str.maketrans("", "", "$€£¥￥, ")
CONTINENTAL: Final = str.maketrans({",": "."} | dict.fromkeys("$€£¥￥. ", ""))
PADDED: Final = re.compile(r"0\d+")  # 007 is a name, not a number
MOST: Final = 0.9  # share of the rows with a value that must read as numbers, where a few words stand among them
DISTINCT_MIN: Final = 10  # fewer different numbers and a word are categories such as 0, 1, 2, "3 or more"


def read_numbers(texts: Sequence[str | None]) -> Float64 | None:
    """Numbers of texts (None = NaN), or None when one of them is none. A comma is a decimal sign when only that reads them all."""
    found = _read_all(texts, POINT, DECORATION)
    return found if found is not None else _read_all(texts, COMMA, CONTINENTAL)


def read_each_number(texts: Sequence[str | None]) -> Float64:
    """Numbers of texts, NaN where one is none; in the form that reads most of them, with a decimal point where two read alike."""
    point, comma = (_read_each(texts, form, signs) for form, signs in ((POINT, DECORATION), (COMMA, CONTINENTAL)))
    tells = np.array([text is not None and not THOUSANDS.fullmatch(text.strip(CURRENCY)) for text in texts], bool)
    return comma if np.isfinite(comma[tells]).sum() > np.isfinite(point[tells]).sum() else point


def read_most_numbers(texts: Sequence[str | None], places: Int64) -> Float64 | None:
    """Numbers of a column's different texts when nearly all of its rows hold numbers, many different ones; the few words are NaN.

    places int64[n]: each row's place among the texts. A word once among thousands of incomes must not turn all of them into names.
    """
    rows = np.bincount(places, minlength=len(texts))
    there = np.array([text is not None for text in texts], bool)
    values = read_each_number(texts)
    read = ~np.isnan(values)
    if len(np.unique(values[read])) < DISTINCT_MIN or rows[read].sum() < MOST * rows[there].sum():
        return None
    if any(PADDED.fullmatch(text) for text in texts if text is not None):
        return None
    return values


def _read_all(
    texts: Sequence[str | None], form: re.Pattern[str], signs: Mapping[int, str | int | None]
) -> Float64 | None:
    out = np.full(len(texts), np.nan)
    for k, text in enumerate(texts):
        if text is None:
            continue
        value = _read_one(text, form, signs)
        if value is None:
            return None
        out[k] = value
    return out


def _read_each(texts: Sequence[str | None], form: re.Pattern[str], signs: Mapping[int, str | int | None]) -> Float64:
    found = (None if text is None else _read_one(text, form, signs) for text in texts)
    return np.array([np.nan if value is None else value for value in found], np.float64)


def _read_one(text: str, form: re.Pattern[str], signs: Mapping[int, str | int | None]) -> float | None:
    plain = text.lstrip(CURRENCY).replace(" %", "%").replace("\u00a0", " ")
    if not plain or not form.fullmatch(plain) or PADDED.fullmatch(plain) or not any(c.isdigit() for c in plain):
        return None
    return float(plain.translate(signs).rstrip("%"))


__all__ = ["read_each_number", "read_most_numbers", "read_numbers"]
