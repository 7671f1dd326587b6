"""Business dates as day numbers: pure calendar arithmetic, usable from plain Python and from compiled kernels.

A *day number* is int64 days since 1970-01-01 (proleptic Gregorian), which is what numpy's `datetime64[D]` holds.
The civil-calendar conversion is the integer algorithm of H. Hinnant, "chrono-compatible low-level date algorithms".
"""

from __future__ import annotations

import datetime as dt

from numba import njit

EPOCH = dt.date(1970, 1, 1)
NO_DAY = 0  # "never" in int64 state; 1970-01-01 is before any contract


def to_day(value: dt.date) -> int:
    """Day number of a calendar date."""
    return (value - EPOCH).days


def from_day(day: int) -> dt.date:
    """Calendar date of a day number."""
    return EPOCH + dt.timedelta(days=int(day))


@njit(cache=True, inline="always")
def day_from_civil(year, month, day):
    """Day number of year-month-day (month 1 … 12, day 1 … 31, taken as given)."""
    y = year - 1 if month <= 2 else year
    era = y // 400
    yoe = y - era * 400
    mp = (month + 9) % 12
    doy = (153 * mp + 2) // 5 + day - 1
    doe = yoe * 365 + yoe // 4 - yoe // 100 + doy
    return era * 146097 + doe - 719468


@njit(cache=True)
def civil_from_day(day):
    """(year, month, day of month) of a day number."""
    z = day + 719468
    era = z // 146097
    doe = z - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    d = doy - (153 * mp + 2) // 5 + 1
    m = mp + 3 if mp < 10 else mp - 9
    y = yoe + era * 400
    return (y + 1 if m <= 2 else y), m, d


@njit(cache=True)
def next_month_day(day, day_of_month):
    """Day number of `day_of_month` (1 … 28) in the calendar month after the month of `day`."""
    y, m, _ = civil_from_day(day)
    if m == 12:
        return day_from_civil(y + 1, 1, day_of_month)
    return day_from_civil(y, m + 1, day_of_month)


@njit(cache=True)
def first_day_of_month_after(day, day_of_month):
    """The first day strictly after `day` that falls on `day_of_month` (1 … 28)."""
    y, m, d = civil_from_day(day)
    if d < day_of_month:
        return day_from_civil(y, m, day_of_month)
    return next_month_day(day, day_of_month)


@njit(cache=True)
def add_months(day, months):
    """The same day of the month `months` later, clamped to that month's last day."""
    y, m, d = civil_from_day(day)
    index = y * 12 + (m - 1) + months
    y2, m2 = index // 12, index % 12 + 1
    first_next = day_from_civil(y2 + (1 if m2 == 12 else 0), 1 if m2 == 12 else m2 + 1, 1)
    target = day_from_civil(y2, m2, d)
    return min(target, first_next - 1)
