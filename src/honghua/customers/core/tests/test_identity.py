"""Identity numbers: the standard's own examples, each thing that can be wrong, and ages at their edges."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.customers.core import Field, Profile, count_age, find_check_digit, normalise, read_id_number
from honghua.customers.core.suitability import check_suitability, is_offered_often, judge_offer

ON = dt.date(2026, 11, 22)


def number(front: str) -> str:
    return front + find_check_digit(front)


@pytest.mark.parametrize("text", ["11010519491231002X", "440524188001010014"])  # the examples of GB 11643-1999
def test_the_standards_examples_have_the_right_check_digit(text):
    assert find_check_digit(text[:17]) == text[17]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("11010519491231002X", ""),
        (" 110105 19491231 002x ", ""),
        ("110105194912310021", "ID_CHECK_DIGIT"),
        ("440524188001010014", "ID_BIRTH_OLD"),
        (number("99010519491231002"), "ID_REGION"),
        (number("11010519490230002"), "ID_BIRTH_DATE"),
        (number("11010520261123002"), "ID_BIRTH_FUTURE"),
        (number("11010520261122002"), ""),
        ("110105491231002", "ID_OLD_FORMAT"),
        ("1101051949123100", "ID_FORMAT"),
        ("X1010519491231002X", "ID_FORMAT"),
        ("", "ID_FORMAT"),
    ],
)
def test_problems_are_named(text, problem):
    assert read_id_number(text, on=ON).problem == problem


def test_what_a_number_says():
    reading = read_id_number("11010519491231002X", on=ON)
    assert (reading.region, reading.province, reading.born_on, reading.age, reading.sex, reading.is_adult) == (
        "110105", "北京", dt.date(1949, 12, 31), 76, "female", True,
    )  # fmt: skip


@settings(max_examples=25)
@given(st.dates(dt.date(1930, 1, 1), ON), st.integers(0, 999), st.sampled_from(["11", "44", "65", "83"]))
def test_every_wrong_single_digit_is_caught(born_on, serial, province):
    """The check of the standard finds each single mistake in its 17 digits (weights are units modulo 11)."""
    front = f"{province}0105{born_on:%Y%m%d}{serial:03d}"
    whole = number(front)
    for place in (14, 15, 16):
        other = front[:place] + str((int(front[place]) + 1) % 10) + front[place + 1 :] + whole[17]
        assert read_id_number(other, on=ON).problem == "ID_CHECK_DIGIT"
    assert read_id_number(whole, on=ON).is_valid


def test_ages_turn_on_the_birthday():
    assert count_age(dt.date(2008, 11, 22), ON) == 18
    assert count_age(dt.date(2008, 11, 23), ON) == 17
    assert count_age(dt.date(2008, 2, 29), dt.date(2026, 2, 28)) == 17
    assert count_age(dt.date(2008, 2, 29), dt.date(2026, 3, 1)) == 18


def test_fields_keep_only_numbers_that_can_be():
    assert normalise(Field.NATIONAL_ID, "11010519491231002x") == "11010519491231002X"
    with pytest.raises(BadInput, match="region"):
        normalise(Field.NATIONAL_ID, number("99010519491231002"))


KNOWN = Profile(is_student=False, income_minor=900_000, debt_service_minor=450_000, debts_minor=900_000 * 24, lenders=5)


@pytest.mark.parametrize(
    ("profile", "age", "reasons"),
    [
        (KNOWN, 18, ()),
        (KNOWN, 17, ("UNSUITABLE_AGE",)),
        (Profile(is_student=True), 30, ("UNSUITABLE_STUDENT",)),
        (Profile(is_student=True), None, ("UNSUITABLE_STUDENT", "SUITABILITY_UNKNOWN")),
        (
            Profile(is_student=False, income_minor=900_000, debt_service_minor=450_001),
            30,
            ("UNSUITABLE_OVER_INDEBTED",),
        ),
        (Profile(is_student=False, income_minor=1, debts_minor=25), 30, ("UNSUITABLE_OVER_INDEBTED",)),
        (Profile(is_student=False, lenders=6), 30, ("UNSUITABLE_OVER_INDEBTED",)),
        (Profile(is_adult=True, is_student=False), None, ()),
        (Profile(is_adult=True, is_student=False), 17, ("UNSUITABLE_AGE",)),
        (None, 30, ("SUITABILITY_UNKNOWN",)),
        (None, None, ("SUITABILITY_UNKNOWN",)),
    ],
)
def test_students_minors_and_the_over_indebted_are_unsuited(profile, age, reasons):
    assert check_suitability(profile, age=age) == reasons


def test_two_offers_a_week():
    now = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    day = dt.timedelta(days=1)
    assert not is_offered_often([now - 7 * day, now - day], now=now)
    assert is_offered_often([now - 6 * day, now - day], now=now)


@pytest.mark.slow
def test_a_million_messages_reach_nobody_unsuited_and_nobody_too_often():
    """R-047: a campaign without conscience over 20,000 people and eight weeks; each message that passes is checked by counting."""
    rng = np.random.default_rng(47)
    people = [
        (Profile(is_adult=bool(adult), is_student=bool(student), income_minor=900_000, debts_minor=int(debts)), bool(agrees))
        for adult, student, debts, agrees in zip(
            rng.random(20_000) < 0.95, rng.random(20_000) < 0.1, rng.integers(0, 40_000_000, 20_000), rng.random(20_000) < 0.4
        )
    ]  # fmt: skip
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made: dict[int, list[dt.datetime]] = {}
    sent = 0
    for minute, person in enumerate(rng.integers(0, 20_000, 1_000_000).tolist()):
        profile, agrees = people[person]
        now = start + dt.timedelta(seconds=minute * 5)
        if judge_offer(profile, age=None, agrees=agrees, made=made.get(person, []), now=now):
            continue
        made.setdefault(person, []).append(now)
        sent += 1
    assert sent > 10_000
    for person, moments in made.items():
        profile, agrees = people[person]
        assert agrees
        assert not profile.is_student
        assert profile.is_adult
        assert (profile.debts_minor or 0) <= 900_000 * 24
        week = dt.timedelta(days=7)
        assert all(sum(at - week < one <= at for one in moments) <= 2 for at in moments)
