"""What a contract costs at its price: never above it, nearly all of it, rising with it; old terms keep their digest."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.credit.core.finance.priced import daily_ppm, fee_within
from honghua.credit.core.finance.quote import quote_plan
from honghua.credit.core.layout import PAYER_CONSUMER, PAYER_MERCHANT, PLAN_BILL, PLAN_PURCHASE
from honghua.credit.core.terms import ProductTerms, newest_of, price_terms, terms_from_body

PRICES = st.integers(1, 240_000)


@given(PRICES, st.integers(1, 60), st.integers(1, 20_000_000))
@example(240_000, 12, 100)
@example(240_000, 24, 1_000_001)
def test_a_plan_costs_its_price_or_less_and_a_unit_more_would_be_above(price, periods, principal):
    fee = fee_within(price, periods, principal)
    within = quote_plan(principal_minor=principal, n=periods, fee_total_minor=fee).cost.effective
    assert within <= Decimal(price) / 1_000_000 + Decimal("1e-15")  # of the root that quotes find
    if principal >= 10_000:  # what rounding the parts costs is small beside the fee
        assert fee_within(price, periods, principal * 100) // 100 - fee <= periods
    assert fee <= fee_within(price + 1_000, periods, principal)


@given(PRICES)
def test_a_years_interest_on_interest_is_the_price_or_less(price):
    daily = Decimal(daily_ppm(price)) / 1_000_000
    assert (1 + daily) ** 365 <= 1 + Decimal(price) / 1_000_000 < (1 + daily + Decimal("1e-6")) ** 365


def test_terms_follow_the_price_where_they_say_so():
    product = ProductTerms()
    priced = price_terms(product, 120_000)
    assert (priced.name, priced.price_ppm, priced.interest_ppm_day) == (
        "huabei v1 @120000",
        120_000,
        daily_ppm(120_000),
    )
    assert (
        priced.fee_minor(PLAN_PURCHASE, 12, 600_000)
        == priced.fee_minor(PLAN_BILL, 12, 600_000)
        == fee_within(120_000, 12, 600_000)
    )
    assert (
        priced.fee_minor(PLAN_PURCHASE, 12, 600_000, payer=PAYER_MERCHANT)
        == 45_000
        == product.fee_minor(PLAN_PURCHASE, 12, 600_000)
    )
    assert priced.fee_minor(PLAN_PURCHASE, 7, 600_000, payer=PAYER_CONSUMER) is None
    fixed = price_terms(ProductTerms(price_plans=0, price_interest=0), 120_000)
    assert (fixed.fee_minor(PLAN_PURCHASE, 12, 600_000), fixed.interest_ppm_day) == (45_000, product.interest_ppm_day)
    assert price_terms(product, 0) is product
    for wrong, price in ((priced, 100), (product, -1), (product, 1_000_001)):
        with pytest.raises(BadInput):
            price_terms(wrong, price)


def test_older_terms_keep_their_digest_and_prices_are_no_versions_of_the_product():
    product = ProductTerms()
    assert not {"price_ppm", "price_plans", "price_interest"} & product.body().keys()
    assert terms_from_body(product.body()).digest() == product.digest()
    priced = price_terms(product, 99_900)
    assert terms_from_body(priced.body()) == priced
    assert newest_of({1: product, 2: priced}) == 1
    assert newest_of({1: product, 2: priced, 3: ProductTerms(version=2)}) == 3
