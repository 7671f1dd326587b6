"""Saving and mapping back: the same bytes, the same answers, and nothing half written is taken for a graph."""

from __future__ import annotations

import json

import numpy as np
import pytest

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.graph.api import EdgePlan, GraphSensor, TemporalGraph, load_sensor, run_in_thread, save_sensor
from honghua.graph.snapshot import digest_of_all

PLAN = EdgePlan(pairs=((4, 5, 0, 1), (4, 6, 0, 2)))


def make_events(n):
    rng = np.random.default_rng(n)
    events = np.zeros((n, 7), np.int64)
    events[:, 0] = 10**15 + np.arange(n) * 10**10
    events[:, 1] = 1
    events[:, 2:] = rng.integers(1, 12, (n, 5))
    return events


def test_a_sensor_mapped_back_goes_on_as_if_nothing_had_happened(tmp_path):
    """Across several epochs of communities, in a thread on one side and without on the other."""
    events = make_events(400)
    graph = TemporalGraph(100, 600, 30)
    one = GraphSensor(graph, PLAN, runner=run_in_thread)
    out = np.empty((400, len(one.names)), np.float32)
    one.step(events[:220], out[:220])
    before = graph.digest()
    save_sensor(one, tmp_path)
    other = load_sensor(tmp_path, PLAN, verify=True)
    assert other.graph.counters()["edges"] == graph.counters()["edges"] > 300
    one.step(events[220:], out[220:])
    again = np.empty((180, len(one.names)), np.float32)
    other.step(events[220:], again)
    assert again.tobytes() == out[220:].tobytes()
    for name, array in one.communities.arrays().items():
        assert np.array_equal(array, other.communities.arrays()[name]), name
    assert digest_of_all(other.graph.arrays()) == graph.digest() != before
    assert TemporalGraph.load(tmp_path / "graph", verify=True).digest() == before  # what went on stayed in memory
    with pytest.raises(BadInput):
        load_sensor(tmp_path, EdgePlan(pairs=PLAN.pairs[:1]))


def test_a_damaged_or_unfinished_folder_is_no_graph(tmp_path):
    graph = TemporalGraph(20, 20, 30)
    graph.append(np.array([10**15]), (np.array([1]), np.array([2])), np.array([5]), types=(0, 1))
    graph.save(tmp_path)
    pool = tmp_path / "pool.raw"
    whole = pool.read_bytes()
    pool.write_bytes(whole[:-8])
    with pytest.raises(IntegrityBroken):
        TemporalGraph.load(tmp_path)
    pool.write_bytes(b"\1" + whole[1:])
    TemporalGraph.load(tmp_path)
    with pytest.raises(IntegrityBroken):
        TemporalGraph.load(tmp_path, verify=True)
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 0}))
    with pytest.raises(BadInput):
        TemporalGraph.load(tmp_path)
    manifest.unlink()
    with pytest.raises(BadInput):
        TemporalGraph.load(tmp_path)


def test_a_mapped_graph_is_saved_over_the_files_that_it_is_mapped_to(tmp_path):
    graph = TemporalGraph(100, 600, 30)
    graph.append(np.array([10**15]), (np.array([1]), np.array([2])), np.array([5]), types=(0, 1))
    graph.save(tmp_path)
    mapped = TemporalGraph.load(tmp_path)
    mapped.append(np.array([10**15 + 1]), (np.array([1]), np.array([3])), np.array([6]), types=(0, 1))
    wanted = mapped.digest()
    mapped.save(tmp_path)
    assert mapped.digest() == wanted
    assert TemporalGraph.load(tmp_path, verify=True).digest() == wanted


def test_saving_again_replaces_what_was_there(tmp_path):
    graph = TemporalGraph(20, 20, 30)
    empty = graph.save(tmp_path)
    graph.append(np.array([10**15]), (np.array([1]), np.array([2])), np.array([5]), types=(0, 1))
    assert graph.save(tmp_path) != empty
    assert TemporalGraph.load(tmp_path, verify=True).counters()["edges"] == 1
