"""Whether credit suits somebody, and whether they may be sent an offer (R-047, R-071). Pure; bounds are configuration with their source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of somebody's situation; None = not known. Amounts in minor units; a month's income and debt service, debts in all.

    is_adult: by their own word; it counts until their identity number tells.
    """

    is_adult: bool | None = None
    is_student: bool | None = None
    income_minor: int | None = None
    debt_service_minor: int | None = None
    debts_minor: int | None = None
    lenders: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitabilityRules:
    """adult_age: 民法典 17 (A). Students: small lenders may not, licensed ones only with more checks (rules.md §12, A): here never.

    service_share_max_ppm: a month's debt service to income, 50% as commonly used (U). debt_months_max: debts to a month's income (U).
    lenders_max: open lenders elsewhere (U). offers_max within offers_days: how often somebody may be sent an offer (U).
    """

    adult_age: int = 18
    service_share_max_ppm: int = 500_000
    debt_months_max: int = 24
    lenders_max: int = 5
    offers_max: int = 2
    offers_days: int = 7


SUITABILITY_RULES: Final = SuitabilityRules()


def check_suitability(
    profile: Profile | None, *, age: int | None, rules: SuitabilityRules = SUITABILITY_RULES
) -> tuple[str, ...]:
    """Codes of what speaks against credit for somebody, in a fixed order; () = nothing does."""
    told = profile or Profile()
    is_adult = told.is_adult if age is None else age >= rules.adult_age
    reasons = []
    if told.is_student:
        reasons.append("UNSUITABLE_STUDENT")
    if is_adult is False:
        reasons.append("UNSUITABLE_AGE")
    if is_over_indebted(told, rules=rules):
        reasons.append("UNSUITABLE_OVER_INDEBTED")
    if told.is_student is None or is_adult is None:
        reasons.append("SUITABILITY_UNKNOWN")
    return tuple(reasons)


def is_over_indebted(profile: Profile, *, rules: SuitabilityRules = SUITABILITY_RULES) -> bool:
    """Whether any bound is passed: debt service to income, debts to income, lenders. Debts without an income are too many."""
    income, service, debts = profile.income_minor or 0, profile.debt_service_minor or 0, profile.debts_minor or 0
    return (
        service * 1_000_000 > income * rules.service_share_max_ppm
        or debts > income * rules.debt_months_max
        or (profile.lenders or 0) > rules.lenders_max
    )


def is_offered_often(
    made: Sequence[dt.datetime], *, now: dt.datetime, rules: SuitabilityRules = SUITABILITY_RULES
) -> bool:
    """Whether one more offer would be more than the rule allows within its days, ending now."""
    since = now - dt.timedelta(days=rules.offers_days)
    return sum(since < at <= now for at in made) >= rules.offers_max


def judge_offer(
    profile: Profile | None,
    *,
    age: int | None,
    agrees: bool,
    made: Sequence[dt.datetime],
    now: dt.datetime,
    rules: SuitabilityRules = SUITABILITY_RULES,
) -> tuple[str, ...]:
    """Codes of why somebody may not be sent an offer now, in a fixed order; () where they may. made: when offers were made before."""
    opted_out = () if agrees else ("OPTED_OUT",)
    often = ("OFFERED_OFTEN",) if is_offered_often(made, now=now, rules=rules) else ()
    return (*opted_out, *often, *check_suitability(profile, age=age, rules=rules))
