from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.base.money import (
    CURRENCY_DIGITS,
    MINOR_MAX,
    Money,
    format_minor,
    parse_minor,
    parse_money,
    split,
    split_even,
)

MINOR = st.integers(-MINOR_MAX, MINOR_MAX)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.3", "CNY", 1230),
        ("0", "CNY", 0),
        ("-0.01", "USD", -1),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("+7.00", "EUR", 700),
    ],
)
def test_parse_reads_exactly(text: str, currency: str, minor: int) -> None:
    assert parse_money(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("1.234", "CNY", "TOO_MANY_DECIMALS"),
        ("1.0", "JPY", "TOO_MANY_DECIMALS"),
        ("1", "XYZ", "UNKNOWN_CURRENCY"),
        ("1", "cny", "UNKNOWN_CURRENCY"),
        ("1,000.00", "CNY", "NOT_AN_AMOUNT"),
        ("1e3", "CNY", "NOT_AN_AMOUNT"),
        ("", "CNY", "NOT_AN_AMOUNT"),
        ("１２", "CNY", "NOT_AN_AMOUNT"),
        (" 1", "CNY", "NOT_AN_AMOUNT"),
        ("1\n", "CNY", "NOT_AN_AMOUNT"),
        ("NaN", "CNY", "NOT_AN_AMOUNT"),
        ("9" * 41, "CNY", "NOT_AN_AMOUNT"),
        ("90000000000000.01", "CNY", "AMOUNT_TOO_LARGE"),
    ],
)
def test_parse_refuses_clearly(text: str, currency: str, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_minor(text, currency)
    assert caught.value.code == code


@given(MINOR, st.sampled_from(sorted(CURRENCY_DIGITS)))
@example(10**15, "CNY")
@example(-5, "KWD")
def test_format_and_parse_are_inverse(minor: int, currency: str) -> None:
    assert parse_minor(format_minor(minor, currency), currency) == minor


def test_currencies_do_not_mix() -> None:
    assert Money(3, "CNY") + Money(4, "CNY") - Money(10, "CNY") == Money(-3, "CNY")
    assert str(-Money(105, "CNY")) == "-1.05 CNY"
    with pytest.raises(BadInput, match="do not mix"):
        Money(1, "CNY") + Money(1, "USD")
    with pytest.raises(BadInput, match="do not mix"):
        assert Money(1, "CNY") < Money(1, "USD")


def test_limits_hold_on_both_sides() -> None:
    assert Money(MINOR_MAX, "CNY").minor == MINOR_MAX
    for bad in (MINOR_MAX + 1, -MINOR_MAX - 1):
        with pytest.raises(BadInput, match="out of range"):
            Money(bad, "CNY")
    with pytest.raises(BadInput, match="out of range"):
        Money(MINOR_MAX, "CNY") + Money(1, "CNY")
    for wrong in (1.0, True, "1"):
        with pytest.raises(BadInput, match="whole number"):
            Money(wrong, "CNY")  # type: ignore[arg-type]


def naive_split(total: int, weights: list[int]) -> list[int]:
    """Largest remainder, one unit at a time, in Fractions."""
    sign = -1 if total < 0 else 1
    exact = [Fraction(abs(total) * w, sum(weights)) for w in weights]
    parts = [int(e) for e in exact]
    while sum(parts) < abs(total):
        gaps = [e - p for e, p in zip(exact, parts)]
        parts[gaps.index(max(gaps))] += 1
    return [sign * p for p in parts]


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any))
@example(100, [1, 1, 1])
@example(-100, [1, 1, 1])
@example(1, [0, 5, 0])
def test_split_sums_and_equals_naive_twin(total: int, weights: list[int]) -> None:
    parts = split(total, weights)
    assert sum(parts) == total
    assert parts == naive_split(total, weights)
    assert all(part == 0 for part, weight in zip(parts, weights) if weight == 0)


@given(st.integers(-(10**15), 10**15), st.integers(1, 36))
def test_split_even_leaves_the_remainder_on_the_first(total: int, n: int) -> None:
    parts = split_even(total, n)
    assert sum(parts) == total
    assert len(set(parts[1:])) <= 1
    assert 0 <= abs(parts[0]) - abs(parts[-1]) < n


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_split_refuses_bad_weights(weights: list[int]) -> None:
    with pytest.raises(BadInput):
        split(10, weights)
