"""Citizens: who they are, what they earn and owe, and what they do not tell – columns that never change while the city lives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.sim.core.draft import Ints
from honghua.sim.core.people import People

Column = NDArray[Any]
Flags = NDArray[np.bool_]

NEVER_DAY: Final = 10**6  # a day that does not come
DAYS_A_YEAR: Final = 365.25
NEW_CITIZEN_YEARS: Final = 3  # 银保监发〔2022〕4号: local hukou for less than three years


class Reason(IntEnum):
    """Why somebody came to live in the city; the first means: born here."""

    NATIVE = 0
    WORK = 1
    SCHOOL_OF_CHILD = 2
    JOIN_CHILD = 3
    OWN_STUDY = 4


class PayRhythm(IntEnum):
    """How often income arrives. pay_day: day of the month 1 … 28, weekday 0 … 6, or nothing."""

    MONTHLY = 0
    WEEKLY = 1
    DAILY = 2
    IRREGULAR = 3


class Stage(IntEnum):
    """The stage of life that shapes what a household needs."""

    SINGLE = 0
    COUPLE = 1
    SMALL_CHILD = 2
    SCHOOL_CHILD = 3
    EMPTY_NEST = 4
    RETIRED = 5


class LifeEvent(IntEnum):
    """What comes once in a while and costs a lot, planned long before; shocks (job, illness) come unplanned: `Standing`."""

    NONE = 0
    WEDDING = 1
    BIRTH = 2
    MOVE = 3
    SCHOOL_START = 4
    RENOVATION = 5


@dataclass(frozen=True, slots=True)
class Citizens:
    """Everybody who lives in the city, by dense id: n rows a column.

    seed, first_day              of the plan
    people            People     what the street sees: rhythm, devices, addresses, contacts, region; limit_minor = a first limit that
                                 the plain house of the files gives. The real platform decides limits itself
    born_day          int32      day of birth, counted from the first day (negative)
    female            bool
    occupation        int8       place in OCCUPATIONS
    tier              int8       of the city: 1 first, 2 new first and second, 3 third, 4 fourth and below
    stage             int8       Stage at the start
    reason            int8       Reason for having come
    came_day          int32      when they came; born_day for natives
    hukou_day         int32      since when their hukou is here; NEVER_DAY = it is not
    base_minor        int32      income of an ordinary month at the start, after tax
    growth_ppm        int32      of income, per year
    noise             float32    spread (log) of one payment of income
    rhythm_of_pay     int8       PayRhythm
    pay_day           int8       see PayRhythm
    costs_minor       int32      rent, board, children and parents per month: what must be paid whatever comes
    rent_minor        int32      of which rent; 0 = own home or dormitory
    rent_day          int8       1 … 28
    spend_minor       int32      what they buy per ordinary month (the scale of needs)
    wallet_minor      int32      own money at the start
    loans             int8       lenders elsewhere at the start
    debt_minor        int32      owed to them, without mortgages
    loan_minor        int32      the size of the latest loan there; 0 = none in the last twelve months
    used_minor        int32      of our own line at the start, for those who have had one before
    line_day          int32      day from which they have or want our line; < 0 = long ago, NEVER_DAY = they live without
    bill_day          int8       day of the month on which their bill is due, 1 … 28
    has_card          bool       a credit card of a bank
    autopay           bool       bills are debited by themselves
    event             int8       LifeEvent within the days of the plan or the half year after
    event_day         int32      NEVER_DAY = none
    borrows           bool       goes to other lenders when money runs out
    short_last_year   bool       in the year before, money ran out at least once

    Truth, never for engines (`PeopleTruth` and evaluation read it):
    will              float32    willingness to repay: the chance that a bill which can be paid is meant to be paid
    mindful           float32    the chance that a bill meant to be paid is not forgotten in a day near its due date
    lifts             float32[n, LIFTS]   responses, see `responses.Lift`
    """

    seed: int
    first_day: dt.date
    people: People
    born_day: Column
    female: Flags
    occupation: Column
    tier: Column
    stage: Column
    reason: Column
    came_day: Column
    hukou_day: Column
    base_minor: Column
    growth_ppm: Column
    noise: Column
    rhythm_of_pay: Column
    pay_day: Column
    costs_minor: Column
    rent_minor: Column
    rent_day: Column
    spend_minor: Column
    wallet_minor: Column
    loans: Column
    debt_minor: Column
    loan_minor: Column
    used_minor: Column
    line_day: Column
    bill_day: Column
    has_card: Flags
    autopay: Flags
    event: Column
    event_day: Column
    borrows: Flags
    short_last_year: Flags
    will: Column
    mindful: Column
    lifts: Column

    def __len__(self) -> int:
        return len(self.born_day)

    def columns(self) -> Iterator[tuple[str, Column]]:
        """Name and values of every column, without those of `people`."""
        for field in fields(self):
            values = getattr(self, field.name)
            if isinstance(values, np.ndarray):
                yield field.name, values

    def ages(self, day: int, *, who: Ints | slice = slice(None)) -> Ints:
        """Whole years on a day."""
        return np.asarray(np.floor((day - self.born_day[who]) / DAYS_A_YEAR), np.int64)


def new_citizens(citizens: Citizens, day: int, *, who: Ints | slice = slice(None)) -> Flags:
    """New citizens on a day, as 银保监发〔2022〕4号 says: came to work, for a child's school or to join a child, and have no local hukou
    or have had it for less than three years. Who came to study is none before working here."""
    came = np.isin(citizens.reason[who], (Reason.WORK, Reason.SCHOOL_OF_CHILD, Reason.JOIN_CHILD))
    settled = (day - citizens.hukou_day[who]) >= round(NEW_CITIZEN_YEARS * DAYS_A_YEAR)
    return np.asarray(came & (citizens.came_day[who] <= day) & ~settled, np.bool_)


def bytes_per_person(citizens: Citizens) -> float:
    """Memory of all columns, by person."""
    own = sum(values.nbytes for _, values in citizens.columns())
    street = sum(getattr(citizens.people, f.name).nbytes for f in fields(People) if f.name not in _COUNTS)
    return float(own + street) / len(citizens)


_COUNTS: Final = {"mobile_size", "devices", "addresses"}

__all__ = [
    "DAYS_A_YEAR", "NEVER_DAY", "Citizens", "Column", "Flags", "LifeEvent", "PayRhythm", "Reason", "Stage", "bytes_per_person",
    "new_citizens",
]  # fmt: skip
