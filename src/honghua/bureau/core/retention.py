"""The five-year clock of what is adverse: it starts when the bad conduct ends, and never while something is unpaid (art. 16)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from honghua.base.dates import add_months, from_day, to_day
from honghua.base.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """How long an adverse item is kept after the conduct ended."""

    years: int
    source: str
    grade: str


@dataclass(frozen=True, slots=True)
class Retention:
    """Where an item's clock stands. last_on: the last day on which it may be shown; None while the conduct goes on."""

    started_on: dt.date | None
    last_on: dt.date | None

    @property
    def deleted_on(self) -> dt.date | None:
        """The first day on which it is gone; None: not yet known."""
        return None if self.last_on is None else self.last_on + dt.timedelta(days=1)

    def is_shown(self, on: dt.date) -> bool:
        """Whether it may still be shown on a day."""
        return self.last_on is None or on <= self.last_on


ADVERSE_YEARS: Final = RetentionRule(years=5, source="rules.md §9 adverse item, 征信业管理条例 art. 16", grade="A")


def start_clock(*, occurred_on: dt.date, ended_on: dt.date | None, rule: RetentionRule = ADVERSE_YEARS) -> Retention:
    """The clock of one item; BadInput when it ended before it began.

    The last day is the same day of the month `years` later, or that month's last day where it has none (29 February): Civil Code
    art. 202. How long the conduct lasted does not count.
    """
    if ended_on is None:
        return Retention(None, None)
    if ended_on < occurred_on:
        raise BadInput(f"conduct that began on {occurred_on} cannot have ended on {ended_on}", code="CONDUCT_BACKWARDS")
    return Retention(ended_on, from_day(int(add_months(to_day(ended_on), 12 * rule.years))))
