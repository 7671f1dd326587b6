"""Prices and what is affordable: monotone in risk, under every cap, equal for equal risk; suggestions never above the limit."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput, NotFound
from honghua.limits.core import (
    LENDERS,
    LimitTerms,
    affordable_minor,
    assemble,
    grade_of,
    price_of,
    suggest,
    terms_from_body,
)

TERMS = LimitTerms()
DAY = dt.date(2026, 11, 22)
CHANCE = st.floats(0, 1)
DAYS = st.dates(dt.date(2025, 12, 1), dt.date(2030, 1, 1))
LENDER = st.sampled_from(LENDERS)


@given(CHANCE, CHANCE, DAYS, LENDER, st.integers(0, 50_000), st.sampled_from([7, 31, 32, 365]))
@settings(max_examples=200)
@example(0.005, 0.0050001, DAY, "bank", 0, 365)
@example(1.0, 1.0, dt.date(2027, 12, 31), "small_loan", 0, 32)
def test_price_rises_with_risk_and_keeps_the_cap(one, other, on, lender, subsidy, days):
    terms = replace(TERMS, lender=lender)
    low, high = sorted((one, other))
    cheap, dear = (price_of(terms, grade_of(terms, c), on=on, days=days, subsidy_ppm=subsidy) for c in (low, high))
    assert cheap.price_ppm <= dear.price_ppm <= terms.price_cap(on, days=days).cap
    assert cheap.grade <= dear.grade
    if cheap.grade == dear.grade:
        assert cheap == dear  # equal risk, equal price: nothing else about a person goes in
    assert dear.is_capped == (dear.price_ppm == dear.cap_ppm and not dear.price_ppm >= _cost(dear))


def _cost(price):
    return price.funding_ppm + price.loss_ppm + price.operations_ppm + price.margin_ppm - price.subsidy_ppm


@given(st.integers(0, 300_000), st.integers(0, 300_000))
@settings(max_examples=50)
def test_a_subsidy_never_raises_and_loss_never_lowers_a_price(loss, subsidy):
    plain = assemble(TERMS, Fraction(loss), grade=1, on=DAY)
    assert assemble(TERMS, Fraction(loss), grade=1, on=DAY, subsidy_ppm=subsidy).price_ppm <= plain.price_ppm
    assert assemble(TERMS, Fraction(loss + 1), grade=1, on=DAY).price_ppm >= plain.price_ppm


def test_bounds_of_grades_belong_to_the_better_one():
    assert [grade_of(TERMS, c) for c in (0.0, 0.005, 0.0050001, 0.16, 0.1600001, 1.0)] == [1, 1, 2, 7, 8, 8]


def test_caps_go_by_lender_day_and_length():
    small = replace(TERMS, lender="small_loan")
    assert small.price_cap(dt.date(2027, 12, 30)).cap == 240_000
    assert small.price_cap(dt.date(2027, 12, 31)).cap == 120_000
    assert small.price_cap(dt.date(2027, 12, 31), days=31).cap == 240_000
    with pytest.raises(NotFound):
        small.price_cap(dt.date(2025, 11, 30))
    bank = replace(TERMS, lender="bank")
    assert [bank.person_cap(dt.date(2025, 3, day)).cap for day in (13, 14)] == [20_000_000, 30_000_000]


def test_terms_come_back_from_storage_and_say_what_is_wrong():
    assert terms_from_body(TERMS.body()) == TERMS
    assert terms_from_body(TERMS.body()).digest() == TERMS.digest() != replace(TERMS, margin_ppm=1).digest()
    for wrong in (
        {"lender": "pawnshop"},
        {"margin_ppm": -1},
        {"grade_bounds_ppm": (5, 4, 1_000_000)},
        {"limit_step_minor": 0},
    ):
        with pytest.raises(BadInput):
            replace(TERMS, **wrong)


AMOUNT = st.integers(0, 10**12)


@given(st.one_of(st.none(), AMOUNT), AMOUNT, AMOUNT, st.integers(0, 1_000_000))
@settings(max_examples=200)
def test_what_is_affordable_never_exceeds_the_limit_or_the_share(income, service, limit, share):
    found = suggest(
        replace(TERMS, service_share_ppm=share), income_minor=income, debt_service_minor=service, limit_minor=limit
    )
    assert 0 <= found.suggested_minor <= limit
    if found.is_known:
        assert found.suggested_minor == min(limit, affordable_minor(income, service, share_ppm=share))
        assert (found.suggested_minor + service) * 1_000_000 <= max(income * share, service * 1_000_000)
    else:
        assert found.suggested_minor <= TERMS.start_minor
