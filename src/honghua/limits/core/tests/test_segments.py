"""Segments: each setting of each segment is the one that decides for its accounts, and a rulebook without them is what it was."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings

from honghua.base.errors import BadInput
from honghua.limits.core import (
    EXAMPLE_SEGMENTS,
    LimitTerms,
    Record,
    Rulebook,
    decide_move,
    explain_growth,
    find_segment,
    rulebook_from_body,
    terms_from_body,
)
from honghua.limits.core.tests.test_growing import RECORD

PLAIN = LimitTerms()
TERMS = LimitTerms(version=2, segments=EXAMPLE_SEGMENTS)
# A record of each segment of the example, and one of none.
ROWS = {
    "past_due": Record(limit_minor=200_000, ceiling_minor=900_000, used_share_ppm=500_000, was_late=True, dpd=1),
    "was_late": Record(limit_minor=200_000, ceiling_minor=900_000, used_share_ppm=500_000, was_late=True),
    "light": Record(limit_minor=200_000, ceiling_minor=15_000_000, used_share_ppm=199_999),
    "high_net_worth": Record(limit_minor=5_000_000, ceiling_minor=15_000_000, used_share_ppm=200_000),
    "stretched": Record(limit_minor=400_000, ceiling_minor=15_000_000, used_share_ppm=900_000),
    "": Record(limit_minor=400_000, ceiling_minor=900_000, used_share_ppm=200_000),
}


def test_a_rulebook_without_segments_has_the_digest_that_it_had_before_there_were_any():
    """Nor is the digest of one with segments another for conditions that it does not use."""
    assert PLAIN.digest().hex() == "6aa27f3f49c32980e1dfd42d56965148e8019235c3d8e2b0947b6cac1f84cc5c"
    assert Rulebook().digest.hex() == "28d031cab8a955b9dbf40d9582e1695b327c5e85993d31f396ef87794d020016"
    assert "segments" not in PLAIN.body()
    book = Rulebook(TERMS)
    assert rulebook_from_body(msgspec.json.decode(msgspec.json.encode(book.body()))).digest == book.digest
    assert terms_from_body(TERMS.body()) == TERMS
    old = replace(EXAMPLE_SEGMENTS[1], ceiling_from_minor=10)
    assert {"used_from_ppm", "used_below_ppm", "is_past_due"}.isdisjoint(old.body())
    assert (
        LimitTerms(version=2, segments=(old,)).digest().hex()
        == "844e1325074be578515cc7e4258240bdc33d4a6f87ab0fe05e8b68cf5be2cc50"
    )
    digests = {PLAIN.digest(), TERMS.digest(), replace(TERMS, segments=EXAMPLE_SEGMENTS[::-1]).digest()}
    assert len(digests) == 3


@pytest.mark.parametrize("name", ROWS)
def test_each_account_is_of_the_first_segment_that_holds(name):
    found = find_segment(TERMS, ROWS[name])
    assert (found.name if found else "") == name


@given(RECORD)
@settings(max_examples=200, derandomize=True)
def test_whoever_is_of_no_segment_is_judged_by_the_general_terms(record):
    if find_segment(TERMS, record) is None:
        assert decide_move(TERMS, record) == decide_move(PLAIN, record)
        assert explain_growth(TERMS, record) == explain_growth(PLAIN, record)


@given(RECORD)
@settings(max_examples=200, derandomize=True)
def test_nobody_grows_beyond_the_segment_s_ceiling_and_the_ceiling_cuts_nobody(record):
    own = find_segment(TERMS, record)
    move = decide_move(TERMS, record)
    if own is not None and own.growth_cap_minor and move.is_raise:
        assert move.to_minor <= own.growth_cap_minor
    if move.reason == "CEILING_FELL":
        assert record.limit_minor > record.ceiling_minor


@pytest.mark.parametrize("own", EXAMPLE_SEGMENTS, ids=lambda own: own.name)
def test_each_setting_of_each_segment_is_the_one_that_decides(own):
    anybody = {"was_late": None, "is_past_due": None, "used_from_ppm": 0, "used_below_ppm": 0}
    alone = LimitTerms(
        segments=(replace(own, **anybody),)
    )  # who was late does not grow at all: looked at without that rule
    good = replace(
        ROWS[own.name], was_late=False, dpd=0, good_statements=own.growth_statements, days_since_change=own.growth_days,
        used_share_ppm=own.growth_used_ppm,
    )  # fmt: skip
    growth = explain_growth(alone, good)
    assert growth.missing == ()
    grown = good.limit_minor + good.limit_minor * own.growth_step_ppm // 1_000_000 // 10_000 * 10_000
    assert decide_move(alone, good).to_minor == growth.next_minor == min(grown, good.ceiling_minor)
    for code, short in (
        ("ON_TIME", replace(good, good_statements=own.growth_statements - 1)),
        ("WAITED", replace(good, days_since_change=own.growth_days - 1)),
        ("IN_USE", replace(good, used_share_ppm=own.growth_used_ppm - 1)),
    ):
        assert [rule.code for rule in explain_growth(alone, short).missing] == [code]
    capped = LimitTerms(segments=(replace(own, **anybody, growth_cap_minor=good.limit_minor),))
    assert not decide_move(capped, good).is_raise
    late = replace(ROWS[own.name], dpd=own.cut_late_days)
    assert decide_move(alone, late).reason == "LATE"
    assert decide_move(alone, replace(late, dpd=own.cut_late_days - 1)).reason == ""
    idle = replace(ROWS[own.name], idle_days=own.idle_days)
    assert decide_move(TERMS, idle).reason == "IDLE"
    assert decide_move(TERMS, replace(idle, idle_days=own.idle_days - 1)).reason == ""


def test_the_clock_looks_at_accounts_from_the_soonest_segment_on():
    assert (PLAIN.first_late_days, PLAIN.first_idle_days) == (8, 360)
    assert (TERMS.first_late_days, TERMS.first_idle_days) == (4, 180)
    patient = LimitTerms(segments=(replace(EXAMPLE_SEGMENTS[3], cut_late_days=99, idle_days=999),))
    assert (patient.first_late_days, patient.first_idle_days) == (8, 360)


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "}, {"limit_from_minor": -1}, {"limit_from_minor": 5, "limit_below_minor": 5}, {"used_from_ppm": 5, "used_below_ppm": 5},
        {"growth_step_ppm": 1_000_001},
        {"growth_days": -1}, {"cut_late_days": 0}, {"growth_cap_minor": -1},
    ],
    ids=str,
)  # fmt: skip
def test_an_unsound_segment_is_refused(change):
    with pytest.raises(BadInput, match="segment"):
        LimitTerms(segments=(replace(EXAMPLE_SEGMENTS[0], **change),))
    with pytest.raises(BadInput, match="names of their own"):
        LimitTerms(segments=(EXAMPLE_SEGMENTS[0], EXAMPLE_SEGMENTS[0]))
