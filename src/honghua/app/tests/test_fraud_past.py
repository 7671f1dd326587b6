"""How far labels reach: found from the labels' own times, or from a stretch without a fraud that is too long to be chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from honghua.app.fraud_fit import fit_table, open_scorer
from honghua.app.tables.past import Past, find_reach, silence_of
from honghua.app.tables.table import TableSpec
from honghua.app.tests.test_fraud_verb import MAP, market, write
from honghua.base.clock import DAY_US

N = 1000
AT = np.arange(N, dtype=np.int64) * DAY_US // 10  # a hundred days


def past(frauds: np.ndarray, labels: np.ndarray | None = None, delay: np.ndarray | int = 0) -> Past:
    known = np.zeros(N, np.int8) if labels is None else labels.astype(np.int8)
    known[frauds] = 1
    events = np.zeros((N, 6), np.int64)
    events[:, 0], events[:, 1] = AT, 1
    arrives = AT + delay
    return Past(events, np.where(arrives <= AT[-1], known, np.int8(-1)), arrives)


def test_labels_that_reach_the_end_say_nothing():
    reach = find_reach(past(np.arange(5, N, 20)), int(AT[-1]))
    assert (reach.told_us, reach.taught_us, reach.why) == (AT[-1], AT[-1], "")


@pytest.mark.parametrize(("stop", "noticed"), [(600, True), (900, False)])
def test_a_long_stretch_of_clear_rows_at_the_end_is_not_believed(stop: int, noticed: bool):
    frauds = np.arange(5, stop, 20)
    reach = find_reach(past(frauds), int(AT[-1]))
    assert (reach.told_us < AT[-1]) == noticed
    if noticed:
        assert reach.told_us == reach.taught_us == AT[frauds[-1]]
        assert "414 later rows are called clear" in reach.why
        assert (past(frauds).up_to(reach.told_us).labels[frauds[-1] + 1 :] == -1).all()


def test_frauds_in_bursts_may_end_long_before_the_rows():
    frauds = np.concatenate([np.arange(k, k + 20) for k in (0, 300, 600)])
    assert find_reach(past(frauds), int(AT[-1])).why == ""


def test_rows_whose_frauds_had_no_time_to_be_told_are_not_learnt_from():
    frauds = np.arange(5, N, 20)
    delay = np.zeros(N, np.int64)
    delay[frauds] = np.linspace(1, 20, len(frauds)).astype(np.int64)[::-1] * DAY_US
    reach = find_reach(past(frauds, delay=delay), int(AT[-1]))
    assert reach.told_us == AT[-1]
    assert 15 * DAY_US < AT[-1] - reach.taught_us <= 20 * DAY_US
    assert "take up to" in reach.why


def test_a_tail_without_labels_is_told():
    labels = np.where(np.arange(N) < 700, 0, -1)
    reach = find_reach(past(np.arange(5, 700, 20), labels), int(AT[-1]))
    assert "the last label arrived" in reach.why
    assert reach.told_us == AT[-1]


def test_a_delay_that_holds_for_all_labels_is_no_news():
    assert find_reach(past(np.arange(5, N, 20), delay=7 * DAY_US), int(AT[-1])).why == ""


def test_silence_is_many_usual_gaps():
    assert silence_of(past(np.array([3]))) == pytest.approx(2.0)  # twenty gaps of a tenth of a day


def test_a_table_whose_labels_stop_is_fitted_and_scored_without_the_false_clear_rows(tmp_path: Path):
    label = market().column("is_fraud").to_numpy().copy()
    label[120:] = 0  # most of the file says that nothing happened
    path = write(tmp_path, market(is_fraud=label))
    told = fit_table(path, MAP, label="is_fraud", until="2026-01-31", out=tmp_path / "m", seed=1)
    assert told["labels_end"]["days_untold"] > 5
    assert any("are called clear" in notice for notice in told["notices"])
    assert told["labelled"] <= 120
    assert set(told["phases"]) == {"read", "choose values", "sense", "fit", "examine"}
    assert told["features_read"] < told["features"]
    scorer = open_scorer(tmp_path / "m", path, MAP)
    before = scorer.table.events[:, 0] <= np.datetime64("2026-01-31", "us").astype(np.int64)
    assert (scorer.stream.labels[120:][before[120:]] == -1).all()
    assert (scorer.stream.labels[~before] >= 0).any()  # what is told after the fit counts again
    spec = TableSpec.load(tmp_path / "m" / "table.json")
    assert spec.reads == scorer.sensor.names
    assert len(scorer.model.values) == len(spec.reads) + len(spec.extras)
