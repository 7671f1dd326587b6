from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.models import api as models

DAY_US = 86_400_000_000
COUNTS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=12)
VALUES = st.lists(st.sampled_from([0.0, 1.0, 1.5, 2.0, 7.0, -3.0, np.nan, np.inf, -np.inf]), min_size=1, max_size=40)


@given(COUNTS)
@example([(0, 0), (5, 5)])
def test_psi_is_zero_without_and_positive_with_a_difference(rows):
    before, after = (np.array(column, np.int64) for column in zip(*rows))
    assert models.psi(before, before) == 0.0
    assert models.psi(before, after) >= 0.0
    assert models.psi(before, after) == pytest.approx(models.psi(after, before), abs=1e-12)


def test_psi_of_a_known_shift():
    before, after = np.array([5_000, 5_000]), np.array([7_500, 2_500])
    assert models.psi(before, after) == pytest.approx(0.25 * np.log(1.5) - 0.25 * np.log(0.5), abs=1e-3)


@given(VALUES, st.lists(st.sampled_from([0.5, 1.0, 2.0, 99.0, -99.0, np.nan]), min_size=1, max_size=40))
@example([np.nan], [1.0])
def test_every_value_lands_in_the_bin_that_a_plain_search_finds(fitted, seen):
    x = np.array(fitted, np.float32)[:, None]
    reference = models.measure_reference(x, np.zeros(len(x)), names=["a"], bins=4)
    assert reference.counts[0].sum() == len(fitted)
    monitor = models.DriftMonitor(reference)
    later = np.array(seen, np.float32)
    monitor.add(later[:, None], np.zeros(len(later)), np.arange(len(later)))
    counts = np.zeros(6, np.int64)
    for value in later:
        counts[5 if np.isnan(value) else int(np.searchsorted(reference.edges[0], value))] += 1
    assert monitor.counts[0].tolist() == counts.tolist()


def made_up(seed, rows=4_000, shift=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3)).astype(np.float32)
    x[:, 1] = np.round(x[:, 1])
    x[rng.random(rows) < 0.1, 2] = np.nan
    x[:, 0] += shift
    return x, 1 / (1 + np.exp(-x[:, 0].astype(float)))


def test_the_same_world_is_quiet_and_a_shifted_one_is_not():
    reference = models.measure_reference(*made_up(1), names=["a", "b", "c"])
    quiet, loud = models.DriftMonitor(reference), models.DriftMonitor(reference)
    times = np.arange(4_000)
    x, scores = made_up(2)
    quiet.add(x, scores, times)
    x, scores = made_up(3, shift=1.0)
    loud.add(x, scores, times)
    assert quiet.report(now_us=4_000).alarms == ()
    told = loud.report(now_us=4_000)
    assert {(alarm.kind, alarm.name) for alarm in told.alarms} == {
        ("psi", "a"),
        ("score_psi", "score"),
        ("score_shift", "score"),
    }
    assert told.score_shift_sd > 0.5
    assert all(alarm.value > alarm.bound for alarm in told.alarms)


def test_one_by_one_is_all_at_once_and_starting_anew_forgets():
    x, scores = made_up(1, rows=300)
    reference = models.measure_reference(x, scores, names=["a", "b", "c"])
    whole, parts = models.DriftMonitor(reference), models.DriftMonitor(reference)
    whole.add(x, scores, np.arange(300))
    for i in range(0, 300, 7):
        parts.add(x[i : i + 7], scores[i : i + 7], np.arange(i, min(i + 7, 300)))
    assert np.array_equal(whole.counts, parts.counts)
    assert np.array_equal(whole.counts, reference.counts)
    assert whole.report(now_us=500).psi.tolist() == [0.0, 0.0, 0.0]
    whole.start_anew()
    assert whole.report(now_us=500).rows == 0
    assert whole.counts.sum() == 0


def test_a_dead_feature_and_a_lost_one_are_seen():
    x, scores = made_up(1)
    reference = models.measure_reference(x, scores, names=["a", "b", "c"])
    monitor = models.DriftMonitor(reference, models.DriftBounds(psi=99, score_psi=99, score_shift_sd=9))
    monitor.add(x, scores, np.arange(4_000) * 1_000)
    lost = x.copy()
    lost[:, 0] = np.nan
    lost[:, 1] = 4.0
    monitor.start_anew()
    monitor.add(lost, scores, 2 * DAY_US + np.arange(4_000))
    told = monitor.report(now_us=2 * DAY_US + 4_000)
    assert {(alarm.kind, alarm.name) for alarm in told.alarms} == {("age", "a"), ("null_rate", "a")}
    assert told.age_us[0] == 2 * DAY_US + 4_000 - 3_999_000
    assert told.age_us[1] == 1
    assert told.unchanged_us[1] == 4_000
    assert told.null_rate.tolist()[0] == 1.0


def test_few_rows_alarm_nothing_and_other_shapes_are_refused():
    x, scores = made_up(1)
    reference = models.measure_reference(x, scores, names=["a", "b", "c"])
    monitor = models.DriftMonitor(reference)
    monitor.add(x[:50] + 100, scores[:50], np.arange(50))
    assert monitor.report(now_us=50).alarms == ()
    with pytest.raises(BadInput):
        monitor.add(x[:, :2], scores, np.arange(len(x)))
    with pytest.raises(BadInput):
        models.measure_reference(x[:0], scores[:0], names=["a", "b", "c"])
