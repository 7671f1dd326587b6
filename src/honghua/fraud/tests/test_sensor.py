"""What a sensor reads of an event is decided by what stands before it, whatever follows and however rows are batched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.errors import IntegrityBroken
from honghua.features.core import Schema
from honghua.fraud.api import RiskSensor, SensorSize
from honghua.fraud.core import RiskPlan
from honghua.fraud.tests.small import HOUR, PLAN, SCHEMA, market, stream

SMALL = SensorSize(entities=500, nodes=500, edges=2_000, keys=500)


def sense(merged, *, batch: int = 1_000, plan: RiskPlan = PLAN, size: SensorSize = SMALL):
    sensor = RiskSensor(plan, size=size)
    return np.concatenate([sensor.sense(merged[k : k + batch]) for k in range(0, len(merged), batch)])


@settings(max_examples=4)
@given(st.integers(10, 110))
def test_what_follows_changes_nothing(cut):
    events, labels = market(120, frauds=0.2)
    merged, source = stream(events, labels, delay_hours=30)
    whole = sense(merged)
    row = int(np.flatnonzero(source == cut)[0])
    np.testing.assert_array_equal(sense(merged[: row + 1])[-1], whole[row])


def test_labels_count_from_their_arrival_only():
    events, labels = market(120, frauds=0.2)
    merged, source = stream(events, labels, delay_hours=48)
    flipped, flipped_source = stream(events, np.where(np.arange(120) >= 60, 1 - labels, labels), delay_hours=48)
    before = (events[:, 0] <= events[60, 0] + 48 * HOUR).sum()
    ours, theirs = sense(merged)[source >= 0], sense(flipped)[flipped_source >= 0]
    np.testing.assert_array_equal(ours[:before], theirs[:before])
    assert not np.array_equal(ours, theirs, equal_nan=True)  # and from then on they do count


def test_a_label_that_arrives_at_the_time_of_an_event_comes_after_it():
    events, labels = market(60, frauds=0.3)
    events[:, 0] = events[:, 3] = events[0, 0]
    merged, source = stream(events, labels, delay_hours=0)
    assert (source[:60] >= 0).all()
    known = sense(merged)[source >= 0][:, RiskSensor(PLAN, size=SMALL).names.index("merchant_labels")]
    assert (known == 0).all()


@pytest.mark.parametrize("batch", [1, 7])
def test_batches_do_not_matter(batch):
    merged, _ = stream(*market(150, frauds=0.2), delay_hours=30)
    np.testing.assert_array_equal(sense(merged, batch=batch), sense(merged))


@pytest.mark.parametrize("batch", [1, 13])
def test_forgetting_does_not_depend_on_batches_and_is_counted(batch):
    merged, _ = stream(*market(150, frauds=0.2), delay_hours=30)
    tight = SensorSize(entities=30, nodes=500, edges=2_000, keys=500)
    np.testing.assert_array_equal(sense(merged, batch=batch, size=tight), sense(merged, size=tight))
    sensor = RiskSensor(PLAN, size=tight)
    sensor.sense(merged)
    assert sensor.counters()["entities_forgotten"] > 0


def test_saved_and_loaded_it_goes_on_as_if_nothing_had_been(tmp_path: Path):
    merged, _ = stream(*market(150, frauds=0.2), delay_hours=30)
    whole = sense(merged)
    sensor = RiskSensor(PLAN, size=SMALL)
    sensor.sense(merged[:100])
    sensor.save(tmp_path)
    again = RiskSensor.load(tmp_path, PLAN)
    assert again.digest() == sensor.digest()
    np.testing.assert_array_equal(again.sense(merged[100:]), whole[100:])
    with pytest.raises(IntegrityBroken):
        RiskSensor.load(tmp_path, RiskPlan(Schema(("customer",))))
    (tmp_path / "sensor.json").unlink()
    with pytest.raises(IntegrityBroken):
        RiskSensor.load(tmp_path, PLAN)


def test_who_is_called_what_is_no_value():
    """Other keys for the same people give the same values: nothing learns an id."""
    events, labels = market(120, frauds=0.2)
    renamed = events.copy()
    for entity in SCHEMA.entities:
        column = SCHEMA.place(entity)
        renamed[:, column] = events[:, column] * 1_000_003 + 17
    ours, theirs = (sense(stream(e, labels, delay_hours=5)[0]) for e in (events, renamed))
    names = RiskSensor(PLAN, size=SMALL).names
    same = [
        k
        for k, name in enumerate(names)
        if not name.startswith("graph_") and not name.endswith(("s_1d", "s_7d", "s_30d", "turns_7d", "spread_7d"))
    ]
    np.testing.assert_array_equal(ours[:, same], theirs[:, same])  # sketches of distinct things hash, all else is equal


def test_values_of_habits_by_hand():
    schema = Schema(("customer",))
    sensor = RiskSensor(RiskPlan(schema, windows=False, graph=False))
    events = np.array(
        [[k * HOUR, 1, amount, k * HOUR, 5] for k, amount in ((1, 1000), (2, 1000), (3, 1000), (4, 7389))], np.int64
    )
    values = dict(zip(sensor.names, sensor.sense(events).T, strict=True))
    np.testing.assert_array_equal(values["customer_seen"], [0, 1, 2, 3])
    assert np.isnan(values["customer_amount_ratio"][0])
    assert values["customer_amount_ratio"][3] == pytest.approx(np.log(7390 / 1001), rel=1e-5)
    assert values["customer_over_max"][3] == pytest.approx(np.log(7390 / 1001), rel=1e-5)
    np.testing.assert_array_equal(values["customer_equal"][1:], [1, 2, 0])
    assert values["customer_gap"][1] == pytest.approx(np.log1p(3600), rel=1e-5)
    assert values["customer_gap_z"][3] == pytest.approx(0, abs=1e-5)
    np.testing.assert_array_equal(values["amount_round"], [2, 2, 2, 0])


def test_draining_after_a_raise_by_hand():
    schema = Schema(("customer",), ("available_minor", "limit_minor"))
    sensor = RiskSensor(RiskPlan(schema, windows=False, graph=False))
    day = 24 * HOUR
    events = np.array(
        [
            [day, 1, 100, day, 5, 1_000, 2_000],
            [2 * day, 5, 500, 2 * day, 5, 1_500, 2_500],
            [3 * day, 1, 300, 3 * day, 5, 1_200, 2_500],
            [4 * day, 1, 200, 4 * day, 5, 0, 2_500],
        ],
        np.int64,
    )
    values = dict(zip(sensor.names, sensor.sense(events).T, strict=True))
    np.testing.assert_allclose(values["since_raise_days"], [np.nan, np.nan, 1, 2])
    np.testing.assert_allclose(values["drawn_of_raise"], [np.nan, np.nan, 0.6, 1.0])
    np.testing.assert_allclose(values["of_available"], [0.1, np.nan, 0.25, np.nan])
    np.testing.assert_allclose(values["of_limit"], [0.05, np.nan, 0.12, 0.08], rtol=1e-6)


def test_late_labels_by_hand():
    schema = Schema(("merchant",))
    sensor = RiskSensor(RiskPlan(schema, windows=False, graph=False))
    day = 24 * HOUR
    events = np.array(
        [[day, 1, 100, day, 9], [2 * day, 1, 100, 2 * day, 9], [3 * day, 6, 100, day, 9], [4 * day, 1, 100, 4 * day, 9],
         [5 * day, 6, 100, 2 * day, 9], [6 * day, 1, 200, 6 * day, 9], [7 * day, 7, 100, 4 * day, 9], [8 * day, 1, 100, 8 * day, 9]],
        np.int64,
    )  # fmt: skip
    values = dict(zip(sensor.names, sensor.sense(events).T, strict=True))
    told = events[:, 1] == 1
    np.testing.assert_allclose(values["merchant_fraud_streak"][told], [np.nan, np.nan, 1, 2, -1])
    np.testing.assert_allclose(values["merchant_fraud_age"][told], [np.nan, np.nan, 3, 4, 6])
    np.testing.assert_allclose(values["merchant_streak_age"][told], [np.nan, np.nan, 3, 5, 7])
    np.testing.assert_allclose(values["merchant_clear_age"][told], [np.nan, np.nan, np.nan, np.nan, 4])
    np.testing.assert_allclose(values["label_silence_days"][told], [np.nan, np.nan, 1, 1, 1])
    assert values["merchant_fraud_amount"][5] == pytest.approx(np.log(201 / 101), rel=1e-5)
    assert np.all(np.diff(values["merchant_fraud_rate"][told][1:4]) > 0)


def test_trails_by_hand():
    schema = Schema(("customer", "merchant"), ("available_minor",))
    sensor = RiskSensor(RiskPlan(schema, windows=False, graph=False))
    day = 24 * HOUR
    events = np.array(
        [[k * 2 * day, 1, amount, k * 2 * day, who, 9, 1_000] for k, amount, who in ((1, 800, 5), (2, 400, 6), (3, 100, 5))], np.int64
    )  # fmt: skip
    values = dict(zip(sensor.names, sensor.sense(events).T, strict=True))
    fade, slow = np.exp(-1), np.exp(-0.2)
    np.testing.assert_allclose(
        values["merchant_trail_drain_2d"], [0.8, 0.8 * fade + 0.4, (0.8 * fade + 0.4) * fade + 0.1], rtol=1e-6
    )
    past, seen = 0.8 * slow, slow
    np.testing.assert_allclose(values["merchant_trail_drain_mean"][:2], [0, past / (seen + 1)], rtol=1e-6)
    np.testing.assert_allclose(values["customer_trail_drain_2d"], [0.8, 0.4, 0.8 * fade * fade + 0.1], rtol=1e-6)


@pytest.mark.parametrize(
    ("yuan", "short"), [(69, np.nan), (98, 0.02), (100, 0.5), (190, 0.05), (299, 1 / 300), (4_750, 0.05), (9_900, 0.01)]
)
def test_how_far_an_amount_lies_under_a_round_one(yuan, short):
    sensor = RiskSensor(RiskPlan(Schema(("customer",)), windows=False, graph=False))
    said = sensor.sense(np.array([[HOUR, 1, yuan * 100, HOUR, 5]], np.int64))[0, sensor.names.index("under_round")]
    np.testing.assert_allclose(said, short, rtol=1e-5)
