"""The product for small-business owners (R-022): its terms, to be set on a lender's own figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from honghua.credit.core.lines.purposes import BUSINESS_PRODUCT, Purpose, purpose_of_product
from honghua.credit.core.terms import ProductTerms, find_newest
from honghua.credit.registry import Registry

# No source prints its amounts or fees (U). The most of 500,000 yuan is where a draw must be entrusted payment (rules.md §6, A), plans end
# well within the five years of a business loan (§6, B). Days, minimum, penalty and classes are the consumption product's.
BUSINESS_TERMS: Final = ProductTerms(
    name=BUSINESS_PRODUCT,
    purpose=Purpose.BUSINESS,
    purchase_minor_max=50_000_000,
    limit_minor_max=50_000_000,
    purchase_fee_ppm={3: 18_000, 6: 36_000, 12: 60_000, 24: 120_000},
    bill_fee_ppm={3: 20_000, 6: 38_000, 12: 70_000},
    write_off_bands=((200_000, 180, 6), (5_000_000, 361, 6), (10**15, 361, 12)),
)


def find_terms_of(registry: Registry, product: str) -> ProductTerms:
    """The newest terms of a product: the book's own where it has some, else what is shipped, in the book's currency."""
    purpose = purpose_of_product(product)
    known = find_newest(registry.terms, purpose)
    if known is not None:
        return registry.terms[known]
    assert purpose is Purpose.BUSINESS, "a book has terms for consumption from its first day"
    return replace(BUSINESS_TERMS, currency=registry.newest_terms.currency)


__all__ = ["BUSINESS_TERMS", "find_terms_of"]
