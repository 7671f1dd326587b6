"""A borrower's subsidies at this institution: items with what they have had, by year, and what an event does to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from honghua.base.errors import BadInput, Refusal
from honghua.base.money import split
from honghua.base.rates import PPM
from honghua.merchants.core.subsidy.computing import (
    CapsUsed,
    InterestPart,
    SubsidyItem,
    check_item,
    compute_reversal,
    compute_subsidy,
)
from honghua.merchants.core.subsidy.policies import POLICIES, SubsidyPolicy

FALSE_TRADE = Refusal("SUBSIDY_TRADE_FALSE", "This purchase was found to be false: the state pays nothing for it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldItem:
    """An item and what became of it: what is not refunded, what it had by year of settlement, whether its trade was false."""

    item: SubsidyItem
    left_minor: int
    by_year: Mapping[int, int] = field(default_factory=dict)
    is_false: bool = False

    @property
    def granted_minor(self) -> int:
        """All that it had and has still."""
        return sum(self.by_year.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyChange:
    """What an event moves: to the borrower (+) or back (−), and in which year it counts; central + province = amount."""

    amount_minor: int
    by_year: Mapping[int, int]
    central_minor: int
    province_minor: int
    limited_by: str = ""
    policy: str = ""


Items = Mapping[str, HeldItem]


def hold(item: SubsidyItem) -> HeldItem:
    """A new item, nothing granted."""
    return HeldItem(item=item, left_minor=item.amount_minor)


def sum_used(items: Items, name: str, year: int, *, policies: Sequence[SubsidyPolicy] = POLICIES) -> CapsUsed:
    """What one item's caps count: its own, those of small items, all, and all of a year."""
    small_below = policies[0].small_below_minor
    return CapsUsed(
        item_minor=items[name].granted_minor,
        small_minor=sum(one.granted_minor for one in items.values() if one.item.amount_minor < small_below),
        total_minor=sum(one.granted_minor for one in items.values()),
        year_minor=sum(one.by_year.get(year, 0) for one in items.values()),
    )


def settle_interest(
    items: Items, name: str, part: InterestPart, *, settled_on: dt.date, policies: Sequence[SubsidyPolicy] = POLICIES
) -> tuple[SubsidyChange, HeldItem] | Refusal:
    """What the state pays of an interest part of an item, and the item afterwards."""
    one = items[name]
    if one.is_false:
        return FALSE_TRADE
    used = sum_used(items, name, settled_on.year, policies=policies)
    counted = replace(part, principal_minor=min(part.principal_minor, one.left_minor))
    answer = compute_subsidy(one.item, counted, used, policies=policies)
    if isinstance(answer, Refusal):
        return answer
    year = {settled_on.year: answer.subsidy_minor}
    change = SubsidyChange(
        amount_minor=answer.subsidy_minor, by_year=year, central_minor=answer.central_minor, province_minor=answer.province_minor,
        limited_by=answer.limited_by, policy=answer.policy,
    )  # fmt: skip
    return change, _moved(one, year)


def refund_item(
    items: Items, name: str, refunded_minor: int, *, policies: Sequence[SubsidyPolicy] = POLICIES
) -> tuple[SubsidyChange, HeldItem] | Refusal:
    """What goes back to the state when a part of an item is refunded, newest years first. BadInput for more than is left of it."""
    one = items[name]
    if not 0 < refunded_minor <= one.left_minor:
        raise BadInput(
            f"a refund of {refunded_minor} of an item of which {one.left_minor} is left", code="AMOUNT_INVALID"
        )
    policy = check_item(one.item, policies=policies)
    if isinstance(policy, Refusal):
        return policy
    back = compute_reversal(
        policy, granted_minor=one.granted_minor, refunded_minor=refunded_minor, amount_minor=one.left_minor
    )
    change = _take_back(one, back, policy)
    return change, replace(_moved(one, change.by_year), left_minor=one.left_minor - refunded_minor)


def claw_back(
    items: Items, name: str, *, policies: Sequence[SubsidyPolicy] = POLICIES
) -> tuple[SubsidyChange, HeldItem] | Refusal:
    """A trade was false: all of it goes back, and nothing more is paid for it."""
    one = items[name]
    policy = check_item(replace(one.item, is_verified=True), policies=policies)
    if isinstance(policy, Refusal):
        return policy
    change = _take_back(one, one.granted_minor, policy)
    return change, replace(_moved(one, change.by_year), is_false=True)


def _take_back(one: HeldItem, back: int, policy: SubsidyPolicy) -> SubsidyChange:
    by_year: dict[int, int] = {}
    left = back
    for year in sorted(one.by_year, reverse=True):
        part = min(left, one.by_year[year])
        if part:
            by_year[year] = -part
        left -= part
    central, province = split(-back, [policy.central_ppm, PPM - policy.central_ppm])
    return SubsidyChange(
        amount_minor=-back, by_year=by_year, central_minor=central, province_minor=province, policy=policy.name
    )


def _moved(one: HeldItem, by_year: Mapping[int, int]) -> HeldItem:
    years = {year: one.by_year.get(year, 0) + by_year.get(year, 0) for year in one.by_year.keys() | by_year.keys()}
    return replace(one, by_year=years)
