"""Amounts and days as readers write them; what they type is read strictly, and exactly."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.web.ui.writing import Writing

SHANGHAI = dt.timezone(dt.timedelta(hours=8))
ZH, EN = Writing("zh", SHANGHAI), Writing("en", SHANGHAI)


def test_amounts_days_and_shares_by_language():
    assert (ZH.money(123450, "CNY"), EN.money(123450, "CNY")) == ("¥1,234.50", "CN¥1,234.50")
    assert (ZH.money(500, "JPY"), EN.money(-5, "USD")) == ("JP¥500", "-$0.05")
    assert (ZH.signed_money(1, "CNY"), ZH.signed_money(-1, "CNY")) == ("+¥0.01", "-¥0.01")
    assert (ZH.day(dt.date(2026, 11, 2)), EN.day(dt.date(2026, 11, 2))) == ("2026年11月2日", "Nov 2, 2026")
    late = dt.datetime(2026, 11, 2, 23, 30, tzinfo=dt.UTC)
    assert ZH.moment(late) == "2026年11月3日 07:30"
    assert EN.moment(late).startswith("Nov 3, 2026, 7:30")
    assert (ZH.percent(163_800), ZH.percent(500), ZH.percent(800_000, places=0)) == ("16.38%", "0.05%", "80%")
    assert EN.rate(Decimal("16.3")) == "16.30%"


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        ("12", 1200),
        ("12.3", 1230),
        ("1,234.50", 123450),
        (" 0.01 ", 1),
        ("¥88", 8800),
        ("１２．５０", 1250),
        ("1234567", 123456700),
    ],
)
def test_amounts_as_people_type_them(typed, minor):
    assert ZH.read_amount(typed, "CNY") == EN.read_amount(typed, "CNY") == minor


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "AMOUNT_EMPTY"), ("  ", "AMOUNT_EMPTY"), ("abc", "NOT_AN_AMOUNT"), ("1,23", "NOT_AN_AMOUNT"), ("1.2.3", "NOT_AN_AMOUNT"),
        ("-5", "NOT_AN_AMOUNT"), ("1e5", "NOT_AN_AMOUNT"), ("12.345", "TOO_MANY_DECIMALS"), ("0x10", "NOT_AN_AMOUNT"),
        ("1 000", "NOT_AN_AMOUNT"), ("9" * 41, "NOT_AN_AMOUNT"), ("12,", "NOT_AN_AMOUNT"), (".5", "NOT_AN_AMOUNT"),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_said(typed, code):
    with pytest.raises(BadInput) as caught:
        ZH.read_amount(typed, "CNY")
    assert caught.value.code == code


@given(st.integers(0, 10**12), st.sampled_from(["CNY", "JPY", "KWD"]), st.sampled_from([ZH, EN]))
def test_what_a_field_shows_is_read_back(minor, currency, writing):
    assert writing.read_amount(writing.amount(minor, currency), currency) == minor
