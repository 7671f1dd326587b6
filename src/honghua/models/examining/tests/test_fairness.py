from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.models.examining.api import (
    FairnessBounds,
    Groups,
    difference_interval,
    measure_fairness,
    ratio_interval,
    share_interval,
)

HMDA = Path(__file__).parents[6] / "shared" / "data" / "hmda_boston" / "HMDA.parquet"


def planted(seed, rows=4_000, *, harsh=0.0, wrong=0.0):
    """Two groups of equal risk; harsh: how much worse the score says the second is; wrong: how much riskier it truly is."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, rows)
    z = rng.normal(size=rows) - 1.5
    y = (rng.random(rows) < 1 / (1 + np.exp(-(z + wrong * group)))).astype(int)
    scores = 1 / (1 + np.exp(-(z + harsh * group)))
    return y, scores, Groups("town", group.astype(np.int64), ("north", "south"))


def judge(y, scores, groups, **bounds):
    approved = scores <= np.quantile(scores, 0.6)
    return measure_fairness(y, scores, groups, approved=approved, bounds=FairnessBounds(**bounds))


def test_equal_treatment_passes_and_each_kind_of_harm_is_named():
    fair = judge(*planted(1))
    assert fair.passed
    assert fair.problems == ()
    assert len(fair.groups) == 2
    harsh = judge(*planted(1, harsh=1.0))
    assert not harsh.passed
    assert harsh.reference == "north"
    assert [("often" in p, "seldomer" in p, "said as" in p) for p in harsh.problems] == [
        (True, False, False), (False, True, False), (False, False, True),
    ]  # fmt: skip
    assert all(p.startswith("town = south") for p in harsh.problems)
    blind = judge(*planted(1, wrong=1.0))
    assert [p.split(":")[1][:21] for p in blind.problems] == [" its risk is said as "]


def test_few_rows_are_shown_and_never_judged():
    y, scores, groups = planted(2, 300, harsh=2.0)
    codes = np.where(np.arange(300) < 20, 1, 0)
    report = judge(y, scores, Groups("town", codes, groups.words))
    assert [(one.word, one.judged) for one in report.groups] == [("north", False), ("south", False)]
    assert report.problems == ()
    assert not report.is_judged
    assert not report.passed
    assert report.as_json()["groups"][1]["rows"] == 20
    unsure = judge(*planted(4, 260, harsh=0.35), rows_min=50)
    assert unsure.groups[1].ratio.low < 0.8  # it may well be unfair, but nobody could say so of so few
    assert not any("often" in p for p in unsure.problems)


def test_intervals_by_the_book():
    """Newcombe (1998), tables I and II: 81 of 263 is 0.2553 … 0.3662; 56/70 − 48/80 is 0.0524 … 0.3339."""
    one = share_interval(81, 263)
    assert (one.low, one.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    two = difference_interval(share_interval(56, 70), share_interval(48, 80))
    assert (two.low, two.mid, two.high) == pytest.approx((0.0524, 0.2, 0.3339), abs=5e-5)
    assert ratio_interval((0, 10), (50, 50)).mid == 0.0
    assert np.isnan(ratio_interval((3, 0), (50, 50)).mid)
    assert np.isnan(share_interval(0, 0).mid)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.integers(0, 50), st.integers(1, 50), st.integers(1, 50), st.integers(1, 50))
def test_intervals_hold_their_figure(a, n, b, m):
    a, b = min(a, n), min(b, m)
    for found in (
        share_interval(a, n),
        difference_interval(share_interval(a, n), share_interval(b, m)),
        ratio_interval((a, b), (n, m)),
    ):
        assert found.low <= found.mid + 1e-12
        assert found.mid <= found.high + 1e-12


def test_columns_that_do_not_fit_are_refused():
    y, scores, groups = planted(3, 200)
    for wrong in (Groups("town", groups.codes[:-1], groups.words), Groups("town", groups.codes + 1, groups.words)):
        with pytest.raises(BadInput):
            judge(y, scores, wrong)


@pytest.mark.skipif(not HMDA.exists(), reason="../shared/data is not here")
def test_boston_1990_denied_black_applicants_more_often_than_chance_and_the_report_says_so():
    """What lenders did: approval is theirs, not a score's. Munnell et al., AER 86 (1996) 25: 28 % of black applicants denied."""
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(HMDA)
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    denied = np.array(columns["deny"]) == "yes"
    groups = Groups.of("race", columns["afam"])
    report = measure_fairness(denied.astype(int), denied.astype(float), groups, approved=~denied)
    worst = min(report.groups, key=lambda one: one.approved.mid)
    assert worst.approved.mid == pytest.approx(0.717, abs=0.01)
    assert worst.ratio.high < 0.86
    assert any("best treated" in problem for problem in report.problems)
