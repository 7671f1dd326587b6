"""The almanac: weekdays, festivals, free days and the sales of the shops, and how much more than usual is bought on them.

Free days are the ones that the festivals' own dates give; the swapped working weekends that the State Council decides each autumn
are left out. Sales follow the dates that the large platforms announced for 2025: 618 and 11.11 open in the evening weeks before, with
deposits that are topped up when the day itself begins.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ZONE_US: Final = 8 * US_PER_HOUR  # Shanghai is ahead of UTC by so much, all year
_EPOCH: Final = dt.date(1970, 1, 1)


class LunarYear(NamedTuple):
    """Where the festivals of the lunar calendar fall: (month, day) of a solar year."""

    spring: tuple[int, int]
    lantern: tuple[int, int]
    dragon_boat: tuple[int, int]
    sevens: tuple[int, int]  # 七夕
    mid_autumn: tuple[int, int]


LUNAR_YEARS: Final = {
    2023: LunarYear((1, 22), (2, 5), (6, 22), (8, 22), (9, 29)),
    2024: LunarYear((2, 10), (2, 24), (6, 10), (8, 10), (9, 17)),
    2025: LunarYear((1, 29), (2, 12), (5, 31), (8, 29), (10, 6)),
    2026: LunarYear((2, 17), (3, 3), (6, 19), (8, 19), (9, 25)),
    2027: LunarYear((2, 6), (2, 20), (6, 9), (8, 8), (9, 15)),
    2028: LunarYear((1, 26), (2, 9), (5, 28), (8, 26), (10, 3)),
    2029: LunarYear((2, 13), (2, 27), (6, 16), (8, 16), (9, 22)),
    2030: LunarYear((2, 3), (2, 17), (6, 5), (8, 5), (9, 12)),
    2031: LunarYear((1, 23), (2, 6), (6, 24), (8, 24), (10, 1)),
}


class Sale(NamedTuple):
    """A sale: first and last (month, day); strength 0 … 1 on most days of it, and on its own day, the last, unless zero days are meant."""

    name: str
    first: tuple[int, int]
    last: tuple[int, int]
    strength: float
    peak: float


SALES: Final = (
    Sale("年货节", (1, 8), (1, 18), 0.2, 0.3),
    Sale("38", (3, 4), (3, 8), 0.25, 0.4),
    Sale("618", (5, 31), (6, 18), 0.22, 1.0),
    Sale("818", (8, 15), (8, 18), 0.15, 0.25),
    Sale("99", (9, 7), (9, 9), 0.15, 0.25),
    Sale("双11", (10, 20), (11, 11), 0.22, 1.0),
    Sale("双12", (12, 10), (12, 12), 0.25, 0.45),
)
OPENING_STRENGTH: Final = 0.6  # of the first day of the two big sales
EVE_STRENGTH: Final = 0.45  # of the two days before their own day
WAIT_DAYS: Final = 5  # before a big sale people put off what can wait
WAITING: Final = -0.15
BIG: Final = {"618", "双11"}
DEPOSIT_DAYS: Final = {"618": 6, "双11": 8}  # so many days from the opening, deposits are taken
FREE_MONTHS_FROM: Final = 0.4  # from this strength on, shops pay the interest of instalments

# Local hours on which people buy when a big day begins, when it ends, and in the evening on which a sale opens.
_RUSH: Final = (30, 6, 2, 0.6, 0.3, 0.3, 0.6, 1.5, 3, 4, 4.5, 4, 3.5, 3, 3, 3, 3, 3, 3.5, 5, 9, 8, 8, 9)
_OPENING: Final = (2, 1, 0.4, 0.2, 0.2, 0.3, 0.6, 1.5, 2.5, 3, 3, 3, 3, 2.5, 2.5, 2.5, 2.5, 2.5, 3, 5, 34, 12, 7, 4)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of a plan; every array has one row a day.

    weekday int8, Monday = 0; month int8 1 … 12; free: nobody goes to the office; festival: days of the Spring Festival week;
    gifts float64: how much people look for presents, 0 … 1; sale float64: strength of the sales, −0.15 (people wait) … 1;
    deposit: a big sale takes deposits; balance_day int32: when deposits of the day are topped up (−1 = none are taken);
    rush int8: 0 ordinary, 1 a big day begins at midnight, 2 a sale opens at eight in the evening.
    """

    first_day: dt.date
    weekday: NDArray[np.int8]
    month: NDArray[np.int8]
    free: Flags
    festival: Flags
    gifts: Floats
    sale: Floats
    deposit: Flags
    balance_day: NDArray[np.int32]
    rush: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.weekday)

    def date(self, day: int) -> dt.date:
        """The date of a day of the plan."""
        return self.first_day + dt.timedelta(days=day)

    def free_months(self, day: int) -> bool:
        """Whether instalments are free of interest in most shops."""
        return bool(self.sale[day] >= FREE_MONTHS_FROM)

    def rush_hours(self, day: int) -> tuple[float, Floats]:
        """The share of purchases online that keep to the hours of the sale, and these hours' running shares float64[24]."""
        share = (0.0, 0.75, 0.4)[self.rush[day]]
        weights = np.array(_RUSH if self.rush[day] == 1 else _OPENING)
        return share, np.cumsum(weights / weights.sum())


