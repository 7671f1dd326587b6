"""A plan that reads some values gives them as the whole plan does, bit for bit, and senses nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.features.core import Ratio, Schema
from honghua.fraud.api import RiskSensor, SensorSize
from honghua.fraud.core import RiskPlan
from honghua.fraud.tests.small import HOUR, START, stream

SCHEMA = Schema(
    ("customer", "merchant", "device", "payee", "category"), ("available_minor", "limit_minor", "hour", "credit")
)
WHOLE = RiskPlan(SCHEMA, {"limit_minor": 0.01}, {"category": (3, 5), "hour": (1, 2)})
SIZE = SensorSize(entities=500, nodes=500, edges=2_000, keys=500)
Ints = NDArray[np.int64]


def life(n: int, seed: int) -> Ints:
    """Events of every kind by few people at few places, some entities and numbers absent, with late labels among them."""
    rng = np.random.default_rng(seed)
    events = np.zeros((n, SCHEMA.width), np.int64)
    events[:, 0] = events[:, 3] = START + np.sort(rng.integers(0, 40 * 24, n)) * HOUR
    events[:, 1] = rng.choice([1, 1, 1, 1, 2, 3, 5], n)
    events[:, 2] = rng.choice([100, 5_000, 9_900, 20_000], n) + rng.integers(0, 3, n)
    for name, many in (("customer", 6), ("merchant", 5), ("device", 6), ("payee", 4), ("category", 6)):
        events[:, SCHEMA.place(name)] = rng.integers(0, many, n)
    events[:, SCHEMA.place("available_minor")] = rng.integers(0, 20_000, n)
    events[:, SCHEMA.place("limit_minor")] = np.where(rng.random(n) < 0.1, -(2**63), 30_000)
    events[:, SCHEMA.place("hour")] = events[:, 0] // HOUR % 24
    events[:, SCHEMA.place("credit")] = rng.integers(0, 2, n)
    merged, _ = stream(events, np.where(rng.random(n) < 0.5, rng.integers(0, 2, n), -1), delay_hours=30)
    return merged


LIFE = life(200, 7)


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """What the whole plan says of LIFE, by name."""
    sensor = RiskSensor(WHOLE, size=SIZE)
    return dict(zip(sensor.names, sensor.sense(LIFE).T, strict=True))


def check(whole: dict[str, Any], plan: RiskPlan, folder: Path) -> None:
    """The plan's values, with a save and a load in between, are those of the whole one."""
    sensor = RiskSensor(plan, size=SIZE)
    first = sensor.sense(LIFE[:90])
    sensor.save(folder)
    again = RiskSensor.load(folder, plan)
    found = np.concatenate([first, again.sense(LIFE[90:])])
    for name, column in zip(plan.names, found.T, strict=True):
        np.testing.assert_array_equal(column.view(np.uint32), whole[name].view(np.uint32), err_msg=name)


@settings(max_examples=25)
@given(st.sets(st.sampled_from(WHOLE.names), min_size=1, max_size=12))
@example({"customer_merchant_refunded_part_30d"})
@example({"merchant_trail_company_mean", "customer_trail_busy_2d"})
@example({"device_newcomers"})
@example({"payee_odd_buyers", "device_near_fraud"})
@example({"drained_raise"})
@example({"graph_community_any", "graph_cycle_edges"})
@example({"number_limit_minor", "level_hour"})
@example({"merchant_trail_series_2d"})
def test_what_is_read_is_what_the_whole_plan_reads(tmp_path_factory, whole, names):
    check(whole, WHOLE.reading(names), tmp_path_factory.mktemp("sensor"))


def test_half_of_all_values(tmp_path, whole):
    names = np.array(WHOLE.names)[np.random.default_rng(3).random(len(WHOLE.names)) < 0.5]
    plan = WHOLE.reading(names.tolist())
    assert list(plan.names) == names.tolist()
    check(whole, plan, tmp_path)


def test_all_values_of_a_reading_plan_are_those_of_the_whole(tmp_path, whole):
    check(whole, WHOLE.reading(WHOLE.names), tmp_path)


