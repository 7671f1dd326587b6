"""One examination for every kind of model: what passes, what sends work back, and that comparing is fair to both sides."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.models import api as models
from honghua.models.battery import Subject, check_subject
from honghua.models.examining.api import (
    ExaminedRows,
    Groups,
    Lives,
    Rival,
    Window,
    candidate_card,
    candidate_html,
    examine_candidate,
    scorecard_subject,
)
from honghua.models.examining.subjects import find_breaks
from honghua.models.examining.tests.planted import NAMES, book, fit_line, logistic
from honghua.models.scorecard.card import Characteristic, Cutting, Scale, build_scorecard

WINDOW = Window(dt.date(2026, 3, 31), dt.date(2026, 4, 1), dt.date(2026, 6, 30))


@pytest.fixture(scope="module")
def old():
    return book(1)


@pytest.fixture(scope="module")
def later():
    return book(2)


def line_subject(old):
    """A model of another kind: a logistic line that reads missing values as the mean."""
    fitted = fit_line(old.x, old.y, np.ones(len(old.y)))
    odds = [
        float(np.log(p / (1 - p))) for p in (fitted(row[None, :])[0] for row in np.vstack([np.zeros(4), np.eye(4)]))
    ]

    def predict(x):
        rows = np.clip(np.nan_to_num(np.asarray(x, np.float64), nan=0.0, posinf=9.0, neginf=-9.0), -9.0, 9.0)
        margin = np.full(len(rows), odds[0])
        for k in range(4):  # a column at a time: one row and many give the same bits
            margin += (odds[k + 1] - odds[0]) * rows[:, k]
        return logistic(margin)

    return Subject(NAMES, b"line" * 8, predict, lambda: (b"line" * 8, predict), lambda evidence: (), "line")


def rows_of(old, later, **more):
    rng = np.random.default_rng(3)
    given: dict[str, Any] = {
        "slices": np.arange(len(later.y)) // 500, "monotone": {"debt": 1},
        "groups": (Groups("town", rng.integers(0, 2, len(later.y)), ("north", "south")),), "window": WINDOW,
    }  # fmt: skip
    return ExaminedRows(old.x, later.x, later.y, **(given | more))


def test_one_battery_examines_a_forest_and_a_line(old, later):
    rival = Rival(b"r" * 32, later.x[:, 1].astype(np.float64))
    forest = models.build_model(
        models.train_forest(
            old.x, old.y, names=NAMES, seed=1, monotone={"debt": 1}, rounds=40, params={"num_leaves": 7}
        ).forest
    )
    kinds = []
    for subject in (models.forest_subject(forest), line_subject(old)):
        lives = Lives(np.where(later.y == 1, 6, 14), later.y == 1)
        found = examine_candidate(subject, rows_of(old, later, rival=rival, lives=lives), seed=1)
        assert found.problems == ()
        assert found.passed
        assert found.comparison is not None
        assert found.comparison.wins
        assert found.comparison.difference.low > 0.02
        assert found.notes == ()
        assert found.curve is not None
        assert found.curve.by(12) is not None
        kinds.append({check.name for check in found.checks})
        told = found.as_json()
        assert json.loads(json.dumps(told, allow_nan=False)) == told
        assert {c["check"] for c in told["checks"]} >= {
            "finite scores",
            "fair by town",
            "scores since the fitting",
            "saved and loaded",
        }
    assert "equal to LightGBM" in kinds[0] - kinds[1]
    assert kinds[1] < kinds[0]  # what its kind proves stands beside what every model must show


def test_what_is_wrong_sends_the_work_back_with_a_sentence(old, later):
    subject = line_subject(old)
    harsh = Groups("town", (later.x[:, 0] < 0).astype(np.int64), ("rich", "poor"))
    refused = models.check_of("limit response by cause", False, "a what-if on a score", "from a holdout", "wrong sign")
    cases = {
        "fair by town": (rows_of(old, later, groups=(harsh,)), ()),
        "limit response by cause": (rows_of(old, later), (refused,)),
        "scores since the fitting": (
            rows_of(old, replace(later, x=later.x - np.array([1.5, 0, 0, 0], np.float32)), slices=None),
            (),
        ),
        "monotone, swept": (rows_of(old, later, monotone={"income": 1}), ()),
    }
    for name, (rows, extra) in cases.items():
        found = examine_candidate(subject, rows, seed=1, extra=extra)
        assert not found.passed
        assert any(problem.startswith(name) for problem in found.problems), name
    bare = examine_candidate(subject, rows_of(old, later, groups=(), window=None), seed=1)
    assert bare.passed
    assert len(bare.notes) == 2
    with pytest.raises(BadInput):
        examine_candidate(subject, rows_of(old, later, slices=np.zeros(3, np.int64)), seed=1)


def small_card(parts=(-0.9, -0.2, 0.6), *, slope=1.0):
    """One number cut in three ranges, a code and missing; one flag in two groups."""
    debt = Cutting("debt", 1, np.array([-0.5, 0.8]), (9.0,), None, 5)
    flag = Cutting("age", 3, np.zeros(0), (), np.array([0, 1, 1]), 3)
    counts = np.full(5, 100), np.array([5, 10, 30, 8, 12])
    ones = (
        Characteristic(
            (debt,), np.array([*parts, 0.1, 0.3]), 0.0, ("low", "middle", "high", "code 9", "missing"), *counts
        ),
        Characteristic(
            (flag,), np.array([0.2, -0.2, 0.0]), 0.0, ("a", "b, c", "missing"), counts[0][:3], counts[1][:3]
        ),
    )
    return build_scorecard(NAMES, ones, intercept=-1.4, line=(slope, 0.0), scale=Scale())


def test_the_same_battery_examines_a_scorecard_and_proves_its_directions(old, later):
    found = check_subject(scorecard_subject(small_card()), models.Evidence(later.x, later.y, monotone={"debt": 1}))
    assert [check.name for check in found if not check.passed] == []
    assert {"parts sum to the margin", "monotone, proven on the points", "one row = many rows", "saved and loaded"} <= {
        check.name for check in found
    }
    assert find_breaks(small_card(), {"debt": -1}) == ["debt: its points turn"]
    assert find_breaks(small_card((-0.9, 0.7, 0.6)), {"debt": 1}) == ["debt: its points turn"]
    assert find_breaks(small_card(slope=-1.0), {"debt": -1}) == []  # the calibration turns them around
    assert find_breaks(small_card(), {"age": 1}) == ["age: groups of words have no order"]


def test_the_card_of_a_candidate_is_plain_json_and_one_page_without_the_world(old, later):
    lives = Lives(np.where(later.y == 1, 6, 14), later.y == 1)
    rival = Rival(b"r" * 32, later.x[:, 1].astype(np.float64))
    found = examine_candidate(line_subject(old), rows_of(old, later, rival=rival, lives=lives), seed=1)
    purpose = models.Purpose("Crowds <1>", "admission & limits", "not for prices", "planted")
    card = candidate_card(found, purpose, points=small_card().table(), importance={"income": 3.0}, rejects="left out")
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    page = candidate_html(card)
    assert not any(word in page for word in ("http", "//", "src=", "<script", "url(", "@import"))
    assert page.count("<svg") == page.count("</svg>") == 7
    for shown in (
        "Crowds &lt;1&gt;",
        "Fairness by town: passed",
        "ROC, AUC",
        "KS 0.",
        "Default by month, 12",
        "missing",
        "left out",
    ):
        assert shown in page
    bare = candidate_html(
        candidate_card(examine_candidate(line_subject(old), rows_of(old, later, groups=()), seed=1), purpose)
    )
    assert bare.count("<svg") == 5
    assert "nobody said how the refused came in" in bare
    assert "Points" not in bare


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(6, 60), st.integers(1, 5))
def test_comparing_is_swap_safe(seed, rows, grain):
    rng = np.random.default_rng(seed)
    y = np.append([0, 1, 0, 1], rng.integers(0, 2, rows))
    one, two = (np.round(rng.normal(size=len(y)) + y, grain) for _ in range(2))
    there, back = models.auc_difference(y, one, two), models.auc_difference(y, two, one)
    assert (there.low, there.mid, there.high) == pytest.approx((-back.high, -back.mid, -back.low))
    same = models.auc_difference(y, one, 2 * one + 1)
    assert (same.low, same.mid, same.high) == (0.0, 0.0, 0.0)


def test_the_paired_interval_is_that_of_many_books():
    """The share of books whose interval holds the true difference is about 95 %, and far narrower than of two unpaired intervals."""
    held, wide = 0, []
    for seed in range(300):
        one = book(seed, 400)
        better, worse = one.chance, one.chance * np.exp(0.9 * np.random.default_rng(seed).normal(size=400))
        found = models.auc_difference(one.y, better, worse)
        held += found.low <= 0.0868 <= found.high
        apart = [models.auc_interval(one.y, scores) for scores in (better, worse)]
        wide.append((found.high - found.low) / np.hypot(apart[0].high - apart[0].low, apart[1].high - apart[1].low))
    assert 0.92 <= held / 300 <= 0.98
    assert np.mean(wide) < 0.85