def open_calendar(first_day: dt.date, days: int) -> Calendar:
    """The calendar of so many days; years outside LUNAR_YEARS have the festivals of the sun only."""
    dates = [first_day + dt.timedelta(days=day) for day in range(days)]
    free, festival = np.zeros(days, np.bool_), np.zeros(days, np.bool_)
    gifts, sale = np.zeros(days), np.zeros(days)
    deposit, balance = np.zeros(days, np.bool_), np.full(days, -1, np.int32)
    rush = np.zeros(days, np.int8)
    weekday = np.array([date.weekday() for date in dates], np.int8)
    free |= weekday >= 5
    for year in range(dates[0].year, dates[-1].year + 2):  # presents and waiting look ahead
        _mark_festivals(first_day, year, (free, festival, gifts))
        for one in SALES:
            _mark_sale(first_day, year, one, sale)
            if one.name in BIG:
                _mark_big_days(first_day, year, one, (deposit, balance, rush))
    month = np.array([date.month for date in dates], np.int8)
    return Calendar(first_day, weekday, month, free, festival, gifts, sale, deposit, balance, rush)


def first_midnight_us(first_day: dt.date) -> int:
    """The local midnight at which a day begins, in microseconds UTC; the times of drafts count from it."""
    return (first_day - _EPOCH).days * US_PER_DAY - ZONE_US


def _span(first_day: dt.date, year: int, at: tuple[int, int], days: tuple[int, int], among: int) -> slice:
    """The days of the plan from at + days[0] to at + days[1], both included."""
    start = (dt.date(year, *at) - first_day).days
    return slice(min(max(start + days[0], 0), among), min(max(start + days[1] + 1, 0), among))


def _mark_festivals(first_day: dt.date, year: int, columns: tuple[Flags, Flags, Floats]) -> None:
    free, festival, gifts = columns

    def mark(at: tuple[int, int], days_free: tuple[int, int], presents: float, ahead: int) -> None:
        free[_span(first_day, year, at, days_free, len(free))] = True
        if presents:
            looking = _span(first_day, year, at, (-ahead, 0), len(gifts))
            gifts[looking] = np.maximum(gifts[looking], presents)

    mark((1, 1), (0, 0), 0.1, 2)
    mark((2, 14), (0, -1), 0.4, 4)
    mark((4, 5), (-1, 1), 0.0, 0)
    mark((5, 1), (0, 4), 0.1, 2)
    mark((5, 20), (0, -1), 0.4, 3)
    mark((10, 1), (0, 6), 0.2, 3)
    lunar = LUNAR_YEARS.get(year)
    if lunar is not None:
        mark(lunar.spring, (-1, 6), 1.0, 14)
        mark(lunar.dragon_boat, (0, 2), 0.3, 5)
        mark(lunar.sevens, (0, -1), 0.5, 4)
        mark(lunar.mid_autumn, (0, 2), 0.7, 10)
        mark(lunar.lantern, (0, -1), 0.1, 1)
        festival[_span(first_day, year, lunar.spring, (-2, 6), len(festival))] = True


def _mark_sale(first_day: dt.date, year: int, one: Sale, sale: Floats) -> None:
    n = len(sale)
    length = (dt.date(year, *one.last) - dt.date(year, *one.first)).days
    days = _span(first_day, year, one.first, (0, length), n)
    sale[days] = np.maximum(sale[days], one.strength)
    peak = _span(first_day, year, one.last, (0, 0), n)
    sale[peak] = one.peak
    if one.name in BIG:
        sale[_span(first_day, year, one.first, (-WAIT_DAYS, -1), n)] = WAITING
        sale[_span(first_day, year, one.first, (0, 0), n)] = OPENING_STRENGTH
        sale[_span(first_day, year, one.last, (-2, -1), n)] = EVE_STRENGTH


def _mark_big_days(
    first_day: dt.date, year: int, one: Sale, columns: tuple[Flags, NDArray[np.int32], NDArray[np.int8]]
) -> None:
    deposit, balance, rush = columns
    n = len(deposit)
    taken = _span(first_day, year, one.first, (0, DEPOSIT_DAYS[one.name]), n)
    deposit[taken] = True
    balance[taken] = (dt.date(year, *one.last) - first_day).days
    rush[_span(first_day, year, one.first, (0, 0), n)] = 2
    rush[_span(first_day, year, one.last, (0, 0), n)] = 1


__all__ = ["BIG", "LUNAR_YEARS", "SALES", "ZONE_US", "Calendar", "Sale", "first_midnight_us", "open_calendar"]
