"""Time intervals of the European credit directives: whole years, months or weeks, and days for what remains."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from honghua.base.errors import BadInput
from honghua.credit.core.finance.daycount import (
    DAYS_PER_WEEK,
    MONTHS_PER_YEAR,
    WEEKS_PER_YEAR,
    actual_days,
    add_months,
    is_month_end,
    months_back,
)


class Base(StrEnum):
    """The interval in which an agreement's payments are regular."""

    YEAR = "year"
    MONTH = "month"
    WEEK = "week"


PER_YEAR = {Base.YEAR: 1, Base.MONTH: MONTHS_PER_YEAR, Base.WEEK: WEEKS_PER_YEAR}


@dataclass(frozen=True, slots=True)
class Interval:
    """`whole` intervals of which `per_year` make a year, and `days` days of a year of `year_days` (365 or 366)."""

    whole: int
    per_year: int
    days: int
    year_days: int

    @property
    def years(self) -> Fraction:
        """The interval in years, exact."""
        return Fraction(self.whole, self.per_year) + Fraction(self.days, self.year_days)

    @property
    def text(self) -> str:
        """As guidelines print it: "1+1/12", "2/12+3/365", "34/365", "1"."""
        years, rest = divmod(self.whole, self.per_year)
        parts = [str(years)] if years else []
        parts += [f"{rest}/{self.per_year}"] if rest else []
        parts += [f"{self.days}/{self.year_days}"] if self.days else []
        return "+".join(parts) or "0"


def eu_interval(start: dt.date, end: dt.date, base: Base) -> Interval:
    """The interval from the first drawdown to a later payment, counted *backwards* from the payment.

    Whole intervals are taken off the end while they fit; the days left over are divided by 366 when the year that ends
    where they end holds a 29 February, else by 365. From month end to month end only whole months are counted.
    Source: Directive 2008/48/EC Annex I (and Commission guidelines 4.1.1).
    """
    if end < start:
        raise BadInput(f"{end} lies before the first drawdown {start}", code="DATES_IN_DISORDER")
    if base is Base.WEEK:
        whole, days = divmod(actual_days(start, end), DAYS_PER_WEEK)
        left_until = start + dt.timedelta(days)
    else:
        whole, left_until = _whole_back(start, end, PER_YEAR[base])
        days = actual_days(start, left_until)
    year_days = actual_days(add_months(left_until, -MONTHS_PER_YEAR), left_until)
    return Interval(whole, PER_YEAR[base], days, year_days)


def _whole_back(start: dt.date, end: dt.date, per_year: int) -> tuple[int, dt.date]:
    """How many whole years or months fit, and the date that they reach."""
    step = MONTHS_PER_YEAR // per_year
    months = months_back(start, end)
    whole = months // step
    if is_month_end(start) and is_month_end(end) and months == whole * step:
        return whole, start
    return whole, add_months(end, -whole * step)
