"""An account of several lenders at the end of a month: each reports its own part, and the parts sum to the account to the cent (R-234).

The account has one contract and one run of arrears, so days, dates and class are the account's for whoever has something out; amounts are
shared. What stands at the end of the month goes by what each has out, what happened in it by what each had to get. How lenders of one
loan divide arrears for the bureau is laid down nowhere that we know of: in proportion is ours (grade U).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from honghua.base.money import split
from honghua.bureau.core.records import SOLD, Position

SHARED: Final = (
    "line_minor", "used_minor", "owed_minor", "due_minor", "paid_minor", "overdue_minor", "overdue_most_minor", "charged_off_minor",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LenderPart:
    """What another lender than ourselves has in an account; minor units. reporter: its code at the bureau; lent_on: its first loan there.

    out: principal at the end of the month; got: what came in for it in the month, charges too; lost: written off and not recovered.
    moved_on: the last day of the month on which something happened to it, None = nothing did. sold_on: on which it sold a part.
    """

    reporter: str
    lent_on: dt.date
    out_minor: int
    got_minor: int
    lost_minor: int
    moved_on: dt.date | None
    sold_on: dt.date | None = None

    @property
    def is_sold(self) -> bool:
        """Whether another lender has all of it now: it ended, but nobody paid it off."""
        return self.sold_on is not None and not self.out_minor and not self.lost_minor

    @property
    def is_told(self) -> bool:
        """Whether there is anything to report of the month."""
        return bool(self.out_minor or self.lost_minor or self.moved_on)


def divide_position(whole: Position, parts: Sequence[LenderPart]) -> list[Position]:
    """The account's position by lender, ours first; of each amount in `SHARED` they sum to the whole. No parts: the whole is ours."""
    told = sorted((part for part in parts if part.is_told), key=lambda part: part.reporter)
    if not told:
        return [whole]
    amounts = _share_amounts(whole, told)
    found = []
    for k, part in enumerate([None, *told]):
        mine: dict[str, Any] = {name: minor[k] for name, minor in amounts.items()}
        if part is not None:
            mine |= {"reporter": part.reporter, "opened_on": part.lent_on}
        found.append(_settle(replace(whole, **mine), whole, part))
    return found


def _share_amounts(whole: Position, told: Sequence[LenderPart]) -> dict[str, list[int]]:
    out = _with_ours(whole.used_minor, [max(part.out_minor, 0) for part in told])
    got = _with_ours(whole.paid_minor, [max(part.got_minor, 0) for part in told])
    lost = _with_ours(whole.charged_off_minor, [max(part.lost_minor, 0) for part in told])
    if whole.state == "written_off":  # a part without a loss has nothing left to say
        losses = _share(whole.charged_off_minor, lost)
        return {name: _share(getattr(whole, name), losses) for name in SHARED}
    had = [a + b for a, b in zip(out, got, strict=True)]
    late = [had[0], *(minor if _was_late(whole, part) else 0 for part, minor in zip(told, had[1:], strict=True))]
    weights = {"due_minor": had, "paid_minor": got, "overdue_most_minor": late, "charged_off_minor": lost}
    amounts = {name: _share(getattr(whole, name), weights.get(name, out)) for name in SHARED}
    lent = amounts["used_minor"][1:]
    if sum(lent) <= whole.line_minor:  # a partner's line is what it has lent; what is not drawn is ours to give
        amounts["line_minor"] = [whole.line_minor - sum(lent), *lent]
    return amounts


def _with_ours(whole_minor: int, theirs: Sequence[int]) -> list[int]:
    """Weights: what no other lender has is ours."""
    return [max(whole_minor - sum(theirs), 0), *theirs]


def _share(minor: int, weights: Sequence[int]) -> list[int]:
    """An amount by weights; ours where nobody has one, or where it is not above zero."""
    if minor <= 0 or not any(weights):
        return [minor, *(0 for _ in weights[1:])]
    return split(minor, weights)


def _was_late(whole: Position, part: LenderPart) -> bool:
    """Whether a part was there while the run of arrears lasted."""
    if whole.overdue_from is None or (whole.cleared_on is not None and part.lent_on > whole.cleared_on):
        return False
    return bool(part.out_minor) or (part.moved_on is not None and part.moved_on >= whole.overdue_from)


def _settle(one: Position, whole: Position, part: LenderPart | None) -> Position:
    """Dates and arrears of one part: a lender that has got everything back has no arrears, and its part of the account is over.

    A part that was sold is over too, but not paid off (`MonthEnd.ENDED`; that the code of an end otherwise fits a sale: grade U).
    """
    if part is not None and one.last_paid_on is not None and one.last_paid_on < part.lent_on:
        one = replace(one, last_paid_on=None)
    if part is not None and part.is_sold:
        return replace(_clear(one, part.sold_on), state=SOLD, ended_on=part.sold_on)
    if whole.state != "open":
        return one
    if not one.overdue_minor and (whole.overdue_minor or part is not None) and not one.used_minor:
        one = _clear(one, None if part is None else part.moved_on)
    if part is not None and not part.out_minor and not one.owed_minor:
        return replace(one, state="closed", ended_on=part.moved_on)
    return one


def _clear(one: Position, moved_on: dt.date | None) -> Position:
    """Nothing of the run of arrears is left in this part: it ended with its last payment, or was never in it."""
    if one.overdue_from is None or not one.overdue_most_minor:
        return replace(one, days_past_due=0, overdue_from=None, cleared_on=None)
    ended = one.cleared_on or max(moved_on or one.last_paid_on or one.overdue_from, one.overdue_from)
    return replace(one, days_past_due=0, cleared_on=ended)


__all__ = ["SHARED", "LenderPart", "divide_position"]
