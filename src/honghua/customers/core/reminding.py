"""Reminders of a due day: on which days, at which hours, by which channel. What nobody published is grade U and is to be set by trial."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from honghua.base.errors import BadInput


class ReminderChannel(StrEnum):
    """How somebody is reminded. Others come with a gateway that carries them."""

    SMS = "sms"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderChoice:
    """A customer's own wish. if_debited: also where an automatic debit is arranged, which needs no memory."""

    channel: ReminderChannel = ReminderChannel.SMS
    if_debited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderTerms:
    """Days before the due day, falling to 0 = the day itself; local times between which a message may reach somebody's phone.

    days_before: R-066 (T-3, T-1, T0), grade C. Hours: rules.md, GB/T 45251-2025 and the guide of 2026-01-30 forbid collecting from 22:00
    to 08:00 (grade B); a reminder is no collection, and wakes nobody all the same.
    """

    days_before: tuple[int, ...] = (3, 1, 0)
    from_time: dt.time = dt.time(8)
    until_time: dt.time = dt.time(22)
    unsaid: ReminderChoice = ReminderChoice()  # of who never chose

    def __post_init__(self) -> None:
        if (
            list(self.days_before) != sorted(set(self.days_before), reverse=True)
            or min(self.days_before, default=-1) < 0
        ):
            raise BadInput("days before the due day fall and are not below 0", code="BAD_TERMS")
        if self.from_time >= self.until_time:
            raise BadInput("the hours of reminders begin before they end", code="BAD_TERMS")

    def time_left(self, local: dt.datetime) -> dt.timedelta:
        """How long a message may still go out on this local day; zero in the quiet hours. local: aware, in the customers' zone."""
        if not self.from_time <= local.time() < self.until_time:
            return dt.timedelta(0)
        return dt.datetime.combine(local.date(), self.until_time, local.tzinfo) - local


REMINDER_TERMS = ReminderTerms()

__all__ = ["REMINDER_TERMS", "ReminderChannel", "ReminderChoice", "ReminderTerms"]
