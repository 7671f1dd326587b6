"""Product terms: every amount, day, fee and rate of the credit product, as an immutable version that accounts refer to.

Defaults are `rules.md` §1 (grades there). What nobody published is marked *unverified* here and is configuration like the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.credit.core.finance.priced import daily_ppm, fee_within
from honghua.credit.core.layout import (
    PAYER_CONSUMER,
    PLAN_BILL,
    PLAN_PURCHASE,
    SETTLEMENT_DAYS_USED,
    TERMS,
    TERMS_COLUMNS,
)
from honghua.credit.core.lines.purposes import Purpose

AMOUNT_MINOR_MAX: Final = 10**15
PPM: Final = 1_000_000
OPENING_PAIRS: Final = ((1, 9), (1, 8))  # nobody changes into these: going back to cut 1 fixes due 10 (rules.md §1, C)
# Left out of a body where they say nothing new: older versions keep their digest.
ADDED_LATER: Final[dict[str, object]] = {
    "price_ppm": 0, "price_plans": 1, "price_interest": 1, "purpose": 0, "opening_pairs": OPENING_PAIRS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProductTerms:
    """One version of the terms. Rates are ppm (of principal, or per day where the name says so); days count calendar days.

    `pairs` are the (statement day, due day) pairs on offer; the first is the default. `purchase_fee_ppm` and `bill_fee_ppm` give
    the whole plan's fee by number of periods. Grace is counted as the difference of days between purchase and due day.
    """

    name: str = "huabei"
    version: int = 1
    currency: str = "CNY"
    interest_ppm_day: int = 500
    penalty_ppm_day: int = 500
    minimum_share_ppm: int = 100_000
    principal_first_dpd: int = 91
    settlement_fee: int = SETTLEMENT_DAYS_USED
    refund_fee: int = 1
    refund_overdue_first: int = 1
    class_attention_dpd: int = 1
    class_substandard_dpd: int = 91
    class_doubtful_dpd: int = 271
    class_loss_dpd: int = 361
    cure_months: int = 6
    penalty_days_max: int = 0
    restructure_months: int = 12
    pairs: tuple[tuple[int, int], ...] = ((1, 10), (1, 9), (1, 8), (5, 15), (10, 20))
    pair_change_months: int = 12
    hold_days: int = 30
    purchase_minor_max: int = 20_000_000  # 200,000 yuan: the per-person cap of rules.md §3
    limit_minor_max: int = 20_000_000
    temporary_days: int = 30
    # 9 and 24 periods at purchase, 24 on the bill: unverified (rules.md §1 says 24 exists, rate U)
    purchase_fee_ppm: Mapping[int, int] = field(
        default_factory=lambda: {3: 23_000, 6: 45_000, 9: 60_000, 12: 75_000, 24: 150_000}
    )
    bill_fee_ppm: Mapping[int, int] = field(
        default_factory=lambda: {3: 25_000, 6: 45_000, 9: 65_000, 12: 88_000, 24: 160_000}
    )
    hardship_periods_max: int = 60
    # auto-debit: cards in the default order, sources in the customer's own, and whether a source may pay only what it has
    debit_cards_max: int = 3
    debit_sources_max: int = 20
    debit_partial: int = 1
    # evidence asked before a write-off, by claim: (claim up to, days past due, collection attempts); the last line is for larger ones
    write_off_bands: tuple[tuple[int, int, int], ...] = (
        (200_000, 180, 6),
        (2_000_000, 361, 6),
        (AMOUNT_MINOR_MAX, 361, 6),
    )
    # price by risk: the yearly all-in price of one contract, 0 = the product's own; what of the product follows such a price
    price_ppm: int = 0
    price_plans: int = 1
    price_interest: int = 1
    opening_pairs: tuple[tuple[int, int], ...] = OPENING_PAIRS
    purpose: int = Purpose.CONSUMPTION  # what the line is for: its goods, and nobody else's

    def __post_init__(self) -> None:
        problems = list(find_problems(self))
        if problems:
            raise BadInput(f"terms {self.name} v{self.version}: " + "; ".join(problems), code="BAD_TERMS")

    def vector(self) -> NDArray[np.int64]:
        """The terms that kernels read, int64[TERMS]."""
        return np.array([getattr(self, name) for name in TERMS_COLUMNS], np.int64)

    @property
    def change_pairs(self) -> tuple[tuple[int, int], ...]:
        """The pairs that an account may be changed to."""
        return tuple(pair for pair in self.pairs if pair not in self.opening_pairs)

    def fee_minor(
        self, plan_kind: int, periods: int, principal_minor: int, *, payer: int = PAYER_CONSUMER
    ) -> int | None:
        """Fee of a whole plan, or None when that number of periods is not on offer: of the product, rounded half up to the minor unit.

        A customer whose contract has a price pays what that comes to, never above it; whoever else pays, pays what the product costs.
        """
        table = self.purchase_fee_ppm if plan_kind == PLAN_PURCHASE else self.bill_fee_ppm
        ppm = table.get(periods)
        if ppm is None:
            return None
        if self.price_ppm and self.price_plans and payer == PAYER_CONSUMER:
            return fee_within(self.price_ppm, periods, principal_minor)
        return (principal_minor * ppm + PPM // 2) // PPM

    def body(self) -> dict[str, Any]:
        """Plain values for storage; `terms_from_body` is its inverse."""
        body = asdict(self)
        body["purchase_fee_ppm"] = {str(k): v for k, v in self.purchase_fee_ppm.items()}
        body["bill_fee_ppm"] = {str(k): v for k, v in self.bill_fee_ppm.items()}
        for name, usual in ADDED_LATER.items():
            if body[name] == usual:
                del body[name]
        return body

    def digest(self) -> bytes:
        """SHA-256 of the canonical body: the same terms have the same digest everywhere."""
        return hashlib.sha256(msgspec.json.encode(self.body(), order="deterministic")).digest()


def terms_from_body(body: Mapping[str, Any]) -> ProductTerms:
    """Rebuild terms from `ProductTerms.body()`, whatever JSON did to its tuples and keys."""
    values = dict(body)
    for name in ("purchase_fee_ppm", "bill_fee_ppm"):
        values[name] = {int(k): int(v) for k, v in values[name].items()}
    for name in ("pairs", "write_off_bands", "opening_pairs"):
        if name in values:
            values[name] = tuple(tuple(int(x) for x in row) for row in values[name])
    return ProductTerms(**values)


def find_problems(terms: ProductTerms) -> list[str]:
    """Everything that no version of the product may say."""
    problems = []
    for name in ("interest_ppm_day", "penalty_ppm_day", "minimum_share_ppm", "price_ppm"):
        if not 0 <= getattr(terms, name) <= 1_000_000:
            problems.append(f"{name} must be 0 … 1,000,000 ppm")
    if terms.purpose not in tuple(Purpose):
        problems.append("purpose must be one of Purpose")
    if not terms.pairs:
        problems.append("at least one pair of statement day and due day is needed")
    for cut_day, due_day in terms.pairs:
        if not (1 <= cut_day <= 28 and 1 <= due_day <= 28 and cut_day != due_day):
            problems.append(f"pair {cut_day}/{due_day}: both days must be 1 … 28 and differ")
    if not terms.class_attention_dpd <= terms.class_substandard_dpd <= terms.class_doubtful_dpd <= terms.class_loss_dpd:
        problems.append("class thresholds must not fall")
    for table in (terms.purchase_fee_ppm, terms.bill_fee_ppm):
        for periods, ppm in table.items():
            if not (1 <= periods <= 60 and 0 <= ppm <= 1_000_000):
                problems.append(f"{periods} periods at {ppm} ppm is outside 1 … 60 periods, 0 … 1,000,000 ppm")
    return problems


def price_terms(terms: ProductTerms, price_ppm: int) -> ProductTerms:
    """The product's terms for a contract approved at a yearly price in ppm, 1 … 1,000,000; 0 gives them as they are.

    Named after product, version and price, so that an opening names exactly these. Interest and plans follow the price where the terms
    say so; what merchants and platforms pay, penalties and days stay the product's. BadInput for terms that carry a price already.
    """
    if terms.price_ppm or not 0 <= price_ppm <= PPM:
        raise BadInput("a price from 0 to 1, on the product's own terms", code="BAD_TERMS")
    if not price_ppm:
        return terms
    interest = daily_ppm(price_ppm) if terms.price_interest else terms.interest_ppm_day
    name = f"{terms.name} v{terms.version} @{price_ppm}"
    return replace(terms, name=name, price_ppm=price_ppm, interest_ppm_day=interest)


def newest_of(terms: Mapping[int, ProductTerms]) -> int:
    """The number of the consumption product's newest version; what one contract costs is no version of the product."""
    return max(terms_id for terms_id, version in terms.items() if not version.price_ppm and not version.purpose)


