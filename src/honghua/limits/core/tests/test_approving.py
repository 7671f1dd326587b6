"""Approval: what is never overruled, what missing data lead to, bounds of what is granted, and cards that are what their rows say."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.limits.core import (
    BUSINESS_BOOK,
    INPUTS,
    VALUES,
    Applicant,
    LimitTerms,
    Rulebook,
    again,
    chances,
    fit_card,
    points_of,
    rule_all,
    rule_one,
    rulebook_from_body,
    suggest,
    vectors_of,
)

BOOK = Rulebook()
DAY = dt.date(2026, 11, 22)
GOOD = Applicant(
    customer="ann", age_years=30, identity=0.99, fraud=0.01, has_file=1, income_minor=800_000, debt_service_minor=50_000,
    debt_minor=500_000, lenders=1, inquiries_6m=1, worst_24m=0, months_known=30, orders_12m=30, dpd_max_24m=0,
)  # fmt: skip


def whole(most: int) -> st.SearchStrategy[float | None]:
    return st.one_of(st.none(), st.integers(0, most).map(float))


PERSON = st.builds(
    Applicant, customer=st.just("p"), asked_minor=st.integers(0, 50_000_000), age_years=st.integers(15, 80).map(float),
    is_student=whole(1), is_barred=whole(1), identity=st.one_of(st.none(), st.floats(0, 1)), fraud=st.one_of(st.none(), st.floats(0, 1)),
    has_file=whole(1), income_minor=whole(5_000_000), debt_service_minor=whole(2_000_000), debt_minor=whole(30_000_000),
    lenders=whole(8), inquiries_6m=whole(12), worst_24m=whole(7), months_known=whole(120), orders_12m=whole(300),
    spend_minor=whole(1_000_000), own_lines_minor=whole(25_000_000), dpd_max_24m=whole(60),
)  # fmt: skip


def test_who_asks_for_less_than_a_step_gets_it_and_not_an_approval_of_nothing():
    for asked, granted in ((1, 1), (9_999, 9_999), (10_000, 10_000), (15_000, 10_000)):
        ruling = rule_one(BOOK, Applicant(customer="p", asked_minor=asked, age_years=30.0, identity=1.0), DAY)[1]
        assert (ruling.outcome, ruling.limit_minor) == ("approved", granted)


@pytest.mark.parametrize("book", [BOOK, BUSINESS_BOOK], ids=["consumption", "business"])
def test_the_other_line_counts_in_the_cap_and_in_what_is_affordable(book):
    """rules.md §3 and §6: one cap and one ceiling by means for a person, whichever line is asked for."""
    alone, months = rule_one(book, GOOD, DAY)[1], book.terms.ceiling_months
    for other in (240_000, 1_000_000):
        beside = rule_one(book, replace(GOOD, own_lines_minor=other), DAY)[1]
        carried = (GOOD.income_minor * book.terms.service_share_ppm // 1_000_000 - GOOD.debt_service_minor) * months
        assert (alone.ceiling_minor, beside.ceiling_minor) == (carried, carried - -(-other // months) * months)
        assert beside.ceiling_minor + other <= alone.ceiling_minor
        assert beside.suggested_minor < alone.suggested_minor
    rich = replace(GOOD, income_minor=90_000_000, asked_minor=30_000_000)
    for other, room in ((0, 20_000_000), (12_000_000, 8_000_000)):
        found = rule_one(book, replace(rich, own_lines_minor=other), DAY)[1]
        assert (found.outcome, found.limit_minor) == ("approved", room)
    assert rule_one(book, replace(rich, own_lines_minor=20_000_000), DAY)[1].code == "PERSON_CAP"


def test_an_income_that_is_known_to_be_none_carries_nothing():
    """Not to be taken for an income that nobody knows (R-044)."""
    terms = BOOK.terms
    for income, wanted in ((None, (50_000, False)), (0, (0, True)), (1, (0, True)), (200_000, (50_000, True))):
        found = suggest(terms, income_minor=income, debt_service_minor=0, limit_minor=50_000)
        assert (found.suggested_minor, found.is_known) == wanted


@given(PERSON)
@settings(max_examples=120, deadline=None)
def test_what_is_granted_keeps_every_bound_and_judges_the_same_again(person):
    vector, ruling = rule_one(BOOK, person, DAY)
    fresh, second = again(BOOK, vector, DAY)
    assert fresh.tobytes() == vector.tobytes()
    assert second == ruling
    room = max(0, 20_000_000 - int(person.own_lines_minor or 0))
    assert 0 <= ruling.suggested_minor <= ruling.limit_minor <= ruling.ceiling_minor <= room
    if ruling.outcome == "approved":
        assert ruling.limit_minor > 0
        assert ruling.limit_minor <= (person.asked_minor or 10**9)
        assert ruling.price is not None
        assert ruling.price.price_ppm <= 240_000
        assert 18 <= person.age_years < 70
        assert not person.is_student
        assert not person.is_barred
        assert person.identity is not None
        assert person.identity >= 0.8
        assert person.lenders is None or person.lenders < 6
        if person.income_minor is None or not person.has_file:
            assert ruling.limit_minor <= BOOK.terms.start_high_minor  # thin data start low
    else:
        assert (ruling.limit_minor, ruling.price) == (0, None)
        assert ruling.code


def test_one_row_is_judged_as_in_a_crowd():
    people = [GOOD, replace(GOOD, lenders=3, income_minor=None), replace(GOOD, worst_24m=3, asked_minor=200_000)]
    crowd = vectors_of(BOOK, [p.asked_minor or 20_000_000 for p in people], np.stack([p.values() for p in people]), DAY)
    for person, vector, ruling in zip(people, crowd, rule_all(BOOK, crowd, DAY), strict=True):
        alone = rule_one(BOOK, person, DAY)
        assert alone[0].tobytes() == vector.tobytes()
        assert alone[1] == ruling


def test_what_is_not_known_is_no_zero():
    """Nobody asked the bureau: a start limit, whatever else is known. The bureau knows that there is nothing: the same start."""
    unknown = replace(
        GOOD, has_file=None, income_minor=None, lenders=None, worst_24m=None, inquiries_6m=None, debt_minor=None
    )
    for person in (unknown, replace(unknown, has_file=0)):
        ruling = rule_one(BOOK, person, DAY)[1]
        assert (ruling.outcome, ruling.code) == ("approved", "START_LOW")
        assert ruling.ceiling_minor == BOOK.terms.thin_ceiling_minor
    assert rule_one(BOOK, replace(unknown, identity=None), DAY)[1].code == "IDENTITY_UNSURE"


def test_price_knows_the_risk_alone():
    """Two who differ in all but their scores pay the same, however much they ask for."""
    one = rule_one(BOOK, GOOD, DAY)[1]
    other = rule_one(
        BOOK,
        replace(GOOD, customer="other", age_years=60, asked_minor=90_000, address_months=3, returns_share=0.5),
        DAY,
    )[1]
    assert one.price == other.price
    assert one.limit_minor != other.limit_minor


def test_willingness_and_ability_are_told_apart():
    unwilling = rule_one(BOOK, replace(GOOD, dpd_max_24m=20, worst_24m=3, inquiries_6m=9), DAY)[1]
    unable = rule_one(
        BOOK,
        replace(GOOD, income_minor=150_000, debt_service_minor=0, debt_minor=9_000_000, lenders=5, inquiries_6m=9),
        DAY,
    )[1]
    assert (unwilling.code, unable.code) == ("WILLINGNESS_LOW", "ABILITY_LOW")


def test_a_rulebook_comes_back_from_storage():
    book = rulebook_from_body(BOOK.body())
    assert book.digest == BOOK.digest != replace(BOOK, terms=LimitTerms(start_minor=90_000)).digest
    assert replace(BOOK, source=BOOK.source.replace("lenders >= 6", "lenders >= 7")).digest != BOOK.digest
    assert len(INPUTS) == len(set(INPUTS))


def test_an_applicant_that_cannot_be_is_refused_as_input():
    for wrong in ({"customer": ""}, {"identity": 1.5}, {"income_minor": -1}, {"is_student": 2}):
        with pytest.raises(BadInput):
            replace(GOOD, **wrong)


def test_a_fitted_card_is_calibrated_and_repeats_itself():
    """Rows whose odds of being good follow two values: bins find them, a value that says nothing gets next to no points."""
    rng = np.random.default_rng(3)
    n = 20_000
    rows = np.full((n, len(VALUES)), np.nan)
    lenders, orders, noise = (VALUES.index(name) for name in ("lenders", "orders_12m", "returns_share"))
    rows[:, lenders] = rng.integers(0, 6, n)
    rows[: n // 2, orders] = rng.integers(0, 200, n // 2)
    rows[:, noise] = rng.random(n)
    odds = 2.0 - 0.5 * rows[:, lenders] + np.where(np.isnan(rows[:, orders]), -0.7, 0.0)
    good = rng.random(n) < 1 / (1 + np.exp(-odds))
    bounds = {"lenders": (1, 3, 5), "orders_12m": (50, 150), "returns_share": (0.5,)}
    card = fit_card("test", VALUES, rows, good, bounds=bounds, trained_on="a test")
    points = {one.value: (*one.points, one.unknown) for one in card.characteristics}
    assert list(points["lenders"][:-1]) == sorted(points["lenders"][:-1], reverse=True)
    assert points["orders_12m"][-1] < min(points["orders_12m"][:-1])
    assert max(map(abs, points["returns_share"])) <= 3
    chance = chances(card, VALUES, rows)
    for part in np.array_split(np.argsort(chance, kind="stable"), 5):
        assert abs(chance[part].mean() - good[part].mean()) < 0.03
    assert fit_card("test", VALUES, rows, good, bounds=bounds, trained_on="a test") == card
    assert (chances(card, VALUES, rows[7:8]) == chance[7:8]).all()
    assert points_of(card, VALUES, rows[:5]).shape == (5, 3)