@pytest.mark.parametrize("entity", SCHEMA.entities)
def test_the_memory_of_one_entity(tmp_path, whole, entity):
    own = [value.name for value in WHOLE.memory_values if value.entity == entity]
    check(whole, WHOLE.reading(own), tmp_path)


def test_what_nobody_reads_is_not_sensed():
    windows = RiskSensor(WHOLE.reading(["customer_merchant_alike_7d", "customer_count_1d"]), size=SIZE)
    assert windows.graph is None
    assert windows.store is not None
    assert windows.store.feature_set.plan.keys == (("customer",), ("customer", "merchant"))
    assert not windows.plan.remembered
    graph = RiskSensor(WHOLE.reading(["graph_cycle_edges"]), size=SIZE)
    assert graph.store is None
    assert graph.graph is not None
    assert graph.graph.plan.groups == ("cycle",)
    habits = RiskSensor(WHOLE.reading(["merchant_gap", "amount_log"]), size=SIZE)
    assert habits.store is None
    assert habits.graph is None
    habits.sense(LIFE)
    assert (
        habits.counters()["entities"] == len(np.unique(LIFE[(LIFE[:, 1] == 1) | (LIFE[:, 1] == 3), 5])) - 1
    )  # 0: absent
    assert habits.memory.shape[1] < RiskSensor(WHOLE, size=SIZE).memory.shape[1]


def test_a_ratio_brings_what_it_divides_and_a_trail_what_it_is_told_from():
    plan = WHOLE.reading(["customer_merchant_refunded_part_30d"])
    ratio = plan.definitions[-1]
    assert isinstance(ratio, Ratio)
    assert [one.name for one in plan.definitions[:-1]] == [ratio.under, ratio.over]
    trail = WHOLE.reading(["device_trail_odd_2d"])
    assert {one.name for one in trail.definitions} == {
        "customer_age", "customer_merchant_count_1h", "customer_merchant_refunds_30d",
    }  # fmt: skip
    assert trail.edges is not None
    assert trail.edges.groups == ("own",)
    assert trail.names == ("device_trail_odd_2d",)
    assert WHOLE.reading(["device_trail_round_2d"]).edges is None


def test_a_plan_is_named_by_what_it_reads(tmp_path):
    plan = WHOLE.reading(["customer_gap", "amount_log"])
    assert plan.digest != WHOLE.digest
    assert plan.digest != WHOLE.reading(["customer_gap"]).digest
    assert plan.reading(["amount_log"]).digest == WHOLE.reading(["amount_log"]).digest
    assert plan.names == ("amount_log", "customer_gap")  # the order of the whole plan
    for one in (WHOLE, plan):
        again = RiskPlan.of_told(json.loads(json.dumps(one.told())))
        assert again.digest == one.digest
        assert again.names == one.names
    RiskSensor(plan, size=SIZE).save(tmp_path)
    with pytest.raises(IntegrityBroken):
        RiskSensor.load(tmp_path, WHOLE)


def test_a_plan_reads_only_what_is_sensed():
    with pytest.raises(BadInput, match="no_such_value"):
        WHOLE.reading(["amount_log", "no_such_value"])
    with pytest.raises(BadInput, match="customer_age"):
        WHOLE.reading(["amount_log"]).reading(["customer_age"])
    with pytest.raises(BadInput):
        WHOLE.reading([])


def test_two_plans_of_the_same_events_join_to_one_that_serves_both():
    left, right = WHOLE.reading(["customer_gap", "amount_log"]), WHOLE.reading(["amount_log", "device_age"])
    both, again = left.joined(right), right.joined(left)
    assert both is not None
    assert again is not None
    assert set(both.names) == {"amount_log", "customer_gap", "device_age"}
    assert both.digest == again.digest == WHOLE.reading(both.names).digest
    for one, other in ((WHOLE, right), (right, WHOLE)):
        all_of_it = one.joined(other)
        assert all_of_it is not None
        assert all_of_it.digest == WHOLE.digest
    assert (
        left.joined(RiskPlan(SCHEMA, {"limit_minor": 0.5}).reading(["amount_log"])) is None
    )  # the same name, another value
    assert left.joined(RiskPlan(Schema(("customer",), ("hour",)))) is None
