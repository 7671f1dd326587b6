"""Limits by cause: the slice is drawn for good, curves never fall, naive models are refused, ours is near the truth and not refused."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.limits.response.api import (
    ChoiceTerms,
    Evidence,
    Moves,
    ResponseBounds,
    Rows,
    Slice,
    check_response,
    choose_limits,
    draw_arms,
    fit_response,
    is_in_slice,
    measure_effect,
    move_limits,
)

SLICE = Slice(name="test", share_ppm=250_000)
NAMES = ("limit_minor", "used_share", "weakness")
N = 12_000


def draw_book(seed):
    """A book in which the safer were given more by something that no column holds; default and use rise with the limit in truth."""
    rng = np.random.default_rng(seed)
    seen, hidden = rng.normal(size=N), rng.normal(size=N)
    limit = (np.exp(12.5 - 0.3 * seen - 0.7 * hidden) // 100 * 100).astype(np.int64)
    need = np.exp(12.6 + 0.6 * rng.normal(size=N))
    keys = np.arange(N, dtype=np.int64)
    arm = draw_arms(SLICE, keys, period=1)
    given = move_limits(SLICE, limit, arm)
    used = need * -np.expm1(-given / need)
    late = rng.random(N) < 1 / (1 + np.exp(2.2 - 0.7 * seen - 1.2 * hidden - 0.5 * used / need))
    share = need * -np.expm1(-limit / need) / limit
    x = np.stack([limit, share, seen], axis=1).astype(np.float32)
    rows = Rows(keys, x, limit, limit / 300_000, used.astype(np.int64), (late * 0.6 * given).astype(np.int64))
    return rows, arm


@pytest.fixture(scope="module")
def fitted():
    rows, arm = draw_book(1)
    inside = arm >= 0
    response = fit_response(rows.take(~inside), rows.take(inside), arm[inside], SLICE, names=NAMES, seed=1)
    return response, rows, arm


def test_the_slice_is_the_same_for_ever_and_arms_are_drawn_anew_each_period():
    keys = np.arange(100_000, dtype=np.int64)
    inside = is_in_slice(SLICE, keys)
    assert abs(inside.mean() - 0.25) < 0.01
    first, again, later = (draw_arms(SLICE, keys, period=p) for p in (1, 1, 2))
    assert (first == again).all()
    assert ((first >= 0) == inside).all()
    assert ((later >= 0) == inside).all()
    counts = np.bincount(first[inside])
    assert len(counts) == 6
    assert counts.min() > 0.9 * counts.max()
    assert abs(np.corrcoef(first[inside], later[inside])[0, 1]) < 0.02, "lots of two periods know nothing of each other"
    few = is_in_slice(Slice(name="test", share_ppm=10_000), keys)
    assert inside[few].all(), "a smaller share is a part of a larger one"


def test_limits_move_by_exact_parts_and_others_stay():
    arms = np.array([-1, 0, 2, 5], np.int8)
    assert move_limits(SLICE, np.array([333, 333, 333, 333]), arms).tolist() == [333, 199, 333, 666]


@pytest.mark.parametrize(
    "wrong",
    [{"share_ppm": 0}, {"factors_ppm": (1_000_000, 900_000, 1_100_000)}, {"factors_ppm": (500_000, 2_000_000, 3_000_000)},
     {"factors_ppm": (500_000, 1_000_000)}, {"factors_ppm": (0, 1_000_000, 2_000_000)}],
)  # fmt: skip
def test_a_slice_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(BadInput) as refused:
        Slice(name="x", **wrong)
    assert refused.value.code == "SLICE_INVALID"


def test_no_curve_falls_for_any_customer_even_of_hostile_rows(fitted):
    response, rows, _ = fitted
    rng = np.random.default_rng(3)
    x = rng.normal(size=(500, 3)).astype(np.float32) * np.float32(1e6)
    x[::7] = np.nan
    limit = rng.integers(1, 10**9, 500)
    hostile = Rows(np.arange(500), x, limit, rng.uniform(0, 1e6, 500), limit, limit)
    for some in (rows, hostile):
        curves = response.curves(some, [0.6, 0.7, 0.9, 1.0, 1.3, 1.9, 2.0])
        assert (np.diff(curves.used_minor, axis=1) >= 0).all()
        assert (np.diff(curves.loss_minor, axis=1) >= 0).all()
        assert (curves.loss_minor >= 0).all()
        assert (curves.loss_half_minor >= 0).all()


def test_nothing_is_said_beyond_the_factors_that_were_tried(fitted):
    response, rows, _ = fitted
    with pytest.raises(BadInput) as refused:
        response.curves(rows, [1.0, 2.5])
    assert refused.value.code == "RESPONSE_UNTRIED"


def test_the_same_rows_and_seed_give_the_same_response(fitted):
    response, rows, arm = fitted
    inside = arm >= 0
    again = fit_response(rows.take(~inside), rows.take(inside), arm[inside], SLICE, names=NAMES, seed=1)
    assert again.lost.draws.tobytes() == response.lost.draws.tobytes()
    assert again.baseline.loss.digest == response.baseline.loss.digest


def test_a_response_is_let_pass_and_a_naive_one_is_refused_for_its_sign(fitted):
    response, _, _ = fitted
    rows, arm = draw_book(2)  # other people: what was not learnt from
    inside = arm >= 0
    slice_rows, drawn = rows.take(inside), arm[inside]
    moves = Moves(drawn, slice_rows.loss_minor.astype(np.float64), slice_rows.person, SLICE.factors)
    ours = check_response(
        response.curves(slice_rows, list(SLICE.factors)).loss_minor, moves, bounds=ResponseBounds(off_share=0.5)
    )
    assert ours.passed, ours
    assert ours.falling_share == 0.0
    naive = np.stack([
        np.exp(response.baseline.loss.score(_with_limit(slice_rows, factor))) for factor in SLICE.factors
    ], axis=1)  # fmt: skip
    refused = check_response(naive, moves)
    assert not refused.passed
    assert {"RESPONSE_FALLS"} <= {one.code for one in refused.problems}
    opposite = check_response(np.broadcast_to(-SLICE.factors, naive.shape), moves)
    assert [one.code for one in opposite.problems] == ["RESPONSE_FALLS", "RESPONSE_WRONG_SIGN"]


def _with_limit(rows, factor):
    x = rows.x.copy()
    x[:, 0] = rows.limit_minor * factor
    return x


def test_a_small_slice_proves_nothing_and_a_model_far_off_is_refused():
    rng = np.random.default_rng(4)
    arm = rng.integers(0, 6, 5_000).astype(np.int8)
    level = np.log(SLICE.factors)
    outcome = 10 + 3 * level[arm] + rng.normal(0, 1, 5_000)
    moves = Moves(arm, outcome, np.arange(5_000), SLICE.factors)
    said = np.broadcast_to(10 + 3 * level, (5_000, 6))
    assert check_response(said, moves).passed
    assert [one.code for one in check_response(10 + 2 * (said - 10), moves).problems] == ["RESPONSE_OFF"]
    assert [one.code for one in check_response(20 - said, moves).problems] == ["RESPONSE_FALLS", "RESPONSE_WRONG_SIGN"]
    few = Moves(arm[:900], outcome[:900], np.arange(900), SLICE.factors)
    assert [one.code for one in check_response(said[:900], few).problems] == ["RESPONSE_UNPROVEN"]
    flat = moves._replace(outcome=rng.normal(0, 1, 5_000))
    assert "RESPONSE_UNPROVEN" in {one.code for one in check_response(said, flat).problems}
    with pytest.raises(BadInput):
        check_response(said * np.nan, moves)


def test_the_measured_effect_covers_the_truth_as_often_as_it_says_and_counts_a_person_once():
    level = np.log(SLICE.factors)
    covered, repeated = 0, 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        person = np.repeat(np.arange(500), 2)
        arm = rng.integers(0, 6, 1_000).astype(np.int8)
        kind = rng.normal(0, 2, 500)[person]
        outcome = 5 + 1.5 * level[arm] + kind + rng.normal(0, 1, 1_000)
        low, _, high = measure_effect(Moves(arm, outcome, person, SLICE.factors), np.zeros(1_000))
        covered += low <= 1.5 <= high
        small_low, _, small_high = measure_effect(Moves(arm, outcome, person, SLICE.factors), kind)
        repeated += (small_high - small_low) < (high - low)
    assert 0.90 <= covered / 200 <= 0.99
    assert repeated == 200, "what is known beforehand lowers the noise"


def test_limits_are_chosen_within_both_budgets_and_from_the_factors_tried(fitted):
    response, rows, arm = fitted
    inside = arm >= 0
    others, evidence = rows.take(~inside), Evidence(rows.take(inside), arm[inside])
    terms = ChoiceTerms(
        margin_ppm=200_000, loss_minor=int(others.loss_minor.sum() * 0.9), drawn_minor=int(others.used_minor.sum())
    )
    chosen = choose_limits(response, others, evidence, SLICE, terms)
    assert chosen.allocation.violation == 0.0
    assert (chosen.allocation.spent <= [terms.loss_minor, terms.drawn_minor]).all()
    assert (chosen.limit_minor == others.limit_minor * np.array(SLICE.factors_ppm)[chosen.arm] // 1_000_000).all()
    assert len(np.unique(chosen.arm)) > 2


def test_thin_evidence_is_refused(fitted):
    _, rows, arm = fitted
    few = np.flatnonzero(arm >= 0)[:300]
    with pytest.raises(BadInput) as refused:
        fit_response(rows, rows.take(few), arm[few], SLICE, names=NAMES, seed=1)
    assert refused.value.code == "RESPONSE_THIN"
