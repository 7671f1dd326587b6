"""`honghua bench graph` in small: the keys stay, nothing is lost, nothing differs."""

from __future__ import annotations

import argparse
from typing import Any

import numba
import pytest

from honghua.app.bench import graph
from honghua.base.errors import BadInput

config: Any = numba.config
KEYS = {
    "insert_per_s_core", "bytes_per_edge", "hop1_us_p50", "hop1_us_p99", "hop2_us_p50", "hop2_us_p99", "truncated_share",
    "ring_visible_ms", "peer", "sensor_us_per_event", "sensor_groups", "sensor_visits_per_event",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(config.DISABLE_JIT, reason="the cycle counter needs the compiler")
def test_a_small_run_holds_its_window_and_answers_right(store_settings):
    figures = graph.run(argparse.Namespace(edges=50_000, seed=1, no_peer=False), store_settings)
    assert figures.keys() >= KEYS
    assert figures["lost"] == figures["mismatches"] == 0
    assert figures["held_days"] >= graph.WINDOW_DAYS
    assert figures["bytes_per_edge"] < 40
    assert figures["peer"].keys() >= {"name", "insert_per_s_core", "hop1_us_p99"}


def test_too_few_edges_are_refused(store_settings):
    with pytest.raises(BadInput):
        graph.run(argparse.Namespace(edges=10, seed=1, no_peer=True), store_settings)
