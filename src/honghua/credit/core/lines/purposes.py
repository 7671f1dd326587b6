"""What a line of credit is for: consumption, or the small business of its holder. Neither pays for what the other is for (R-022).

A person has at most one line of each purpose. The line for consumption is known by the customer's own reference, the business line by
that reference with a mark behind it: whoever names the one never means the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Purpose(IntEnum):
    """What a product is for. Stored in the body of its terms."""

    CONSUMPTION = 0
    BUSINESS = 1


BUSINESS_MARK: Final = "~business"
BUSINESS_PRODUCT: Final = "business"  # as contracts, terms and rulebooks name it


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeRules:
    """Which goods categories serve what; in lower case. never: no line pays for these (rules.md §4, uses of funds, A; R-001).

    business: what a trade buys to go on trading, own list (U): only business lines pay for it. either: what an office at home and one of
    a trade buy alike, own list (U): whoever has both lines says which pays. Business lines pay for nothing else.
    """

    never: frozenset[str]
    business: frozenset[str]
    either: frozenset[str]
    source: str
    grade: str

    def serves(self, purpose: int, category: str) -> bool:
        """Whether a line of this purpose may pay for goods of this category."""
        name = category.strip().lower()
        fits = name in self.either or (name in self.business) is (purpose == Purpose.BUSINESS)
        return name not in self.never and fits


PURPOSES: Final = PurposeRules(
    never=frozenset({"cash", "transfer", "wallet_top_up", "loan_repayment", "securities", "property", "gambling"}),
    business=frozenset({
        "stock", "raw_material", "packaging", "equipment", "equipment_lease", "shop_rent", "shop_fitting", "freight", "platform_service",
        "advertising", "farm_input", "trade_service",
    }),
    either=frozenset({"office_equipment", "stationery", "telecom_service"}),
    source="never: rules.md §4 uses of funds; business, either: own lists, no source prints them",
    grade="U",
)  # fmt: skip


def line_of(customer: str, purpose: int) -> str:
    """The reference of a customer's account for a purpose."""
    return customer + BUSINESS_MARK if purpose == Purpose.BUSINESS else customer


def holder_of(line: str) -> str:
    """Whose account this is."""
    return line.removesuffix(BUSINESS_MARK)


def purpose_of(line: str) -> Purpose:
    """What the account of this reference is for."""
    return Purpose.BUSINESS if line.endswith(BUSINESS_MARK) and line != BUSINESS_MARK else Purpose.CONSUMPTION


def purpose_of_product(product: str) -> Purpose:
    """What a contract's product is for; every name but the business product's is one for consumption."""
    return Purpose.BUSINESS if product == BUSINESS_PRODUCT else Purpose.CONSUMPTION


def serve_all(categories: Iterable[str], *, rules: PurposeRules = PURPOSES) -> dict[str, tuple[bool, ...]]:
    """For each category: whether a line of each purpose, in the order of `Purpose`, may pay for it."""
    return {name: tuple(rules.serves(purpose, name) for purpose in Purpose) for name in set(categories)}


__all__ = [
    "BUSINESS_MARK", "BUSINESS_PRODUCT", "PURPOSES", "Purpose", "PurposeRules", "holder_of", "line_of", "purpose_of", "purpose_of_product",
    "serve_all",
]  # fmt: skip
