"""Growth by rules that explain themselves, cuts that come first, offers in batches whose risk is bounded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.limits.core import (
    REASONS,
    Audience,
    LimitTerms,
    Record,
    choose_offers,
    decide_move,
    explain_growth,
    next_limit,
)

TERMS = LimitTerms()
GOOD = Record(
    limit_minor=100_000,
    ceiling_minor=1_000_000,
    used_minor=20_000,
    good_statements=3,
    days_since_change=90,
    used_share_ppm=200_000,
)
RECORD = st.builds(
    Record,
    limit_minor=st.integers(1, 200).map(lambda k: k * 10_000), ceiling_minor=st.integers(0, 3_000_000),
    used_minor=st.integers(0, 2_500_000), good_statements=st.integers(0, 5), days_since_change=st.integers(0, 200),
    used_share_ppm=st.integers(0, 1_200_000), dpd=st.integers(0, 20), was_late=st.booleans(), has_temporary=st.booleans(),
    idle_days=st.integers(0, 500), fraud_reports=st.integers(0, 1), new_lenders=st.integers(0, 3),
)  # fmt: skip


@given(RECORD)
@settings(max_examples=300)
def test_a_raise_comes_exactly_when_every_rule_is_met_and_never_beyond_the_ceiling(record):
    move, growth = decide_move(TERMS, record), explain_growth(TERMS, record)
    assert growth.next_minor <= max(record.limit_minor, record.ceiling_minor)
    if move.is_raise:
        assert growth.missing == ()
        assert move.to_minor == growth.next_minor == next_limit(TERMS, record) <= record.ceiling_minor
        assert move.reason == "GROWTH"
    elif move.to_minor < record.limit_minor:
        assert move.reason in REASONS
        assert move.to_minor >= min(record.used_minor, record.limit_minor)  # a cut never reaches into what is used
    if growth.missing:
        assert not move.is_raise


def test_each_missing_rule_stops_growth_and_is_named():
    assert decide_move(TERMS, GOOD).to_minor == 150_000
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"good_statements": 2}, "ON_TIME"), ({"days_since_change": 89}, "WAITED"), ({"used_share_ppm": 199_999}, "IN_USE"),
        ({"was_late": True}, "NOT_LATE"), ({"has_temporary": True}, "NO_TEMPORARY"), ({"ceiling_minor": 100_000}, "BELOW_CEILING"),
    )  # fmt: skip
    for change, code in cases:
        record = replace(GOOD, **change)
        assert [rule.code for rule in explain_growth(TERMS, record).missing] == [code]
        assert decide_move(TERMS, record).to_minor == 100_000


def test_cuts_come_first_and_keep_what_is_used():
    used = replace(GOOD, used_minor=33_001)
    cases: tuple[tuple[dict[str, Any], str, int], ...] = (
        ({"fraud_reports": 1}, "FRAUD_REPORTED", 40_000), ({"dpd": 8}, "LATE", 40_000), ({"new_lenders": 2}, "", 100_000),
        ({"ceiling_minor": 60_000}, "CEILING_FELL", 60_000),
        ({"idle_days": 360, "used_minor": 0, "limit_minor": 300_000}, "IDLE", 100_000),
        ({"limit_minor": 300_000, "new_lenders": 2}, "LENDERS_GREW", 100_000),
    )  # fmt: skip
    for change, reason, to in cases:
        move = decide_move(TERMS, replace(used, **change))
        assert (move.reason, move.to_minor) == (reason, to), change


def test_offers_in_batches_are_those_of_least_risk_within_the_ratio():
    rng = np.random.default_rng(5)
    n = 20_000
    risk = rng.beta(1, 30, n)
    risk[::50] = np.nan
    audience = Audience(
        limit_minor=rng.integers(1, 100, n) * 10_000, ceiling_minor=rng.integers(1, 150, n) * 10_000,
        used_minor=np.zeros(n, np.int64), risk=risk, dpd=(rng.random(n) < 0.1).astype(np.int64), may_offer=rng.random(n) < 0.8,
        has_temporary=rng.random(n) < 0.1,
    )  # fmt: skip
    offers = choose_offers(TERMS, audience)
    assert len(offers.rows) > 1_000
    assert offers.risk_chosen <= 0.6 * offers.risk_all
    rows = offers.rows
    assert audience.may_offer[rows].all()
    assert not audience.has_temporary[rows].any()
    assert (audience.dpd[rows] == 0).all()
    assert not np.isnan(risk[rows]).any()
    assert (offers.amounts_minor > 0).all()
    assert (audience.limit_minor[rows] + offers.amounts_minor <= audience.ceiling_minor[rows]).all()
    assert (offers.amounts_minor % TERMS.limit_step_minor == 0).all()
    fewer = choose_offers(TERMS, audience, most=100)
    assert len(fewer.rows) == 100
    assert fewer.risk_bound <= offers.risk_bound
    nobody = replace(audience, may_offer=np.zeros(n, np.bool_))
    assert len(choose_offers(TERMS, nobody).rows) == 0
