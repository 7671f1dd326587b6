"""A stand-in for a city in tests: a planned market played day by day, small and quick; its people do not answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from honghua.base.rng import derive_rng
from honghua.features.core import EventKind
from honghua.sim.core.background import City
from honghua.sim.core.draft import NONE, US_PER_DAY, US_PER_HOUR, Draft, Ints, draft, join
from honghua.sim.core.market import CRIME_STEP, MarketPlan, plan_market
from honghua.sim.core.outcomes import Outcomes
from honghua.sim.core.truth import NEVER_TOLD, Truth, report_crimes
from honghua.sim.core.typologies import TYPOLOGIES
from honghua.sim.driving.screens import Screens

PPM: Final = 1_000_000
MONTH_DAYS: Final = 31
HABITS: Final = (PPM, 120_000, PPM, 0)  # of what is due: all, a little more than the minimum, all but late, nothing
HABIT_SHARES: Final = (0.72, 0.14, 0.11, 0.03)
LATE_DAYS: Final = (3, 9, 25)
PLATFORM_DOES: Final = (
    EventKind.REPAYMENT,
    EventKind.LIMIT_RAISED,
)  # of the plan: bills and limits are the platform's own


@dataclass(slots=True)
class MarketActor:
    """Plays `plan_market`. granted_minor int64[acts]: what each purchase brought, as heard so far. due_day: of the month."""

    plan: MarketPlan
    first_of_month: Ints  # days of the plan that are the first of a month
    due_day: int = 10
    city: City = field(init=False)
    rows: Draft = field(init=False)
    granted_minor: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.city, planned = plan_market(self.plan)
        kept = ~np.isin(planned["kind"], PLATFORM_DOES) & (planned["at_us"] < self.plan.days * US_PER_DAY)
        planned = _whole(planned, kept)
        acts = np.arange(len(planned), dtype=np.int64)
        about = planned["origin"]
        planned = Draft(
            {**planned.columns, "act": acts, "about": about, "origin": np.full(len(planned), NONE, np.int64)}
        )
        rows = join([planned, self._reports(planned), self._repayments()])
        fresh = np.arange(len(planned), len(rows))
        rows.columns["act"][fresh] = fresh
        self.rows = rows.take(np.argsort(rows["at_us"], kind="stable"))
        self.granted_minor = np.zeros(len(rows), np.int64)

    def _reports(self, planned: Draft) -> Draft:
        """Labels that will arrive if the purchase comes about."""
        crime = planned["crime"]
        never = np.full(len(planned), NEVER_TOLD, np.int64)
        truth = Truth(crime % CRIME_STEP == 1, crime // CRIME_STEP - 1, planned["ring"], never, tuple(TYPOLOGIES))
        told = report_crimes(
            derive_rng(self.plan.seed, "reports"), planned["kind"], planned["at_us"], truth, TYPOLOGIES
        )
        inside = (told.at_us < self.plan.days * US_PER_DAY) & (planned["kind"][told.row] == EventKind.PURCHASE)
        row = told.row[inside]
        return draft(at_us=told.at_us[inside], kind=told.kind[inside], customer=planned["customer"][row], about=row)

    def _repayments(self) -> Draft:
        """Bills are paid in the days up to the due day by habit, some late, some never."""
        n = len(self.city.people)
        rng = derive_rng(self.plan.seed, "bills")
        habit = rng.choice(len(HABITS), n, p=HABIT_SHARES)
        late = np.where(habit == 2, rng.choice(LATE_DAYS, n), 0)
        parts = []
        for first in self.first_of_month.tolist():
            day = first + rng.integers(2, self.due_day, n)
            day = np.where(habit == 2, first + self.due_day - 1 + late, day)
            at = day * US_PER_DAY + rng.integers(8, 22, n) * US_PER_HOUR + rng.integers(0, US_PER_HOUR, n)
            pays = (day < self.plan.days) & (habit != 3)
            bills = draft(at_us=at, kind=EventKind.REPAYMENT, customer=np.arange(n), share_ppm=np.array(HABITS)[habit])
            parts.append(bills.take(pays))
        return join(parts)

    def look(self, day: int, screens: Screens) -> None:
        """A plan does not look."""

    def wants(self, day: int) -> Draft:
        """What is tried on a day, by time. Refunds of what never came about are left out."""
        low, high = np.searchsorted(self.rows["at_us"], [day * US_PER_DAY, (day + 1) * US_PER_DAY])
        rows = Draft({name: values[low:high].copy() for name, values in self.rows.columns.items()})
        refund = rows["kind"] == EventKind.REFUND
        paid = self.granted_minor[np.maximum(rows["about"], 0)]
        back = paid * rows["share_ppm"] // PPM // rows["grid_minor"] * rows["grid_minor"]
        rows.columns["amount_minor"][refund] = back[refund]
        rows.columns["share_ppm"][refund] = 0
        return rows.take(~refund | (back > 0))

    def hear(self, day: int, rows: Draft, outcomes: Outcomes) -> None:
        """Remember what was granted: the rest of the plan is about it."""
        del day
        self.granted_minor[rows["act"]] = outcomes.granted_minor


def _whole(planned: Draft, kept: np.ndarray) -> Draft:
    """Kept rows, without those that are about others that are not."""
    about = planned["origin"]
    kept = kept & ((about == NONE) | kept[np.maximum(about, 0)])
    return planned.take(kept)


def month_starts(first_day: dt.date, days: int) -> Ints:
    """Days of the plan that are the first of a month."""
    found = [day for day in range(days) if (first_day + dt.timedelta(days=day)).day == 1]
    return np.array(found, np.int64)


__all__ = ["MarketActor", "month_starts"]
