"""How a loan may be shared on a day: our own least share, one partner's and all partners' concentration, and who is there at all.

A partner that cannot take its part leaves it to us: the decision about the customer was ours and stands (R-232).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from honghua.base.errors import Refusal
from honghua.base.money import split
from honghua.base.rates import PPM
from honghua.funding.core.agreements import OWN, Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRules:
    """Bounds from a day on, ppm. own_min: of each joint loan. partner_max: our part of loans with one partner and its affiliates, of our
    tier-1 capital. joint_max: our part of all joint loans, of all our loans. grades: what is not A.
    """

    effective_on: dt.date
    own_min_ppm: int
    partner_max_ppm: int
    joint_max_ppm: int
    source: str
    grades: Mapping[str, str]


FUNDING_RULES: Final = (
    FundingRules(
        effective_on=dt.date(2021, 2, 20), own_min_ppm=300_000, partner_max_ppm=250_000, joint_max_ppm=500_000,
        source="rules.md §4: 银保监办发〔2021〕24号",
        grades={
            "effective_on": "U: day of the circular; its own transition ran to 2022",
            "measure": "U: our own part of the loans counts, not the partner's",
            "own_min_ppm": "A; the old cap of 30 % for partners is gone (助贷新规, in force 2025-10-01)",
        },
    ),
)  # fmt: skip


class Standing(StrEnum):
    """Where a partner stands. Stored: never change a word."""

    ACTIVE = "active"
    SUSPENDED = "suspended"  # no new loans for now
    EXITING = "exiting"  # no new loans; the old ones run off
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingBase:
    """What bounds are shares of, as reported for a day: net tier-1 capital and all our loans, minor units."""

    on: dt.date
    tier1_minor: int
    loans_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Our own parts that are out: with each group of partners, and with all of them."""

    by_group: Mapping[str, int]
    joint_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LenderShare:
    """A lender's share of one loan."""

    lender: str
    share_ppm: int
    principal_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePlan:
    """How a loan is shared, and why it is not shared as the channel says (empty: it is)."""

    shares: tuple[LenderShare, ...]
    reasons: tuple[str, ...]


def choose_rules(on: dt.date, *, rules: Sequence[FundingRules] = FUNDING_RULES) -> FundingRules | Refusal:
    """The newest rules in force on a day."""
    known = [one for one in rules if one.effective_on <= on]
    if not known:
        return Refusal("FUNDING_RULES_MISSING", f"No rules of joint lending are known for {on}.")
    return max(known, key=lambda one: one.effective_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareAsk:
    """A loan to be shared under a channel. groups: lender -> group of affiliates; standings: lender -> where it stands.

    named: the lenders that the customer's contract names, None = nobody asks (no customer of ours stands behind the loan).
    """

    channel: Channel
    principal_minor: int
    groups: Mapping[str, str]
    standings: Mapping[str, Standing]
    exposure: Exposure
    base: FundingBase | None
    named: frozenset[str] | None = None


def plan_shares(ask: ShareAsk, rules: FundingRules) -> SharePlan | Refusal:
    """The shares of a loan by its channel, as far as partners are there and bounds allow; refused when the channel breaks the rules.

    Source: R-231; rules.md §4. A share that nobody else may take is ours.
    """
    channel = ask.channel
    if channel.partners and channel.own_ppm < rules.own_min_ppm:
        return Refusal(
            "OWN_SHARE_SHORT", f"Our own share of a joint loan is at least {rules.own_min_ppm / 10_000:g} %."
        )
    kept = dict(channel.shares)
    reasons: list[str] = []
    own_minor = 0
    for _ in range(len(channel.partners) + 1):  # whoever leaves makes our part larger, which may keep another one out
        own_minor = split(ask.principal_minor, list(kept.values()))[list(kept).index(OWN)] if OWN in kept else 0
        why = {lender: _find_obstacle(ask, rules, lender, own_minor=own_minor) for lender in kept if lender != OWN}
        gone = next((lender for lender, sentence in why.items() if sentence), None)
        if gone is None:
            break
        reasons.append(f"{gone}: {why[gone]}")
        kept[OWN] = kept.get(OWN, 0) + kept.pop(gone)
    if len(kept) > 1 and _breaks_joint(ask, rules, own_minor=own_minor):
        reasons.append("all joint loans would exceed their share of our loans")
        kept = {OWN: PPM}
    order = [OWN, *(lender for lender in kept if lender != OWN)]
    amounts = split(ask.principal_minor, [kept[lender] for lender in order])
    shares = tuple(
        LenderShare(lender=lender, share_ppm=kept[lender], principal_minor=minor)
        for lender, minor in zip(order, amounts, strict=True)
    )
    return SharePlan(shares=shares, reasons=tuple(reasons))


def _find_obstacle(ask: ShareAsk, rules: FundingRules, lender: str, *, own_minor: int) -> str:
    if ask.named is not None and lender not in ask.named:
        return "is not named in the customer's contract"
    standing = ask.standings.get(lender, Standing.ACTIVE)
    if standing is not Standing.ACTIVE:
        return f"is {standing.value}"
    if ask.base is None:
        return "no capital is reported that its concentration could be measured by"
    group = ask.groups[lender]
    out = ask.exposure.by_group.get(group, 0) + own_minor
    if out * PPM > ask.base.tier1_minor * rules.partner_max_ppm:
        return "its concentration would exceed its share of our capital"
    return ""


def _breaks_joint(ask: ShareAsk, rules: FundingRules, *, own_minor: int) -> bool:
    if ask.base is None:
        return True
    joint = ask.exposure.joint_minor + own_minor
    return joint * PPM > (ask.base.loans_minor + own_minor) * rules.joint_max_ppm
