"""Fitting and scoring: monotone detectors, labels only in the fusion that may read them, the same after saving, clear refusals."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.fraud.api import FitSettings, Fitted, FraudModel, RiskSensor, SensorSize, fit_fraud
from honghua.fraud.core import DETECTORS, SILENCE, Family
from honghua.fraud.core.tails import Tail, upper_thresholds
from honghua.fraud.tests.small import PLAN, market, stream

SETTINGS = FitSettings(rounds=20, detector_rounds=8, threads=1, silence_days=5.0)


@cache
def sensed():
    events, labels = market(700, frauds=0.08)
    merged, source = stream(events, labels, delay_hours=24)
    sensor = RiskSensor(PLAN, size=SensorSize(entities=500, nodes=500, edges=3_000, keys=500))
    return sensor.sense(merged)[source >= 0], labels.astype(int), sensor.values


@cache
def fitted() -> Fitted:
    values, labels, described = sensed()
    return fit_fraud(values[:500], labels[:500], described=described, settings=SETTINGS)


def test_it_finds_the_frauds_it_was_taught_and_each_detector_is_seen():
    values, labels, _ = sensed()
    scores = fitted().model.score(values[500:])
    late = labels[500:] == 1
    assert scores.fused[late].mean() > 5 * scores.fused[~late].mean()
    for name in DETECTORS:
        score = getattr(scores, name.value)
        assert ((score >= 0) & (score <= 1)).all()
    assert scores.crowd[late].mean() > scores.crowd[~late].mean()  # two devices that many share


def test_a_more_suspicious_value_never_lowers_its_detector():
    values, _, described = sensed()
    base = values[500:560]
    for k, value in enumerate(described):
        if value.family not in DETECTORS or not value.sign:
            continue
        worse = base.copy()
        worse[:, k] += np.float32(value.sign) * np.abs(worse[:, k]) + value.sign
        ours, theirs = (getattr(fitted().model.score(x), value.family.value) for x in (base, worse))
        assert (theirs >= ours - 1e-12).all(), value.name


def test_detectors_never_read_labels_and_silence_chooses_the_fusion():
    values, _, described = sensed()
    blank = values[500:].copy()
    for k, value in enumerate(described):
        if value.family is Family.LABEL:
            blank[:, k] = np.nan
    with_labels, without = fitted().model.score(values[500:]), fitted().model.score(blank)
    for family in DETECTORS:
        np.testing.assert_array_equal(getattr(with_labels, family.value), getattr(without, family.value))
    assert with_labels.with_labels.all()
    assert not without.with_labels.any()
    stale = values[500:].copy()
    stale[:, [v.name for v in described].index(SILENCE)] = 5.1
    np.testing.assert_array_equal(fitted().model.score(stale).fused, without.fused)


def test_each_row_is_scored_by_itself():
    values, _, _ = sensed()
    whole = fitted().model.score(values[500:540])
    for k in range(0, 40, 13):
        one = fitted().model.score(values[500 + k : 501 + k])
        assert one.fused[0] == whole.fused[k]
        np.testing.assert_array_equal(one.reasons[0], whole.reasons[k])


def test_saved_and_loaded_it_scores_the_same(tmp_path: Path):
    values, _, _ = sensed()
    model = fitted().model
    model.save(tmp_path)
    again = FraudModel.load(tmp_path)
    assert again.digest == model.digest
    np.testing.assert_array_equal(again.score(values).fused, model.score(values).fused)
    told = (tmp_path / "fraud.json").read_text()
    (tmp_path / "fraud.json").write_text(told.replace('"silence_days": 5.0', '"silence_days": 6.0'))
    with pytest.raises(IntegrityBroken):
        FraudModel.load(tmp_path)


def test_without_any_label_the_tails_alone_speak():
    values, labels, described = sensed()
    model = fit_fraud(values, np.full(len(values), -1), described=described, settings=SETTINGS).model
    scores = model.score(values)
    assert np.mean(scores.fused[labels == 1]) > np.mean(scores.fused[labels == 0])


def test_no_rows_are_refused():
    values, labels, described = sensed()
    with pytest.raises(BadInput):
        fit_fraud(values[:0], labels[:0], described=described)


def test_thresholds_are_the_least_values_so_seldom_reached():
    values = np.arange(1000, dtype=np.float32)
    found = upper_thresholds(values, 1000)
    assert all((values >= t).mean() <= 10 ** (-(k + 1) / 4) for k, t in enumerate(found))
    assert all((values >= t - 1).mean() > 10 ** (-(k + 1) / 4) for k, t in enumerate(found))
    flags = np.repeat(np.array([0, 1], np.float32), [970, 30])
    assert upper_thresholds(flags, 1000)[0] == 1  # a flag of 3 % is a surprise of 3 %, not of one in three
    assert len(upper_thresholds(np.full(10, np.nan, np.float32), 10)) == 0


def test_surprise_grows_with_the_value_and_ignores_what_is_missing():
    values, _, described = sensed()
    tail = Tail.fit(values, described, Family.CROWD)
    rows = np.full((3, values.shape[1]), np.nan, np.float32)
    column = int(tail.columns[np.argmax(tail.counts)])
    sign = described[column].sign
    known = np.sort(values[:, column][~np.isnan(values[:, column])] * sign)
    rows[1, column], rows[2, column] = sign * known[len(known) // 2], sign * (known[-1] + 10)
    surprise, worst = tail.sum_up(rows)
    assert surprise[0] == 0
    assert worst[0] == -1
    assert surprise[2] > surprise[1]
    assert worst[2] == column
