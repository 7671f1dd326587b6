"""What a model is given to read: values that tell on all parts of the time and those that alarms are made of; the rest is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from honghua.base.errors import IntegrityBroken
from honghua.fraud.api import FitSettings, choose_for, fit_fraud
from honghua.fraud.choosing import bringing, choose_values, parts_of_frauds
from honghua.fraud.core import SILENCE, Family, RiskPlan, Value
from honghua.fraud.core.tails import Tail, speaking
from honghua.fraud.sieving import Rows
from honghua.fraud.tests.small import PLAN
from honghua.fraud.tests.test_fitting import SETTINGS, fitted, sensed

NOISE = 30
DESCRIBED = [
    Value("tells", Family.PLAIN), Value("tells_early", Family.PLAIN), Value("label_tells", Family.LABEL), Value(SILENCE, Family.LABEL),
    Value("alarm", Family.CROWD, 1), Value("quiet", Family.CROWD, 1), *(Value(f"noise_{k}", Family.PLAIN) for k in range(NOISE)),
]  # fmt: skip


def rows(n: int = 1500, seed: int = 3) -> Rows:
    """A tenth are frauds; `tells` always says so, `tells_early` only in the first third, `alarm` is seldom and great, `quiet` is 0."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.1).astype(np.float64)
    x = rng.normal(size=(n, len(DESCRIBED))).astype(np.float32)
    x[:, 0] += 3 * y
    x[: n // 3, 1] += 3 * y[: n // 3]
    x[:, 2] += 3 * y
    x[:, 4] = np.where(np.arange(n) % 50 == 0, 100 + x[:, 4], 0)
    x[:, 5] = 0
    return Rows(x, y, np.ones(n), np.zeros(n, np.bool_), np.arange(n))


def chosen_of(some: Rows):
    return choose_values(some, some.values, DESCRIBED, seed=1, threads=1)


def test_what_tells_is_chosen_and_labels_are_not_for_the_blind():
    chosen = chosen_of(rows())
    assert {"tells", "label_tells"} <= set(chosen.late)
    assert "tells" in chosen.blind
    assert "label_tells" not in chosen.blind
    assert SILENCE not in chosen.late
    assert SILENCE in chosen.names
    assert chosen.columns(("tells", "noise_0"), DESCRIBED).tolist() == [0, 6]


def test_a_detector_keeps_what_its_alarms_speak_of_though_no_label_says_that_it_matters():
    for some in (rows(), replace(rows(), y=np.zeros(1500))):
        assert chosen_of(some).detectors[Family.CROWD] == ("alarm",)
    assert chosen_of(rows()).detectors[Family.RHYTHM] == ()


def test_fewer_frauds_are_given_fewer_values(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("honghua.fraud.choosing.VALUES_MIN", 4)
    few = rows(400)
    assert 0 < len(chosen_of(few).late) <= max(4, int(few.y.sum()) // 3)


def test_parts_hold_as_many_frauds():
    some = rows()
    part = parts_of_frauds(some.y)
    assert (np.diff(part) >= 0).all()
    assert np.ptp(np.bincount(part, some.y)) <= 1


def test_bringing_takes_the_fewest_and_nothing_for_nothing():
    assert bringing(np.array([1.0, 8, 0, 1]), 0.8, most=9) == [1]
    assert bringing(np.array([1.0, 8, 0, 1]), 1.0, most=9) == [1, 0, 3]
    assert bringing(np.array([1.0, 8, 0, 1]), 1.0, most=2) == [1, 0]
    assert bringing(np.zeros(3), 0.9, most=9) == []


def test_speaking_counts_the_three_greatest_surprises_of_alarmed_rows():
    some = rows().values
    tail = Tail.fit(some, DESCRIBED, Family.CROWD)
    said = speaking(tail, some, 0.02)
    assert said[0] > 0
    assert said[1] == 0


def test_a_fitted_model_reads_a_part_and_scores_the_same_from_a_row_of_nothing_else():
    values, _, described = sensed()
    model = fitted().model
    assert model.names == tuple(value.name for value in described)
    assert 0 < len(model.reads) < len(model.names)
    small = model.narrowed()
    assert small.names == model.reads == PLAN.reading(model.reads).names
    columns = [model.names.index(name) for name in model.reads]
    narrow = np.ascontiguousarray(values[:, columns])
    ours, theirs = small.score(narrow), model.score(values)
    np.testing.assert_array_equal(ours.columns, theirs.columns)
    known = ours.reasons >= 0
    np.testing.assert_array_equal(np.array(columns)[ours.reasons[known]], theirs.reasons[known])
    with pytest.raises(IntegrityBroken):
        small.placed([value for value in described if value.name != model.reads[0]])


def test_what_was_chosen_before_is_read_and_nothing_else():
    values, labels, described = sensed()
    chosen = choose_for(values[:500], labels[:500], described=described, weight=np.ones(500), settings=SETTINGS)
    plan = RiskPlan(PLAN.schema).reading(chosen.names)
    columns = [k for k, value in enumerate(described) if value.name in plan.names]
    settings = FitSettings(rounds=20, detector_rounds=8, threads=1, silence_days=5.0, chosen=chosen)
    again = fit_fraud(
        np.ascontiguousarray(values[:500, columns]), labels[:500], described=plan.values, settings=settings
    )
    whole = fitted().model.score(values[500:])
    np.testing.assert_array_equal(again.model.score(np.ascontiguousarray(values[500:, columns])).columns, whole.columns)


def test_the_trial_never_saw_the_rows_that_judge_it():
    values, labels, _ = sensed()
    found = fitted()
    assert found.trial is not None
    assert len(found.held) >= 10
    assert (labels[found.held] >= 0).all()
    assert (np.diff(found.held) > 0).all()
    assert found.trial.digest != found.model.digest  # the forests of the model have seen them
    np.testing.assert_array_equal(found.trial.score(values).crowd, found.model.score(values).crowd)
