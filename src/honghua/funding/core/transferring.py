"""Parts of loans that go from one lender to another: whole, with what is out, what was lost, what was earned, and all that comes later.

Who has sold a part has nothing left of it and gets nothing more, so that a partner can really leave; what a later reversal or refund of
interest costs is the buyer's, and in the price. The journal of the debt is not touched: the customer owes what they owed.
Civil Code 545–546 (a claim is transferred without the debtor's consent, and counts against them once they are told): grade U here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from honghua.base.rates import PPM, div_half_even
from honghua.funding.core.agreements import OWN
from honghua.funding.core.bounds import FundingBase, FundingRules
from honghua.funding.core.splitting import Position

JOINT: Final = ""  # the exposure of all joint loans
NOT_NAMED: Final = "the customer's contract does not name the buyer"
NO_BASE: Final = "no capital is reported that the buyer's concentration could be measured by"
CONCENTRATION: Final = "a partner's concentration would exceed its share of our capital"
JOINT_TOTAL: Final = "all joint loans would exceed their share of our loans"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """All parts of one lender for another. price_ppm: of the principal that is out; what was lost and earned goes with it.

    is_exit: the seller is leaving for good. Then we take its parts back even where a bound of joint lending is passed by it: the partner
    would otherwise be held in loans that it may leave. The breach is told, and no new loan is shared until it is over.
    """

    seller: str
    buyer: str
    buyer_group: str
    price_ppm: int
    is_exit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedLoan:
    """A loan of which the seller holds a part. holders: every lender that holds one -> its group, '' = ourselves.

    own_minor: our own part out. is_named: the customer's contract names the buyer.
    """

    loan: str
    part: Position
    holders: Mapping[str, str]
    own_minor: int
    is_named: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldPart:
    """A part that changes hands; minor units. The price is rounded half to even, once a loan."""

    loan: str
    part: Position
    price_minor: int


@dataclass(frozen=True, slots=True)
class KeptLoan:
    """A loan that the sale must leave, or that it takes over a bound; and why, or which."""

    loan: str
    why: str


@dataclass(frozen=True, slots=True)
class SalePlan:
    """What a sale moves and what it leaves. grown: group (JOINT too) -> by how much our own part out with it grows.

    over: those of the sold that pass a bound, which only a buy-back at an exit may.
    """

    sold: tuple[SoldPart, ...]
    kept: tuple[KeptLoan, ...]
    grown: Mapping[str, int]
    over: tuple[KeptLoan, ...] = ()


def plan_sale(
    sale: Sale,
    offered: Sequence[OfferedLoan],
    *,
    exposures: Mapping[str, int],
    base: FundingBase | None,
    rules: FundingRules,
) -> SalePlan:
    """Which loans go, in their order, as far as the bounds of joint lending allow; exposures: group -> our own part out before."""
    out = dict(exposures)
    sold: list[SoldPart] = []
    kept: list[KeptLoan] = []
    over: list[KeptLoan] = []
    for one in offered:
        moves = _move_exposures(sale, one)
        why = "" if sale.buyer == OWN or one.is_named else NOT_NAMED
        if why:
            kept.append(KeptLoan(one.loan, why))
            continue
        bound = _find_obstacle(moves, out, base, rules)
        if bound and not (sale.buyer == OWN and sale.is_exit):
            kept.append(KeptLoan(one.loan, bound))
            continue
        if bound:
            over.append(KeptLoan(one.loan, bound))
        for group, minor in moves.items():
            out[group] = out.get(group, 0) + minor
        price = div_half_even(one.part.outstanding_minor * sale.price_ppm, PPM)
        sold.append(SoldPart(loan=one.loan, part=one.part, price_minor=price))
    grown = {group: minor - exposures.get(group, 0) for group, minor in out.items()}
    return SalePlan(tuple(sold), tuple(kept), {group: minor for group, minor in grown.items() if minor}, tuple(over))


def _move_exposures(sale: Sale, one: OfferedLoan) -> dict[str, int]:
    """group -> by how much our own part of this loan counts more with it."""
    before = {group for group in one.holders.values() if group}
    left = {lender: group for lender, group in one.holders.items() if lender != sale.seller}
    after = {group for group in (left | {sale.buyer: sale.buyer_group}).values() if group}
    own_after = one.own_minor + (one.part.outstanding_minor if sale.buyer == OWN else 0)
    moves = dict.fromkeys(before | after, 0)
    for group in before:
        moves[group] -= one.own_minor
    for group in after:
        moves[group] += own_after
    if before:
        moves[JOINT] = (own_after if after else 0) - one.own_minor
    return moves


def _find_obstacle(
    moves: Mapping[str, int], out: Mapping[str, int], base: FundingBase | None, rules: FundingRules
) -> str:
    growing = [group for group, minor in moves.items() if minor > 0]
    if not growing:
        return ""
    if base is None:
        return NO_BASE
    for group in growing:
        after = out.get(group, 0) + moves[group]
        if group == JOINT and after * PPM > base.loans_minor * rules.joint_max_ppm:
            return JOINT_TOTAL
        if group != JOINT and after * PPM > base.tier1_minor * rules.partner_max_ppm:
            return CONCENTRATION
    return ""


__all__ = ["JOINT", "KeptLoan", "OfferedLoan", "Sale", "SalePlan", "SoldPart", "plan_sale"]
