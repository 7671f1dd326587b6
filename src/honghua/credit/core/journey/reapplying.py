"""When somebody may apply again after a no: dated rules, each with its source; the earlier reasons are kept and shown beside the new try.

No law says how long a lender may make people wait (grade U): these are house rules. What an applicant can mend at once is no reason
to wait.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from honghua.base.errors import NotFound

YEAR: Final = dt.timedelta(days=365)
# A no for one of these alone keeps nobody waiting: a consent to give, an identity to prove, another application that ends, the wait itself.
MENDED_AT_ONCE: Final = frozenset({
    "CONSENT_MISSING", "IDENTITY_UNPROVEN", "APPLICATION_OPEN", "APPLICATION_COOLING", "APPLICATIONS_MANY", "SUITABILITY_UNKNOWN",
    "AUTOMATION_REFUSED",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReapplyRule:
    """From a day on: calendar days to wait after a no that nobody reviewed and after one that a person upheld, and refusals in 365 days
    after which one waits for the oldest of them to be a year old."""

    from_on: dt.date
    refused_days: int
    upheld_days: int
    refusals_max: int
    source: str
    grade: str


REAPPLY_RULES: Final = (
    ReapplyRule(
        from_on=dt.date(2010, 1, 1), refused_days=90, upheld_days=30, refusals_max=6,
        source="house rule: no public source; 30 days as an approval's own life", grade="U",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EarlierNo:
    """A no to an application or its approval. on: of the newest word, the upholding where there was one; codes: its reasons."""

    contract_id: int
    on: dt.date
    is_upheld: bool
    codes: tuple[str, ...]


def find_rule(rules: Sequence[ReapplyRule], on: dt.date) -> ReapplyRule:
    """The newest rule in force on a day; NotFound before the first."""
    found = [one for one in rules if one.from_on <= on]
    if not found:
        raise NotFound(f"no rule of applying again on {on}", code="RULE_UNKNOWN")
    return max(found, key=lambda one: one.from_on)


def find_wait(rules: Sequence[ReapplyRule], earlier: Sequence[EarlierNo], on: dt.date) -> tuple[str, dt.date] | None:
    """(code, the first day on which one may apply) where somebody must wait on a day; None where they may apply now.

    Each no goes by the rule of its own day: what the applicant was told stays. The number of refusals goes by the rule of `on`.
    """
    counted = [one for one in earlier if not set(one.codes) <= MENDED_AT_ONCE]
    free = []
    for one in counted:
        rule = find_rule(rules, one.on)
        free.append(one.on + dt.timedelta(days=rule.upheld_days if one.is_upheld else rule.refused_days))
    waits = [("APPLICATION_COOLING", day) for day in free if day > on]
    rule = find_rule(rules, on)
    recent = sorted(one.on for one in counted if one.on > on - YEAR)
    if len(recent) >= rule.refusals_max:
        waits.append(("APPLICATIONS_MANY", recent[len(recent) - rule.refusals_max] + YEAR))
    return max(waits, key=lambda one: one[1], default=None)


__all__ = ["MENDED_AT_ONCE", "REAPPLY_RULES", "EarlierNo", "ReapplyRule", "find_rule", "find_wait"]
