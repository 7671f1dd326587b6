"""Dates as people write them: texts and whole numbers become microseconds UTC, when nearly all of a column does."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from honghua.base.clock import DAY_US
from honghua.lab.tables.records import Float64, Int64

NO_TIME: Final = np.iinfo(np.int64).min
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
YEARS: Final = range(1900, 2101)
ISO: Final = re.compile(
    r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?([T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
# Tried in this order; the first that reads every text of a column is the column's form. Day before month where both would do.
FORMS: Final = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%y", "%m/%d/%y", "%b-%Y", "%b-%y", "%d-%b-%Y", "%d-%b-%y",
    "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %Y", "%B %Y", "%Y年%m月%d日", "%Y年%m月",
)  # fmt: skip
CLOCKS: Final = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")  # what may follow a day
QUARTER: Final = re.compile(r"(\d{4})[- ]?Q([1-4])", re.IGNORECASE)


def read_instants(texts: Sequence[str]) -> Int64 | None:
    """Microseconds UTC of every text, or None when they are not all dates of one form.

    A year that nobody lived in (9999-12-31 for "open") is no time; a column of nothing else is no column of dates.
    """
    if not texts:
        return None
    plain = [QUARTER.sub(_first_month, text) for text in texts]
    if all(ISO.fullmatch(text) for text in plain):
        found = [_read_iso(text) for text in plain]
    else:
        forms = (form + clock for clock in CLOCKS for form in FORMS)
        found = next((read for read in (_read_form(plain, form) for form in forms) if None not in read), [None])
    if None in found or not any(one is not None and one.year in YEARS for one in found):
        return None
    micros = (
        (one - EPOCH) // dt.timedelta(microseconds=1) if one.year in YEARS else NO_TIME
        for one in found
        if one is not None
    )
    return np.array(list(micros), np.int64)


def _first_month(quarter: re.Match[str]) -> str:
    return f"{quarter[1]}-{3 * int(quarter[2]) - 2:02}"


def read_day_numbers(values: Float64) -> Float64 | None:
    """Whole numbers such as 20260705 as days since 1970; None when one of the present values is no such day."""
    there = values[~np.isnan(values)]
    if not len(there) or there.min() < YEARS.start * 10_000 or there.max() > YEARS.stop * 10_000:
        return None
    unique = np.unique(there)
    try:
        days = [dt.date(int(v) // 10_000, int(v) // 100 % 100, int(v) % 100).toordinal() for v in unique]
    except ValueError:
        return None
    out = np.full(len(values), np.nan)
    present = ~np.isnan(values)
    out[present] = np.array(days, np.float64)[np.searchsorted(unique, there)] - dt.date(1970, 1, 1).toordinal()
    return out


def as_days(instants: Int64) -> Float64:
    """Days since 1970 with their fraction; NO_TIME is missing."""
    return np.where(instants == NO_TIME, np.nan, instants / DAY_US)


def _read_iso(text: str) -> dt.datetime | None:
    parts = ISO.fullmatch(text)
    assert parts is not None
    year, month, day, clock = parts.groups()
    try:
        found = dt.datetime.fromisoformat(f"{year}-{month:0>2}-{day or '01':0>2}{clock or ''}")
    except ValueError:
        return None
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def _read_form(texts: Sequence[str], form: str) -> list[dt.datetime | None]:
    found: list[dt.datetime | None] = []
    for text in texts:
        try:
            found.append(dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC))
        except ValueError:
            return [None]
    return found


__all__ = ["NO_TIME", "as_days", "read_day_numbers", "read_instants"]
