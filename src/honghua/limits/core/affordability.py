"""What somebody can carry, apart from what they may use (R-044): a month's debt service against a share of evidenced income."""

from __future__ import annotations

from dataclasses import dataclass

from honghua.limits.core.terms import PPM, LimitTerms


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is affordable a month. Amounts minor units.

    room_minor: share of income less what is served elsewhere, ≥ 0; suggested_minor ≤ limit always; service_ppm: debt service elsewhere to
    income, None where there is no income or none is known; is_known: whether the suggestion rests on income, be it none at all.
    """

    suggested_minor: int
    room_minor: int
    service_ppm: int | None
    is_known: bool


def affordable_minor(income_minor: int, debt_service_minor: int, *, share_ppm: int) -> int:
    """Share of a month's income, rounded down, less a month's service of other debts; never below 0. Minor units."""
    return max(0, income_minor * share_ppm // PPM - debt_service_minor)


def suggest(terms: LimitTerms, *, income_minor: int | None, debt_service_minor: int, limit_minor: int) -> Suggestion:
    """The amount that a person can repay a month, never above the limit. Without evidence of income: the start limit at most; with
    evidence that there is none: nothing."""
    if income_minor is None:
        return Suggestion(max(0, min(limit_minor, terms.start_minor - debt_service_minor)), 0, None, False)
    if income_minor <= 0:
        return Suggestion(0, 0, None, True)
    room = affordable_minor(income_minor, debt_service_minor, share_ppm=terms.service_share_ppm)
    service_ppm = (debt_service_minor * PPM + income_minor - 1) // income_minor  # rounded up: on the safe side
    return Suggestion(min(max(0, limit_minor), room), room, service_ppm, True)


__all__ = ["Suggestion", "affordable_minor", "suggest"]
