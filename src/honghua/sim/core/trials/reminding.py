"""A trial of reminders: line holders who pay by hand get one bill; both worlds are lived, with reminders and without (R-066).

Words: *reminded* by lot of the customer, the others are *held out*; *on time* = the minimum is paid by the end of the due day. A reminder
works on its day and the next (assumed; how strongly: `Lift.REMINDER`, assumed too). What a trial measures is thus what was put into these
people and how much of it memory, means and will let through; it says nothing of real ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.sim.core.citizens import Bills, Citizens, first_standing, pass_day, repays, settle_citizens
from honghua.sim.core.draft import Ints
from honghua.sim.core.market import keys_of
from honghua.sim.core.plan import CityPlan

Flags = NDArray[np.bool_]

SHARES: Final = 1 << 32
DUE_DAY: Final = 10  # of the plan; bills are looked at some days before
MINIMUM_SHARE: Final = 10  # a tenth of the bill, as most cards ask
WORKS_DAYS: Final = 2


@dataclass(frozen=True, slots=True)
class ReminderPlan:
    """city: whose people; days_before: of the due day, on which is reminded; reminded_share: of customers, by lot."""

    city: CityPlan
    days_before: tuple[int, ...] = (3, 1, 0)
    reminded_share: float = 0.5

    def __post_init__(self) -> None:
        if not 0.05 <= self.reminded_share <= 0.95:
            raise ValueError("5 … 95 % of the customers are reminded")
        if any(not 0 <= days <= DUE_DAY for days in self.days_before):
            raise ValueError(f"reminders go out 0 … {DUE_DAY} days before the due day")


class ReminderLog(NamedTuple):
    """What the platform sees of n customers with a bill: bool[n] each."""

    is_reminded: Flags
    is_on_time: Flags


@dataclass(frozen=True, slots=True)
class ReminderTrial:
    """who int64[n]: ids; held and reminded bool[n]: on time in each of the two worlds, the truth."""

    plan: ReminderPlan
    who: Ints
    held: Flags
    reminded: Flags

    @property
    def true_uplift(self) -> float:
        """By how much the share on time is larger in the world with reminders, over these very customers."""
        return float(self.reminded.mean() - self.held.mean())


def run_reminder_trial(plan: ReminderPlan) -> ReminderTrial:
    """The same for the same plan. ValueError where nobody of the city has a bill to pay by hand."""
    citizens = settle_citizens(plan.city)
    owes = (citizens.line_day < 0) & (citizens.used_minor > 0) & ~citizens.autopay
    if not owes.any():
        raise ValueError("nobody in this city has a bill to pay by hand")
    held, reminded = (_live(plan, citizens, owes, is_reminded=world) for world in (False, True))
    return ReminderTrial(plan, np.flatnonzero(owes), held[owes], reminded[owes])


def see_reminders(trial: ReminderTrial, draw: int) -> ReminderLog:
    """The log under one drawing of lots: who is reminded lives in one world, who is held out in the other."""
    plan = trial.plan
    lot = keys_of(plan.city.seed, f"reminders {draw}", trial.who) % SHARES / SHARES
    drawn = lot < plan.reminded_share
    return ReminderLog(drawn, np.where(drawn, trial.reminded, trial.held))


def _live(plan: ReminderPlan, citizens: Citizens, owes: Flags, *, is_reminded: bool) -> Flags:
    """bool[people]: whether the minimum was paid by the due day; both worlds draw from the same streams."""
    seed, n = plan.city.seed, len(owes)
    standing = first_standing(citizens, np.arange(n), derive_rng(seed, "reminders", "start"))
    unpaid = np.where(owes, citizens.used_minor, 0).astype(np.int64)
    minimum = unpaid // MINIMUM_SHARE
    working = (
        {DUE_DAY - days + later for days in plan.days_before for later in range(WORKS_DAYS)} if is_reminded else set()
    )
    for day in range(DUE_DAY + 1):
        pass_day(citizens, standing, day, derive_rng(seed, "reminders", "day", day))
        told = owes & (day in working)
        bills = Bills(unpaid, minimum, np.full(n, DUE_DAY, np.int32), told)
        paid = repays(citizens, standing, bills, day, derive_rng(seed, "reminders", "pay", day))
        unpaid, minimum = unpaid - paid, np.maximum(minimum - paid, 0)
    return np.asarray(minimum == 0, np.bool_)


__all__ = ["ReminderLog", "ReminderPlan", "ReminderTrial", "run_reminder_trial", "see_reminders"]