def find_newest(terms: Mapping[int, ProductTerms], purpose: int) -> int | None:
    """The number of the newest version of the product for a purpose; None where the book has no such product."""
    return max((i for i, one in terms.items() if not one.price_ppm and one.purpose == purpose), default=None)


def person_cap(versions: Mapping[int, ProductTerms], own: ProductTerms) -> int:
    """The most that all lines of one person may come to, minor units: what the product for consumption says (rules.md §3).

    own: the terms of the line that asks. A business line's own maximum binds it, too.
    """
    newest = find_newest(versions, Purpose.CONSUMPTION)
    if own.purpose == Purpose.CONSUMPTION or newest is None:
        return own.limit_minor_max
    return min(own.limit_minor_max, versions[newest].limit_minor_max)


def terms_matrix(by_id: Mapping[int, ProductTerms]) -> NDArray[np.int64]:
    """int64[k, TERMS] with row = terms id, for the kernels."""
    matrix = np.zeros((max(by_id, default=0) + 1, TERMS), np.int64)
    for terms_id, terms in by_id.items():
        matrix[terms_id] = terms.vector()
    return matrix


__all__ = [
    "AMOUNT_MINOR_MAX", "PLAN_BILL", "PLAN_PURCHASE", "ProductTerms", "find_newest", "newest_of", "person_cap", "price_terms",
    "terms_from_body", "terms_matrix",
]  # fmt: skip
