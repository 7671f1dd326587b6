"""A month's status, and the strip of many months."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from honghua.base.errors import BadInput
from honghua.bureau.core.codes import STRIPS, AccountType, MonthEnd, StripRules

FINAL: Final = frozenset("CG")  # after these nothing more is told


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFigures:
    """What decides a month's status. days_past_due: at the end of the month; due_minor: what was to be paid in it, minor units.

    was_overdue: on any day of the month; is_known: whether anything was told of the month at all.
    """

    days_past_due: int = 0
    due_minor: int = 0
    was_overdue: bool = False
    billing_changed: bool = False
    is_known: bool = True
    end: MonthEnd = MonthEnd.OPEN


def compute_status(account_type: AccountType, month: MonthFigures) -> str:
    """The status code of one month. An ending speaks loudest, then lateness, then what was due. BadInput for what has no strip.

    An ending that a kind of account has no code for is BadInput too: rules.md §9 gives D and Z to loans only.
    """
    rules = get_strip_rules(account_type)
    if not month.is_known:
        return rules.unknown
    if month.end is not MonthEnd.OPEN:
        if month.end not in rules.ends:
            raise BadInput(f"{account_type} has no status for {month.end}", code="STATUS_UNKNOWN")
        return rules.ends[month.end]
    if month.days_past_due < 0 or month.due_minor < 0:
        raise BadInput("days past due and what was due are not negative", code="FIGURES_INVALID")
    if month.days_past_due:
        return status_of_days(rules, month.days_past_due)
    if month.billing_changed and rules.billing_changed is not None:
        return rules.billing_changed
    if month.was_overdue:
        return rules.repaid_in_month
    return rules.normal if month.due_minor else rules.nothing_due


def status_of_days(rules: StripRules, days_past_due: int) -> str:
    """ "1" for 1 … 30 days and so on; the last has no end."""
    return str(1 + sum(days_past_due > last for last in rules.steps))


def get_strip_rules(account_type: AccountType) -> StripRules:
    """The rules of a kind of account; BadInput for one that has no strip."""
    rules = STRIPS.get(account_type)
    if rules is None:
        raise BadInput(f"{account_type} accounts have no monthly strip", code="STRIP_NONE")
    return rules


def lay_strip(
    account_type: AccountType, statuses: Mapping[dt.date, str], *, last: dt.date, months: int | None = None
) -> str:
    """Statuses by first day of month as a row that ends with the month of `last`, the oldest first.

    Months before the first known one and after an ending show that there was no open account; any other month that nothing was told
    of is unknown.
    """
    rules = get_strip_rules(account_type)
    first = min(statuses, default=None)
    ended = min((month for month, status in statuses.items() if status in FINAL), default=None)
    row = []
    for month in list_months(last, months or rules.months):
        if first is None or month < first or (ended is not None and month > ended and month not in statuses):
            row.append(rules.not_open)
        else:
            row.append(statuses.get(month, rules.unknown))
    return "".join(row)


def list_months(last: dt.date, count: int) -> list[dt.date]:
    """First days of so many months up to that of `last`, the oldest first."""
    return [month_after(last, -back) for back in reversed(range(count))]


def month_after(month: dt.date, count: int) -> dt.date:
    """The first day of the month `count` months later."""
    index = month.year * 12 + month.month - 1 + count
    return dt.date(index // 12, index % 12 + 1, 1)


def end_of_month(day: dt.date) -> dt.date:
    """The last day of a day's month."""
    return month_after(day, 1) - dt.timedelta(days=1)
