from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honghua.base import rates
from honghua.base.errors import BadInput

FRACTIONS = st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6)


def by_decimal(value: Fraction, rounding: str) -> int:
    """The decimal module as an oracle; 60 digits separate every fraction above from the ties."""
    with decimal.localcontext(prec=60):
        return int((Decimal(value.numerator) / Decimal(value.denominator)).to_integral_value(rounding=rounding))


@given(FRACTIONS)
@example(Fraction(5, 2))
@example(Fraction(-5, 2))
@example(Fraction(7, 2))
@example(Fraction(-7, 2))
@example(Fraction(0))
def test_rounding_steps_equal_the_decimal_module(value: Fraction) -> None:
    assert rates.round_half_even(value) == by_decimal(value, decimal.ROUND_HALF_EVEN) == round(value)
    assert rates.round_half_up(value) == by_decimal(value, decimal.ROUND_HALF_UP)
    assert rates.floor_(value) == by_decimal(value, decimal.ROUND_FLOOR)
    assert rates.ceil_(value) == by_decimal(value, decimal.ROUND_CEILING)


def test_percent_and_ppm_are_exact() -> None:
    assert rates.parse_percent("18.25") == Fraction(73, 400) == rates.parse_percent("18.25%")
    assert rates.ppm_from_percent("18.25") == 182_500
    assert rates.rate_from_ppm(500) == Fraction(1, 2000)
    with pytest.raises(BadInput, match="finer"):
        rates.ppm_from_percent("0.00001")
    for text in ("", "1e5", "abc", "1/3", "1" * 61, "--1"):
        with pytest.raises(BadInput):
            rates.parse_fraction(text)


def test_interest_and_decimals() -> None:
    assert rates.round_half_up(rates.simple_interest(90_000, 182_500, 1)) == 45  # rules.md §1: 900 yuan, 0.45 a day
    assert rates.to_decimal(Fraction("0.146523"), 2) == Decimal("0.15")
    assert str(rates.to_decimal(Fraction(54), 2)) == "54.00"
    assert rates.to_decimal(rates.compound_yearly(Fraction(5, 10_000), 365) * 100, 2) == Decimal("20.02")
    assert rates.round_to_multiple(Fraction(3125, 10), 5, rounding=rates.round_half_even) == 310
