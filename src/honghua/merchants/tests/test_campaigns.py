"""Which orders a campaign covers, on both sides of each bound, and what is wrong with drafts."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from honghua.merchants.campaigns import is_held_out
from honghua.merchants.core import Asked, Campaign, Draft, check_draft, covers

ZONE = ZoneInfo("Asia/Shanghai")
START = dt.datetime(2026, 11, 1, tzinfo=ZONE)  # a Sunday
END = dt.datetime(2026, 11, 12, tzinfo=ZONE)
NOON = dt.datetime(2026, 11, 3, 12, tzinfo=ZONE)  # a Tuesday
SECOND = dt.timedelta(seconds=1)
DRAFT = Draft(
    merchant="M", name="11.11", periods=(3, 6), starts_at=START, ends_at=END, budget_minor=100_000,
    categories=("phone",), least_minor=10_000, most_minor=500_000, weekdays=0b0111111, from_minute=9 * 60,
    until_minute=21 * 60, daily_minor=50_000,
)  # fmt: skip
ORDER = Asked(merchant="M", customer="c", category="phone", amount_minor=20_000, at=NOON, zone=ZONE)


def campaign(draft: Draft, *, is_open: bool = True) -> Campaign:
    return Campaign(campaign_id=7, draft=draft, made_by="ann", is_open=is_open)


@pytest.mark.parametrize(
    ("change", "covered"),
    [
        ({}, True),
        ({"merchant": "other"}, False),
        ({"category": "food"}, False),
        ({"amount_minor": 10_000}, True),
        ({"amount_minor": 9_999}, False),
        ({"amount_minor": 500_000}, True),
        ({"amount_minor": 500_001}, False),
        ({"at": dt.datetime(2026, 11, 2, 9, tzinfo=ZONE)}, True),
        ({"at": dt.datetime(2026, 11, 2, 9, tzinfo=ZONE) - SECOND}, False),
        ({"at": dt.datetime(2026, 11, 11, 21, tzinfo=ZONE)}, False),
        ({"at": dt.datetime(2026, 11, 11, 21, tzinfo=ZONE) - SECOND}, True),
        ({"at": dt.datetime(2026, 11, 8, 12, tzinfo=ZONE)}, False),  # the Sunday that the mask leaves out
        ({"at": dt.datetime(2026, 11, 12, 12, tzinfo=ZONE)}, False),
        ({"at": NOON.astimezone(dt.UTC)}, True),
    ],
)
def test_an_order_is_covered(change, covered):
    assert covers(campaign(DRAFT), replace(ORDER, **change)) is covered


def test_start_is_inside_and_end_is_not():
    whole = campaign(replace(DRAFT, from_minute=0, until_minute=1440, weekdays=127))
    assert covers(whole, replace(ORDER, at=START))
    assert not covers(whole, replace(ORDER, at=START - SECOND))
    assert covers(whole, replace(ORDER, at=END - SECOND))
    assert not covers(whole, replace(ORDER, at=END))


def test_a_paused_campaign_covers_nothing():
    assert not covers(campaign(DRAFT, is_open=False), ORDER)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"name": " "}, "name"),
        ({"periods": ()}, "periods"),
        ({"periods": (3, 5)}, "periods"),
        ({"categories": ("",)}, "categories"),
        ({"payer": 1}, "payer"),
        ({"least_minor": 600_000}, "least_minor"),
        ({"ends_at": START}, "ends_at"),
        ({"weekdays": 0}, "weekdays"),
        ({"until_minute": 9 * 60}, "until_minute"),
        ({"budget_minor": 0}, "budget_minor"),
        ({"daily_minor": 100_001}, "daily_minor"),
        ({"holdout_ppm": 500_001}, "holdout_ppm"),
    ],
)
def test_a_wrong_draft_names_its_field(change, column):
    problems = check_draft(replace(DRAFT, **change), offered={3, 6, 12}, now=START)
    assert [problem.column for problem in problems][:1] == [column]


def test_a_right_draft_has_no_problems_until_it_is_over():
    assert check_draft(DRAFT, offered={3, 6, 12}, now=START) == ()
    assert [p.code for p in check_draft(DRAFT, offered={3, 6, 12}, now=END)] == ["DATES_PAST"]


def test_the_share_held_out_is_the_share_asked_for_and_lasts():
    tenth = campaign(DRAFT)
    held = [is_held_out(tenth, f"customer {i}") for i in range(5_000)]
    assert 400 < sum(held) < 600
    assert held == [is_held_out(tenth, f"customer {i}") for i in range(5_000)]
    assert not any(is_held_out(campaign(replace(DRAFT, holdout_ppm=0)), f"customer {i}") for i in range(500))
