"""What an application's score does: whom a person looks at, whom a machine may refuse, and what a version on trial may do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from honghua.credit.core.journey.verdicts import Verdict


class OnTrial(StrEnum):
    """What a challenger may do: be written down, or call a person."""

    NOTE = "note"
    REFER = "refer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenRules:
    """In force from a day on. Shares of honest applications that pass a line, 0 = there is none; days and sessions_most bound what one
    is compared with; kept_days: for how long sessions are kept. Own choices, grade U."""

    since: dt.date
    refer_share: float
    refuse_share: float
    challenger: OnTrial
    days: int
    sessions_most: int
    kept_days: int


def choose_screen(every: Sequence[ScreenRules], on: dt.date) -> ScreenRules | None:
    """The newest rules in force on a day; None before the first."""
    lawful = [one for one in every if one.since <= on]
    return max(lawful, key=lambda one: one.since, default=None)


def judge_score(
    rules: ScreenRules, score: float, *, refer_line: float, refuse_line: float | None, on_trial: bool
) -> tuple[Verdict, tuple[str, ...]]:
    """(verdict, reason codes) of a score at its lines; a version on trial refuses nobody."""
    if on_trial and rules.challenger is OnTrial.NOTE:
        return Verdict.PASS, ()
    if refuse_line is not None and score >= refuse_line and not on_trial:
        return Verdict.REFUSE, ("APPLICATION_GANG",)
    if score >= refer_line:
        return Verdict.REFER, ("APPLICATION_GANG_LIKE",)
    return Verdict.PASS, ()
