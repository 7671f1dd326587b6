from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from honghua.fraud.api import FitSettings, RiskSensor, examine, fit_fraud
from honghua.fraud.tests.small import PLAN, market, stream
from honghua.models.api import unpack_reference

ROWS = 1_500


@pytest.fixture(scope="module")
def fit():
    """A small market fitted: (fitted, what it was fitted with)."""
    events, labels = market(ROWS, frauds=0.08)
    sensor = RiskSensor(PLAN)
    merged, place = stream(events, labels, delay_hours=24)
    sensed = sensor.sense(merged)
    values = np.ascontiguousarray(sensed[np.flatnonzero(place >= 0)])
    fitted = fit_fraud(values, labels, described=sensor.values, settings=FitSettings(rounds=20, detector_rounds=10))
    return fitted, values, labels, {"described": sensor.values, "at_us": events[:, 0]}


def test_a_sound_model_passes_and_everything_it_is_judged_by_is_kept(fit):
    fitted, values, labels, more = fit
    found = examine(fitted, values, labels, **more)
    assert found.problems == ()
    files = found.files()
    battery = json.loads(files["battery.json"])
    assert battery["passed"] is True
    assert battery["digest"] == fitted.model.digest.hex()
    assert {check["check"] for check in battery["checks"]} >= {
        "equal to LightGBM", "monotone, proven on the trees", "fused: saved and loaded", "calibration error",
    }  # fmt: skip
    card = json.loads(files["card.json"])
    assert card["figures"]["rows"] == len(fitted.held)
    assert card["figures"]["auc"][1] > 0.7
    page = files["card.html"].decode()
    assert fitted.model.digest.hex() in page
    assert "FAILED" not in page
    reference = unpack_reference(files["drift.npz"])
    assert reference.names == fitted.model.reads
    assert (reference.counts.sum(axis=1) == reference.counts[0].sum()).all()


def test_the_model_is_examined_in_the_form_in_which_it_is_kept(fit):
    fitted, values, labels, more = fit
    kept = fitted.model.narrowed()
    found = examine(replace(fitted, model=kept), values, labels, **more)
    assert json.loads(found.files()["battery.json"])["digest"] == kept.digest.hex()
    whole = examine(fitted, values, labels, **more)
    assert found.card["figures"] == whole.card["figures"]
    assert found.problems == whole.problems


def test_labels_that_say_nothing_fail_the_battery(fit):
    fitted, values, labels, more = fit
    found = examine(fitted, values, 1 - labels, **more)
    assert not found.passed
    assert any("ranks better than chance" in problem for problem in found.problems)


def test_a_model_that_nobody_measured_does_not_pass(fit):
    fitted, values, labels, more = fit
    found = examine(replace(fitted, held=np.zeros(0, np.int64)), values, labels, **more)
    assert not found.passed
    assert "too few known frauds" in found.problems[-1]
    assert "FAILED" in found.files()["card.html"].decode()


def test_rows_left_out_count_by_their_weight(fit):
    fitted, values, labels, more = fit
    clear = np.flatnonzero(labels == 0)
    kept = np.sort(np.concatenate([np.flatnonzero(labels == 1), clear[::2]]))
    weight = np.where(labels[kept] == 1, 1.0, 2.0)
    held = np.flatnonzero(np.isin(kept, fitted.held))
    part = examine(
        replace(fitted, held=held), values[kept], labels[kept], described=more["described"], weight=weight,
        at_us=more["at_us"][kept],
    )  # fmt: skip
    whole = examine(fitted, values, labels, **more)
    assert part.card["figures"]["ece"] == pytest.approx(whole.card["figures"]["ece"], abs=0.02)
    assert part.card["figures"]["average_precision"][1] == pytest.approx(
        whole.card["figures"]["average_precision"][1], abs=0.1
    )
