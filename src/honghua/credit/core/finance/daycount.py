"""Time between two dates as an exact fraction of a year, under every convention that our sources use."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from honghua.base.errors import BadInput

MONTHS_PER_YEAR = 12
WEEKS_PER_YEAR = 52
DAYS_PER_WEEK = 7
THIRTY = 30
YEAR_360 = 360

_NAMED = re.compile(r"(actual|act|[0-9]+)\s*(?:days?\s*)?/\s*(actual|act|[0-9]+(?:\.[0-9]+)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DayCount:
    """`days` over `year`: the numerator is "actual" or a fixed number of days per instalment period (30: per month).

    days  "actual" | int     year  "actual" (366 for a day of a leap year) | Fraction of days
    """

    days: Literal["actual"] | int
    year: Literal["actual"] | Fraction


ACTUAL: Literal["actual"] = "actual"
ACTUAL_365 = DayCount(ACTUAL, Fraction(365))
ACTUAL_360 = DayCount(ACTUAL, Fraction(360))
ACTUAL_ACTUAL = DayCount(ACTUAL, ACTUAL)
THIRTY_360 = DayCount(THIRTY, Fraction(YEAR_360))


def parse_day_count(text: str) -> DayCount:
    """The convention that a sentence names: "actual/365", "30/360 (…)", "7 days / 364", "actual_actual_leap_366"."""
    match = _NAMED.search(text.replace("_", "/"))
    if match is None:
        raise BadInput(f"day count {text!r} is not like actual/365 or 7 days / 364", code="UNKNOWN_DAY_COUNT")
    days, year = match[1].lower(), match[2].lower()
    if not year.startswith("act") and Fraction(year) <= 0:
        raise BadInput(f"day count {text!r} has a year of no days", code="UNKNOWN_DAY_COUNT")
    counted: Literal["actual"] | int = ACTUAL if days.startswith("act") else int(days)
    length: Literal["actual"] | Fraction = ACTUAL if year.startswith("act") else Fraction(year)
    return DayCount(counted, length)


def actual_days(start: dt.date, end: dt.date) -> int:
    """Days from start (exclusive) to end (inclusive)."""
    return (end - start).days


def days_30_360(start: dt.date, end: dt.date) -> int:
    """Days under 30/360 US: a 31st counts as the 30th, the end's only when the start lies on the 30th or 31st."""
    first = min(start.day, THIRTY)
    last = THIRTY if end.day > THIRTY and first == THIRTY else end.day
    return YEAR_360 * (end.year - start.year) + THIRTY * (end.month - start.month) + last - first


def year_length(year: int) -> int:
    """365 or 366."""
    return 366 if calendar.isleap(year) else 365


def actual_actual(start: dt.date, end: dt.date) -> Fraction:
    """Years from start to end, each day weighed by the length of the year in which it *ends*.

    12 December 2023 to 12 January 2024 is 19/365 + 12/366: the day that ends on 1 January belongs to the new year, in
    which its interest is booked. (ISDA would say 20/365 + 11/366; published instalment schedules use this one.)
    """
    total = Fraction(0)
    for year in range(start.year, end.year + 1):
        begins = max(start, dt.date(year - 1, 12, 31)) if year > dt.MINYEAR else start
        total += Fraction(actual_days(begins, min(end, dt.date(year, 12, 31))), year_length(year))
    return total


def year_fraction(count: DayCount, start: dt.date, end: dt.date) -> Fraction:
    """Years from start to end by the dates alone; "7 days / 364" has no meaning without a period and is BadInput."""
    if count.days == ACTUAL:
        days = Fraction(actual_days(start, end))
        return actual_actual(start, end) if isinstance(count.year, str) else days / count.year
    if count.days != THIRTY:
        raise BadInput(f"{count.days} days a period says nothing about two bare dates", code="UNKNOWN_DAY_COUNT")
    year = Fraction(year_length(start.year)) if isinstance(count.year, str) else count.year
    return days_30_360(start, end) / year


def period_fraction(count: DayCount, period: tuple[dt.date, dt.date], months: int | None) -> Fraction:
    """Years that one whole instalment period counts for.

    period  its first and last day        months  its nominal length when instalments come each 1, 2, 3 … months
    Under 30/360 a monthly period counts 30 days per month however long it is; under "n days / y" each counts n days.
    """
    start, end = period
    if isinstance(count.days, str) or (count.days == THIRTY and months is None):
        return year_fraction(count, start, end)
    year = Fraction(year_length(start.year)) if isinstance(count.year, str) else count.year
    return count.days * (months if count.days == THIRTY and months else 1) / year


def add_months(day: dt.date, months: int, *, day_of_month: int | None = None) -> dt.date:
    """The same day `months` later (or earlier), or the month's last day when it has no such day."""
    index = day.year * MONTHS_PER_YEAR + day.month - 1 + months
    year, month = index // MONTHS_PER_YEAR, index % MONTHS_PER_YEAR + 1
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        raise BadInput(f"{months} months from {day} leave the calendar", code="DATE_OUT_OF_RANGE")
    return dt.date(year, month, min(day_of_month or day.day, calendar.monthrange(year, month)[1]))


def is_month_end(day: dt.date) -> bool:
    """Whether `day` is the last day of its month."""
    return day.day == calendar.monthrange(day.year, day.month)[1]


def months_between(start: dt.date, end: dt.date) -> int:
    """Calendar months from start's month to end's, whatever the days."""
    return (end.year - start.year) * MONTHS_PER_YEAR + end.month - start.month


def whole_months(start: dt.date, end: dt.date) -> int | None:
    """The number of whole months from start to end, or None when they are not a whole number (month ends match)."""
    months = months_between(start, end)
    same_day = add_months(start, months) == end or add_months(end, -months) == start
    return months if same_day or (is_month_end(start) and is_month_end(end)) else None


def months_back(start: dt.date, end: dt.date) -> int:
    """The largest number of whole months that fit when counting back from end to start ≤ end."""
    months = months_between(start, end)
    if is_month_end(start) and is_month_end(end):
        return months
    return months if add_months(end, -months) >= start else months - 1
