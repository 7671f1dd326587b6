"""Until when a complaint must be answered. Pure; days and calendar are configuration with their source."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """How long a complaint may take; each stage is entered by a person who says why."""

    PLAIN = "plain"
    COMPLEX = "complex"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintRules:
    """15 days; 30 where it is complex; 30 more in special cases: complaint rules of 2020-03-01 (rules.md §12, grade A).

    The day of receipt does not count (民法典 201). working_days: whether only working days count: the text says “日”, read as calendar
    days here (U); then holidays are left out and workdays (a weekend that is worked) count.
    """

    days: dict[Stage, int] = field(default_factory=lambda: {Stage.PLAIN: 15, Stage.COMPLEX: 30, Stage.SPECIAL: 60})
    working_days: bool = False
    holidays: frozenset[dt.date] = frozenset()
    workdays: frozenset[dt.date] = frozenset()


COMPLAINT_RULES: Final = ComplaintRules()
SATURDAY: Final = 5


def find_due(received_on: dt.date, stage: Stage, *, rules: ComplaintRules = COMPLAINT_RULES) -> dt.date:
    """The last day on which an answer is in time."""
    left, day = rules.days[stage], received_on
    while left:
        day += dt.timedelta(days=1)
        left -= not rules.working_days or is_worked(day, rules)
    return day


def is_worked(day: dt.date, rules: ComplaintRules) -> bool:
    """Whether a day is a working day by the rule's calendar."""
    return day in rules.workdays or (day.weekday() < SATURDAY and day not in rules.holidays)
