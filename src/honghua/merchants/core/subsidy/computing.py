"""What one part of interest earns: eligible principal × min(1 %, half the contract rate) × time, up to the caps; and what goes back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from honghua.base.errors import Refusal
from honghua.base.money import split
from honghua.base.rates import PPM, floor_
from honghua.merchants.core.subsidy.policies import (
    POLICIES,
    ProductKind,
    SubsidyPolicy,
    choose_policy,
    count_year_part,
)

UNVERIFIED: Final = Refusal(
    "SUBSIDY_TRADE_UNVERIFIED", "It is not proved that this money was really spent on this purchase."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyItem:
    """One real consumption on credit. amount_minor: of the whole item. rate_ppm: the contract's, a year, nominal.

    field: one of the policy's words, "" where none fits. is_verified: the trade was identified and checked. is_borne_by_consumer: the
    consumer pays the interest; where merchant or platform do, there is none that the state could bear.
    """

    consumed_on: dt.date
    amount_minor: int
    rate_ppm: int
    product: ProductKind = ProductKind.CONSUMER_LOAN
    field: str = ""
    is_verified: bool = True
    is_borne_by_consumer: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestPart:
    """Interest of one settlement: on this principal from a day (inside) to another (outside); minor units.

    year_part: of a year where it is told otherwise than by the days. interest_minor: what the consumer is charged, None: not told.
    """

    from_on: dt.date
    to_on: dt.date
    principal_minor: int
    interest_minor: int | None = None
    year_part: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapsUsed:
    """What this borrower had already from this institution, reversals deducted: on the item, on small items, in all, in the year."""

    item_minor: int = 0
    small_minor: int = 0
    total_minor: int = 0
    year_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyAnswer:
    """What a part earns. limited_by: item, small, total, year, interest, or "" when no cap was met; Σ of the shares is the subsidy."""

    policy: str
    eligible_minor: int
    rate: Fraction
    uncapped_minor: int
    subsidy_minor: int
    limited_by: str
    central_minor: int
    province_minor: int


def check_item(item: SubsidyItem, *, policies: Sequence[SubsidyPolicy] = POLICIES) -> SubsidyPolicy | Refusal:
    """The policy under which an item is subsidised, or why it is not."""
    policy = choose_policy(item.consumed_on, policies=policies)
    if isinstance(policy, Refusal):
        return policy
    days = policy.products.get(item.product)
    if days is None or not days[0] <= item.consumed_on <= days[1]:
        return Refusal("SUBSIDY_PRODUCT_EXCLUDED", f"Policy {policy.name} does not cover this kind of credit.")
    if not item.is_borne_by_consumer or item.rate_ppm <= 0:
        return Refusal("SUBSIDY_NO_INTEREST", "The consumer pays no interest, so there is none for the state to bear.")
    if not item.is_verified:
        return UNVERIFIED
    if item.amount_minor >= policy.small_below_minor and policy.fields is not None and item.field not in policy.fields:
        return Refusal(
            "SUBSIDY_FIELD_EXCLUDED", "A purchase of this size is only covered in the fields that the policy names."
        )
    return policy


def compute_subsidy(
    item: SubsidyItem, part: InterestPart, used: CapsUsed, *, policies: Sequence[SubsidyPolicy] = POLICIES
) -> SubsidyAnswer | Refusal:
    """What the state pays of one interest part; refused where the item is not covered at all, 0 where a cap is used up.

    Amounts minor units; rounded once, by the policy's step, after principal × rate × time. Never above the interest that is charged.
    Source: rules.md §5. Golden cases: tests/cases/subsidy.json.
    """
    policy = check_item(item, policies=policies)
    if isinstance(policy, Refusal):
        return policy
    eligible = max(0, min(part.principal_minor, item.amount_minor))
    is_small = item.amount_minor < policy.small_below_minor
    if not is_small and policy.counted_max_minor:
        eligible = min(eligible, policy.counted_max_minor)
    rate = min(Fraction(policy.rate_ppm, PPM), Fraction(policy.share_max_ppm, PPM) * Fraction(item.rate_ppm, PPM))
    years = count_year_part(part.from_on, part.to_on, policy.day_basis) if part.year_part is None else part.year_part
    uncapped = policy.rounding(eligible * rate * years)
    subsidy, limited_by = uncapped, ""
    for name, room in _rooms(policy, part, used, is_small=is_small):
        if subsidy > room:
            subsidy, limited_by = max(0, room), name
    central, province = split(subsidy, [policy.central_ppm, PPM - policy.central_ppm])
    return SubsidyAnswer(
        policy=policy.name, eligible_minor=eligible, rate=rate, uncapped_minor=uncapped, subsidy_minor=subsidy, limited_by=limited_by,
        central_minor=central, province_minor=province,
    )  # fmt: skip


def _rooms(policy: SubsidyPolicy, part: InterestPart, used: CapsUsed, *, is_small: bool) -> list[tuple[str, int]]:
    """What each bound leaves, in the order in which they are met."""
    rooms = []
    if part.interest_minor is not None:
        rooms.append(("interest", floor_(Fraction(part.interest_minor * policy.share_max_ppm, PPM))))
    if policy.cap_item_minor:
        rooms.append(("item", policy.cap_item_minor - used.item_minor))
    if policy.cap_small_minor and is_small:
        rooms.append(("small", policy.cap_small_minor - used.small_minor))
    if policy.cap_total_minor:
        rooms.append(("total", policy.cap_total_minor - used.total_minor))
    if policy.cap_year_minor:
        rooms.append(("year", policy.cap_year_minor - used.year_minor))
    return rooms


def compute_reversal(policy: SubsidyPolicy, *, granted_minor: int, refunded_minor: int, amount_minor: int) -> int:
    """What of the subsidy of an item goes back when part of it is refunded: in proportion, all of it with the last cent.

    granted_minor: of the item until now, earlier reversals deducted; amount_minor: of the item before this refund, earlier ones deducted.
    Source: rules.md §5 (U: standard fiscal practice).
    """
    assert 0 < refunded_minor <= amount_minor, "a refund is at most what is left of the item"
    if refunded_minor == amount_minor:
        return granted_minor
    return policy.rounding(Fraction(granted_minor * refunded_minor, amount_minor))
