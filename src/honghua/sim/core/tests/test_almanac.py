"""The almanac: festivals where they fall, sales that swell, deposits that are topped up on the day."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from honghua.sim.core.almanac import LUNAR_YEARS, SALES, first_midnight_us, open_calendar

YEAR = open_calendar(dt.date(2026, 1, 1), 365)


def day_of(month, day, year=2026):
    return (dt.date(year, month, day) - dt.date(2026, 1, 1)).days


def test_days_have_their_names():
    assert YEAR.weekday[0] == 3  # Thursday
    assert YEAR.date(364) == dt.date(2026, 12, 31)
    assert YEAR.month[day_of(6, 18)] == 6
    assert YEAR.free[day_of(10, 1) : day_of(10, 8)].all()
    assert YEAR.free[day_of(2, 17)]
    assert YEAR.festival[day_of(2, 16)]
    assert not YEAR.festival[day_of(3, 16)]
    assert not YEAR.free[day_of(3, 16)], "an ordinary Monday"


def test_first_midnight_is_that_of_shanghai():
    assert first_midnight_us(dt.date(2026, 1, 5)) == 1_767_542_400_000_000


def test_big_days_stand_out():
    for month, day in ((6, 18), (11, 11)):
        assert YEAR.sale[day_of(month, day)] == 1.0
        assert YEAR.rush[day_of(month, day)] == 1
    assert YEAR.sale[day_of(10, 17)] < 0, "people wait for 11.11"
    assert YEAR.free_months(day_of(11, 11))
    assert not YEAR.free_months(day_of(4, 21))
    assert YEAR.deposit[day_of(10, 20)]
    assert YEAR.balance_day[day_of(10, 22)] == day_of(11, 11)
    assert YEAR.balance_day[day_of(4, 1)] == -1


def test_hours_of_a_rush():
    share, hours = YEAR.rush_hours(day_of(11, 11))
    assert share > 0.5
    assert hours[0] > 0.2, "midnight"
    assert hours[-1] == pytest.approx(1.0)
    assert YEAR.rush_hours(day_of(4, 1))[0] == 0.0


def test_presents_are_looked_for_before_festivals():
    assert YEAR.gifts[day_of(2, 10)] == 1.0
    assert YEAR.gifts[day_of(9, 20)] > YEAR.gifts[day_of(9, 28)]


@pytest.mark.parametrize("first", [dt.date(2025, 12, 28), dt.date(2026, 11, 9), dt.date(2040, 6, 1)])
def test_a_calendar_may_begin_anywhere_and_days_do_not_depend_on_it(first):
    short, long = open_calendar(first, 5), open_calendar(first, 40)
    for name in ("weekday", "free", "festival", "gifts", "sale", "deposit", "rush"):
        assert np.array_equal(getattr(short, name), getattr(long, name)[:5]), name


def test_tables_are_sound():
    for year, lunar in LUNAR_YEARS.items():
        spring = dt.date(year, *lunar.spring)
        assert dt.date(year, 1, 21) <= spring <= dt.date(year, 2, 20), "between the sun's entries that bound it"
        assert (dt.date(year, *lunar.lantern) - spring).days == 14, "the fifteenth day"
    assert all(one.first <= one.last and 0 <= one.strength <= one.peak <= 1 for one in SALES)
