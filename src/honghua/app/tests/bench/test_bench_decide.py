"""`honghua bench decide` in small: what it promises to sense is sensed, and both streams are measured."""

from __future__ import annotations

import argparse

import pytest

from honghua.app.bench import decide
from honghua.fraud.core import RiskPlan

SMALL = {
    "edges": 20_000,
    "warm": 2_000,
    "decisions": 640,
    "batch": 64,
    "singles": 20,
    "trees": 5,
    "rules": 100,
    "seed": 1,
}


def test_the_plan_keeps_its_promise():
    plan = decide.choose_plan(whole=False)
    memory = {value.name for value in plan.memory_values}
    assert sum(name not in memory for name in plan.names) >= decide.WINDOW_VALUES_MIN
    assert plan.edges is not None
    assert plan.edges.groups == decide.GROUPS
    assert decide.choose_plan(whole=True).digest == RiskPlan(decide.SCHEMA).digest


@pytest.mark.slow
def test_a_small_run_measures_both_streams(store_settings):
    figures = decide.run(argparse.Namespace(**SMALL, whole=False), store_settings)
    assert figures["rules"] >= SMALL["rules"]
    assert figures["values_of_windows"] + figures["values_of_graph"] >= decide.WINDOW_VALUES_MIN
    assert figures["values_split_on"] <= figures["values"]
    for stream in decide.STREAMS:
        assert figures["per_s_core"] <= figures[f"{stream}_per_s_core"]
        assert figures[f"{stream}_batch_stages_us"].keys() == set(decide.STAGES)
