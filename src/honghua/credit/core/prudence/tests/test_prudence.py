"""Stages, losses, ratios and stress beside what can be said of them without the code."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.credit.core.prudence.classes import Standing, find_class, use_table
from honghua.credit.core.prudence.evidence import Item, Needs, find_missing, pack_digest
from honghua.credit.core.prudence.ratios import Figures, Rule, read_ratios
from honghua.credit.core.prudence.stages import (
    LossParameters,
    Signs,
    StageRules,
    default_ppm,
    expected_loss_minor,
    find_stage,
    find_stages,
    loss_curve,
)
from honghua.credit.core.prudence.stress import StressBook, StressPlan, run_stress
from honghua.credit.core.terms import ProductTerms

DAY = dt.date(2026, 6, 30)
PPM = st.integers(0, 1_000_000)


def rule(**more):
    return Rule(**{"name": "r", "source": "here", "grade": "U", "since": dt.date(2020, 1, 1), **more})


# ---- classes
def test_a_class_never_falls_with_more_days():
    for table in ("2023", "cards_2011"):
        terms = use_table(ProductTerms(), table)
        found = [find_class(Standing(on=DAY, overdue_since=DAY - dt.timedelta(days=n)), terms) for n in range(1, 400)]
        assert found == sorted(found)
        assert set(found) == {2, 3, 4, 5}


def test_a_table_that_nobody_wrote_is_refused():
    with pytest.raises(BadInput, match="no such table"):
        use_table(ProductTerms(), "1998")


# ---- stages
@given(days=st.integers(0, 400), risk_class=st.integers(1, 5), is_restructured=st.booleans())
def test_the_book_is_staged_as_one_account(days, risk_class, is_restructured):
    rules = StageRules()
    one = find_stage(Signs(days_past_due=days, risk_class=risk_class, is_restructured=is_restructured), rules)
    many = find_stages(np.array([days]), np.array([risk_class]), np.array([is_restructured]), rules)
    assert many.tolist() == [one]


@given(pd=PPM, more=PPM, lgd=PPM, claim=st.integers(0, 10**12), undrawn=st.integers(0, 10**9))
def test_loss_grows_with_the_stage_and_never_exceeds_what_is_owed_and_open(pd, more, lgd, claim, undrawn):
    life = min(1_000_000, pd + more)
    parameters = LossParameters(pd_year_ppm=(pd,), pd_life_ppm=(life,), lgd_ppm=lgd, conversion_ppm=300_000)
    one, two, three = (
        expected_loss_minor(stage, 0, parameters, claim_minor=claim, undrawn_minor=undrawn) for stage in (1, 2, 3)
    )
    assert one <= two <= claim + undrawn
    assert three <= claim
    exact = Fraction(claim) * lgd / 10**6
    assert abs(three - exact) <= Fraction(1, 2)


def test_default_probability_is_what_counting_paths_gives():
    """Three buckets: fine, late, lost. In a month 10 % of the fine become late, half of the late are lost, the others become fine."""
    moves = np.array([[0.9, 0.1, 0.0], [0.5, 0.0, 0.5], [0.0, 0.0, 1.0]])
    found = default_ppm(moves, default_from=2, months=2, eir_year=Fraction(0))
    assert found == (50_000, 500_000, 1_000_000)  # .1 × .5; .5 and then nobody from fine at once; lost already
    discounted = default_ppm(moves, default_from=2, months=2, eir_year=Fraction(1, 5))
    assert discounted[0] < found[0]
    assert discounted[2] == 1_000_000


def test_a_small_book_leans_on_the_prior_and_a_large_one_on_itself():
    prior = np.array([[0.5, 0.5], [0.0, 1.0]])
    few = loss_curve(np.array([[1, 0], [0, 0]]), prior, prior_accounts=1_000)
    many = loss_curve(np.array([[10**7, 0], [0, 0]]), prior, prior_accounts=1_000)
    assert abs(few[0, 1] - 0.5) < 0.01
    assert many[0, 1] < 0.001
    assert np.allclose(few.sum(axis=1), 1)


# ---- evidence
def test_the_digest_of_a_pack_is_of_its_documents_not_of_their_order():
    items = [Item("contract", DAY, bytes([n]) * 32, f"doc {n}") for n in range(3)]
    assert pack_digest(items) == pack_digest(items[::-1])
    assert pack_digest(items) != pack_digest(items[:2])


def test_an_empty_pack_lacks_everything():
    needs = Needs(bands=((10**15, 180, 6),))
    codes = {one.code for one in find_missing(needs, (), claim_minor=100, days_past_due=0, approvals=())}
    assert codes == {"DOCUMENT_MISSING", "TOO_EARLY", "ATTEMPTS_MISSING", "TWO_PERSONS_NEEDED"}


# ---- ratios
@pytest.mark.parametrize(
    ("part", "whole", "bound", "status"),
    [
        (30, 100, {"least_ppm": 300_000}, "kept"),
        (29, 100, {"least_ppm": 300_000}, "broken"),
        (30, 100, {"most_ppm": 300_000}, "kept"),
        (31, 100, {"most_ppm": 300_000}, "broken"),
        (300_001, 10**6, {"most_ppm": 300_000}, "broken"),
        (1, 0, {"most_ppm": 300_000}, "nothing"),
    ],
)
def test_bounds_are_kept_on_the_bound(part, whole, bound, status):
    (found,) = read_ratios([rule(part="a", whole="b", **bound)], Figures({"a": part, "b": whole}), on=DAY)
    assert found.status == status


def test_a_dimension_names_each_key_that_breaks_it_and_an_untold_figure_is_unknown():
    largest = rule(largest_of="merchant", whole="drawn", most_ppm=200_000, action="stop_key")
    figures = Figures({"drawn": 100}, {"merchant": {"A": 50, "B": 30, "C": 20}})
    assert [(one.key, one.status) for one in read_ratios([largest], figures, on=DAY)] == [
        ("A", "broken"),
        ("B", "broken"),
    ]
    unknown = read_ratios([rule(part="capital", whole="drawn", least_ppm=1)], figures, on=DAY)
    assert [(one.status, one.missing) for one in unknown] == [("unknown", ("capital",))]


def test_a_rule_holds_on_its_days_only():
    dated = rule(part="a", whole="b", most_ppm=0, until=dt.date(2026, 6, 29))
    assert read_ratios([dated], Figures({"a": 1, "b": 1}), on=DAY) == ()
    assert len(read_ratios([dated], Figures({"a": 1, "b": 1}), on=dt.date(2026, 6, 29))) == 1


@pytest.mark.parametrize("wrong", [{"part": "a", "whole": "b"}, {"part": "a", "most_ppm": 1}, {"whole": "b", "most_ppm": 1},
                                   {"part": "a", "whole": "b", "most_ppm": 1, "action": "stop_key"}])  # fmt: skip
def test_a_rule_that_says_nothing_is_refused(wrong):
    with pytest.raises(BadInput):
        rule(**wrong)


# ---- stress
BOOK = StressBook(
    claims_minor=(9_000_000_000, 500_000_000), undrawn_minor=(4_000_000_000, 0), pd_ppm=(30_000, 1_000_000), lgd_ppm=600_000,
    conversion_ppm=300_000, income_year_minor=500_000_000, repaid_month_minor=1_000_000_000, net_capital_minor=1_200_000_000,
    risk_weighted_minor=9_000_000_000, liquid_assets_minor=2_000_000_000, liquid_liabilities_minor=3_000_000_000,
)  # fmt: skip


def stress(seed: int):
    return run_stress(BOOK, StressPlan(seed=seed, capital_least_ppm=105_000, liquidity_least_ppm=500_000, paths=2_000))


def test_worse_weather_loses_more_and_the_seed_repeats_it():
    first = stress(7)
    assert first == stress(7)
    assert first != stress(8)
    assert [one.scenario for one in first] == ["baseline", "adverse", "severe"]
    for quantile in range(3):
        losses = [one.loss_minor[quantile] for one in first]
        assert losses == sorted(losses)
    assert "capital" in first[2].broken
    assert first[0].broken == ()


def test_mean_loss_without_a_common_factor_is_the_expected_loss():
    plan = StressPlan(seed=1, capital_least_ppm=0, liquidity_least_ppm=0, paths=10, correlation=0.0)
    found = run_stress(BOOK, plan)[0]
    expected = (9_000_000_000 + 4_000_000_000 * 0.3) * 0.03 * 0.6 + 500_000_000 * 0.6
    assert set(found.loss_minor) == {round(expected)}
