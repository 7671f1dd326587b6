from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.credit.core.finance import daycount as dc
from honghua.credit.core.finance.intervals import Base, eu_interval

DATES = st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("actual/365", dc.ACTUAL_365),
        ("ACT/360", dc.ACTUAL_360),
        ("actual/actual (2021 => 365)", dc.ACTUAL_ACTUAL),
        ("actual_actual_leap_366", dc.ACTUAL_ACTUAL),
        ("30/360 (pro-rated 14/29, 15/29 in period 2)", dc.THIRTY_360),
        ("7 days / 364", dc.DayCount(7, Fraction(364))),
        ("actual/365.25", dc.DayCount("actual", Fraction("365.25"))),
    ],
)
def test_sentences_name_day_counts(text: str, count: dc.DayCount) -> None:
    assert dc.parse_day_count(text) == count


def test_unknown_day_counts_are_refused() -> None:
    for text in ("", "business days", "actual/0"):
        with pytest.raises(BadInput):
            dc.parse_day_count(text)
    with pytest.raises(BadInput):
        dc.year_fraction(dc.DayCount(7, Fraction(364)), day("2024-01-01"), day("2024-01-08"))


@given(DATES, st.integers(0, 2_000))
@example(dt.date(2023, 12, 31), 31)
@example(dt.date(2023, 12, 12), 31)
def test_actual_actual_equals_a_walk_over_days(start: dt.date, days: int) -> None:
    nights = (start + dt.timedelta(k) for k in range(1, days + 1))
    assert dc.actual_actual(start, start + dt.timedelta(days)) == sum(
        (Fraction(1, dc.year_length(night.year)) for night in nights), Fraction(0)
    )


def test_thirty_360_and_periods() -> None:
    assert dc.days_30_360(day("2024-01-31"), day("2024-02-29")) == 29
    assert dc.days_30_360(day("2024-01-30"), day("2024-03-31")) == 60
    assert dc.days_30_360(day("2024-01-15"), day("2024-03-31")) == 76
    feb = (day("2024-02-01"), day("2024-03-15"))
    assert dc.period_fraction(dc.THIRTY_360, feb, 1) == Fraction(1, 12)  # a whole period, however long
    assert dc.period_fraction(dc.THIRTY_360, feb, None) == Fraction(44, 360)
    assert dc.period_fraction(dc.DayCount(15, Fraction(360)), feb, None) == Fraction(15, 360)
    assert dc.period_fraction(dc.ACTUAL_365, feb, 1) == Fraction(43, 365)


@given(DATES, st.integers(-400, 400))
@example(dt.date(2024, 1, 31), 1)
def test_months_keep_the_day_or_end_the_month(start: dt.date, months: int) -> None:
    later = dc.add_months(start, months)
    assert dc.months_between(start, later) == months
    assert later.day == start.day or (dc.is_month_end(later) and later.day < start.day)
    assert dc.whole_months(start, later) == months


@pytest.mark.parametrize(
    ("base", "start", "end", "text"),
    [
        ("month", "2013-02-25", "2013-03-28", "1/12+3/366"),
        ("month", "2024-12-31", "2025-02-28", "2/12"),
        ("month", "2025-01-31", "2025-02-28", "1/12"),
        ("month", "2025-01-15", "2025-02-28", "1/12+13/366"),
        ("year", "2024-02-29", "2025-02-28", "1"),
        ("year", "2020-03-01", "2022-03-02", "2+1/366"),
        ("week", "2012-01-12", "2013-01-12", "1+2/365"),
        ("week", "2024-01-01", "2024-01-01", "0"),
    ],
)
def test_eu_intervals(base: str, start: str, end: str, text: str) -> None:
    assert eu_interval(day(start), day(end), Base(base)).text == text


@given(DATES, st.integers(0, 3_000), st.sampled_from(list(Base)))
def test_eu_intervals_lose_no_day(start: dt.date, days: int, base: Base) -> None:
    end = start + dt.timedelta(days)
    found = eu_interval(start, end, base)
    assert found.year_days in (365, 366)
    assert 0 <= found.days <= {Base.WEEK: 6, Base.MONTH: 30, Base.YEAR: 365}[base]
    assert abs(float(found.years) - days / 365.2425) < 0.02 + days * 1e-5  # 52 weeks are a year: two days short
    with pytest.raises(BadInput):
        eu_interval(end + dt.timedelta(1), start, base)
