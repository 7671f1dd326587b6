"""Repair policies: a time window × an amount × a condition, and when what they cover goes out of the display.

A policy changes what is shown, never what is kept or owed. The one of December 2025 is a row of `data/repair_policies.toml`; another is
another row (R-258).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from honghua.base.errors import BadInput
from honghua.base.money import format_minor, parse_minor
from honghua.bureau.core.strip import end_of_month, month_after


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueItem:
    """One overdue. arose_on: its first day; amount_minor: of this one overdue; left_minor: what of the debt is still unpaid.

    repaid_on: the day on which the debt was paid in full, None while it is not. region: of the person, "" where unknown.
    """

    arose_on: dt.date
    amount_minor: int
    repaid_on: dt.date | None
    left_minor: int = 0
    region: str = ""
    in_database: bool = True

    def __post_init__(self) -> None:
        if self.amount_minor <= 0 or self.left_minor < 0:
            raise BadInput("an overdue has an amount, and what is left of it is not negative", code="ITEM_INVALID")
        if self.repaid_on is not None and self.repaid_on < self.arose_on:
            raise BadInput("an overdue is not repaid before it arises", code="ITEM_INVALID")


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayRule:
    """For debts repaid up to a day: out of the display from a fixed day, or by the end of the n-th month after the repayment's."""

    repaid_until: dt.date
    off_on: dt.date | None = None
    months_after: int = 0

    def off_for(self, repaid_on: dt.date) -> dt.date:
        """The day on which the item is no longer displayed, at the latest."""
        if self.off_on is not None:
            return self.off_on
        return end_of_month(month_after(repaid_on.replace(day=1), self.months_after))


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairPolicy:
    """Which overdues are repaired: arisen in the window, of at most an amount (by region), repaid in full by the deadline.

    most_by_region_minor: other caps for some regions; regions: where it holds at all, none = everywhere.
    """

    name: str
    arose_first: dt.date
    arose_last: dt.date
    most_minor: int
    repaid_by: dt.date
    display: tuple[DisplayRule, ...]
    most_by_region_minor: Mapping[str, int] = field(default_factory=dict)
    regions: frozenset[str] = frozenset()
    source: str = ""
    grade: str = "U"

    def __post_init__(self) -> None:
        problem = None
        if self.arose_first > self.arose_last or self.arose_last > self.repaid_by:
            problem = "the window ends before it begins, or after the deadline"
        elif min((self.most_minor, *self.most_by_region_minor.values())) <= 0:
            problem = "an amount must be positive"
        elif [rule.repaid_until for rule in self.display] != sorted({rule.repaid_until for rule in self.display}):
            problem = "display rules stand in order of their last day"
        elif not self.display or self.display[-1].repaid_until != self.repaid_by:
            problem = "the last display rule ends with the deadline"
        elif any((rule.off_on is None) == (rule.months_after <= 0) for rule in self.display):
            problem = "a display rule gives a day or a number of months"
        if problem:
            raise BadInput(f"repair policy {self.name!r}: {problem}", code="POLICY_INVALID")

    def most_for(self, region: str) -> int:
        """The cap that holds for a region, minor units."""
        return self.most_by_region_minor.get(region, self.most_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairVerdict:
    """What a policy says of an item. failed: those that do not hold: region, database, window, amount, condition; off_on: display ends."""

    is_repaired: bool
    failed: tuple[str, ...]
    off_on: dt.date | None

    def is_displayed(self, on: dt.date) -> bool:
        """Whether the item still shows as overdue on a day."""
        return self.off_on is None or on < self.off_on


def judge(policy: RepairPolicy, item: OverdueItem) -> RepairVerdict:
    """All clauses together. A debt paid in part fails the condition; a repayment on the deadline's day is in time."""
    failed = []
    if policy.regions and item.region not in policy.regions:
        failed.append("region")
    if not item.in_database:
        failed.append("database")
    if not policy.arose_first <= item.arose_on <= policy.arose_last:
        failed.append("window")
    if item.amount_minor > policy.most_for(item.region):
        failed.append("amount")
    if item.repaid_on is None or item.left_minor or item.repaid_on > policy.repaid_by:
        failed.append("condition")
    if failed:
        return RepairVerdict(is_repaired=False, failed=tuple(failed), off_on=None)
    assert item.repaid_on is not None, "the condition holds"
    rule = next(rule for rule in policy.display if item.repaid_on <= rule.repaid_until)
    return RepairVerdict(is_repaired=True, failed=(), off_on=rule.off_for(item.repaid_on))


def judge_all(policies: Sequence[RepairPolicy], item: OverdueItem) -> tuple[RepairPolicy, RepairVerdict] | None:
    """Of several policies the one that takes the item out of the display first; None when none does."""
    found = [(policy, verdict) for policy in policies if (verdict := judge(policy, item)).is_repaired]
    return min(found, key=lambda one: (one[1].off_on or dt.date.max, one[0].name), default=None)


def parse_policy(values: Mapping[str, Any]) -> RepairPolicy:
    """A policy as configuration writes it, amounts in yuan as text; BadInput names what is wrong."""
    known = {
        "name",
        "arose_first",
        "arose_last",
        "amount_most",
        "amount_most_by_region",
        "regions",
        "repaid_by",
        "display",
        "source",
        "grade",
    }
    strange = sorted(values.keys() - known)
    missing = sorted({"name", "arose_first", "arose_last", "amount_most", "repaid_by", "display"} - values.keys())
    if strange or missing:
        raise BadInput(f"repair policy: unknown {strange}, missing {missing}", code="POLICY_INVALID")
    return RepairPolicy(
        name=str(values["name"]),
        arose_first=_day(values["arose_first"]),
        arose_last=_day(values["arose_last"]),
        most_minor=parse_minor(str(values["amount_most"]), "CNY"),
        most_by_region_minor={
            str(region): parse_minor(str(most), "CNY") for region, most in values.get("amount_most_by_region", {}).items()
        },
        regions=frozenset(map(str, values.get("regions", ()))),
        repaid_by=_day(values["repaid_by"]),
        display=tuple(
            DisplayRule(
                repaid_until=_day(rule["repaid_until"]),
                off_on=_day(rule["off_on"]) if rule.get("off_on") is not None else None,
                months_after=int(rule.get("months_after", 0)),
            )
            for rule in values["display"]
        ),
        source=str(values.get("source", "")),
        grade=str(values.get("grade", "U")),
    )  # fmt: skip


def write_policy(policy: RepairPolicy) -> dict[str, Any]:
    """A policy as configuration would write it, in plain JSON; `parse_policy` reads it back."""
    return {
        "name": policy.name,
        "arose_first": policy.arose_first.isoformat(),
        "arose_last": policy.arose_last.isoformat(),
        "amount_most": format_minor(policy.most_minor, "CNY"),
        "amount_most_by_region": {
            region: format_minor(most, "CNY") for region, most in sorted(policy.most_by_region_minor.items())
        },
        "regions": sorted(policy.regions),
        "repaid_by": policy.repaid_by.isoformat(),
        "display": [
            {
                "repaid_until": rule.repaid_until.isoformat(),
                "off_on": rule.off_on.isoformat() if rule.off_on else None,
                "months_after": rule.months_after,
            }
            for rule in policy.display
        ],
        "source": policy.source,
        "grade": policy.grade,
    }


def _day(value: Any) -> dt.date:
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise BadInput(f"repair policy: {value!r} is no date", code="POLICY_INVALID") from None
