"""Exact rates and the named rounding steps. A rate is an int in ppm or a Fraction; a float never is one.

"Half up" rounds a tie away from zero, which is what statements mean by it; the other steps are as in mathematics.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from honghua.base.errors import BadInput

PPM = 1_000_000
PERCENT_PPM = 10_000
TEXT_CHARS_MAX = 60

Rounding = Callable[[Fraction], int]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\Z")


def floor_(value: Fraction) -> int:
    """The largest integer not above `value`."""
    return div_floor(value.numerator, value.denominator)


def ceil_(value: Fraction) -> int:
    """The smallest integer not below `value`."""
    return div_ceil(value.numerator, value.denominator)


def round_half_even(value: Fraction) -> int:
    """The nearest integer; a tie goes to the even one."""
    return div_half_even(value.numerator, value.denominator)


def round_half_up(value: Fraction) -> int:
    """The nearest integer; a tie goes away from zero."""
    return div_half_up(value.numerator, value.denominator)


def div_floor(numerator: int, denominator: int) -> int:
    """floor(numerator / denominator), denominator > 0, in integers only."""
    assert denominator > 0
    return numerator // denominator


def div_ceil(numerator: int, denominator: int) -> int:
    """ceil(numerator / denominator), denominator > 0, in integers only."""
    assert denominator > 0
    return -(-numerator // denominator)


def div_half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator to the nearest integer, a tie to the even one; denominator > 0."""
    assert denominator > 0
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return quotient + (twice > denominator or (twice == denominator and quotient % 2 == 1))


def div_half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator to the nearest integer, a tie away from zero; denominator > 0."""
    assert denominator > 0
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -size if numerator < 0 else size


def round_to_multiple(value: Fraction, multiple: int, *, rounding: Rounding) -> int:
    """`value` rounded to a whole number of `multiple`s by the named step; multiple > 0."""
    assert multiple > 0
    return rounding(value / multiple) * multiple


def to_decimal(value: Fraction, places: int, *, rounding: Rounding = round_half_up) -> Decimal:
    """`value` with exactly `places` decimals, for people: 0.146523 → Decimal("0.15")."""
    scaled = rounding(value * 10**places)
    return Decimal(scaled).scaleb(-places)


def parse_fraction(text: str) -> Fraction:
    """The exact value of a decimal string; no exponent, no fraction bar, at most TEXT_CHARS_MAX characters."""
    if len(text) > TEXT_CHARS_MAX or not _NUMBER.match(text):
        raise BadInput(f"{text[:TEXT_CHARS_MAX]!r} is not a decimal number", code="NOT_A_NUMBER")
    return Fraction(text)


def parse_percent(text: str) -> Fraction:
    """The rate of a percentage: "18.25" or "18.25%" → 73/400."""
    return parse_fraction(text.rstrip("%").strip()) / 100


def ppm_from_percent(text: str) -> int:
    """Parts per million of a percentage: "18.25" → 182500; BadInput when the percentage is finer than one ppm."""
    ppm = parse_percent(text) * PPM
    if ppm.denominator != 1:
        raise BadInput(f"{text} % is finer than one millionth", code="TOO_MANY_DECIMALS")
    return ppm.numerator


def rate_from_ppm(rate_ppm: int) -> Fraction:
    """The rate as a Fraction of one."""
    return Fraction(rate_ppm, PPM)


def simple_interest(principal_minor: int, rate_ppm: int, days: int, *, year_days: int = 365) -> Fraction:
    """principal × rate × days / year in minor units, exact: the caller names the rounding step."""
    assert year_days > 0
    return Fraction(principal_minor * rate_ppm * days, PPM * year_days)


def compound_yearly(periodic: Fraction, periods: int) -> Fraction:
    """(1 + periodic)^periods − 1: the effective yearly rate of a rate per period."""
    return (1 + periodic) ** periods - 1
