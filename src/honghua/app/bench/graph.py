"""`honghua bench graph`: a sliding stream over the live graph, its walks, its snapshot and its communities, beside igraph.

The stream is synthetic: customers by Zipf 0.6, shops by Zipf 1.0 (the largest takes some 7 %), 70 % customer–shop, 20 % customer–customer,
10 % customer–device, 0.2 nodes an edge. It runs for 1.3 windows, so the ring has been overwritten and what is measured is the steady state.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.bench.graph_town import measure_sensor
from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.graph import api as graphs
from honghua.graph.core import (
    ALL,
    DAY_TICKS,
    TICK_US,
    Graph,
    close_cycles,
    count_cycles,
    hop1_many,
    make_tie_log,
    rebuild_forests,
    time_one_hop,
    time_two_hops,
)
from honghua.store.settings import StoreSettings

Ints = NDArray[np.int64]

WINDOW_DAYS: Final = 30
LAPS: Final = 1.3  # windows of stream
NODES_AN_EDGE: Final = 0.2
BEGIN: Final = 1_700_000_000_000_000
NUMBERED_AT_ONCE: Final = 4_000_000
QUERIES: Final = 20_000
PARTS: Final = 5
PEER_EDGES_MAX: Final = 2_000_000
PEER_BESIDE_MAX: Final = 100_000_000  # beyond that what the graph leaves of memory and patience is not igraph's
ORACLE_EDGES: Final = 200_000
PEER: Final = Path(__file__).with_name("peers") / "igraph_peer.py"
PEER_SECONDS_MAX: Final = 600
SNAPSHOT_BYTES_MAX: Final = 6 << 30  # the page cache stands beside the graph in memory


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "graph", help="edges/s and walks of the temporal graph, beside igraph"
    )
    parser.add_argument("--edges", type=int, default=20_000_000, help="live edges in the window")
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--no-peer", action="store_true", help="leave igraph out")
    parser.set_defaults(bench=run)


@dataclass(frozen=True, slots=True)
class Town:
    """Who there is, under the numbers that the graph gave."""

    people: Ints
    shops: Ints
    devices: Ints


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fill, slide, ask; sizes and medians. Memory: 42 bytes an edge while the graph stands, so 300 M live edges take 13 GB."""
    if args.edges < 10_000:
        raise BadInput("at least 10000 edges are needed", code="BAD_SIZE")
    mismatches = check_small(args.seed)
    graph, town = make_graph(args.edges)
    rng = derive_rng(args.seed, "graph")
    rate, done = fill(graph, town, args.edges, rng)
    counters = graph.counters()
    nodes = draw_nodes(town, rng, QUERIES)
    figures = ask(graph, nodes)
    memory = graph.memory()
    held = sum(memory[name] for name in ("pool", "heads", "segments"))
    figures |= {
        "edges": args.edges, "streamed": done, "insert_per_s_core": round(rate), "window_days": WINDOW_DAYS,
        "bytes_per_edge": round(held / args.edges, 2), "bytes_per_edge_with_ids": round(sum(memory.values()) / args.edges, 2),
        "held_days": counters["held_days"], "lost": counters["lost"], "ring_laps": counters["laps"],
        "mismatches": mismatches, "load": round(os.getloadavg()[0], 2),
    }  # fmt: skip
    figures |= (
        measure_cycles(graph, town, rng) | measure_unions(len(graph.heads), args.edges, rng) | measure_snapshot(graph)
    )
    del graph
    figures |= measure_sensor(args.edges, args.seed)
    figures["ring_visible_ms"] = measure_ring(args.seed)
    figures["peer"] = skip_peer(args) or run_peer(min(args.edges, PEER_EDGES_MAX), args.seed)
    return figures


def skip_peer(args: argparse.Namespace) -> dict[str, Any]:
    """Why igraph is left out, empty when it is not."""
    if args.no_peer:
        return {"skipped": "asked for"}
    return {"skipped": f"beside more than {PEER_BESIDE_MAX} edges"} if args.edges > PEER_BESIDE_MAX else {}


def make_graph(edges: int) -> tuple[Graph, Town]:
    """An empty graph with all its nodes numbered, its arrays touched once."""
    nodes = int(edges * NODES_AN_EDGE)
    graph = Graph(nodes + 1, edges, WINDOW_DAYS)
    for name in ("heads", "pool"):
        getattr(graph, name).fill(0)
    keys = np.arange(1, nodes + 1)
    people, shops = int(nodes * 0.75), max(1, int(nodes * 0.05))
    kinds = np.repeat(np.array([0, 1, 2]), [people, shops, nodes - people - shops])
    order = np.random.default_rng(nodes).permutation(nodes)  # numbers say nothing of how busy a node is
    numbers = np.empty(nodes, np.int64)
    for part in np.array_split(order, -(-nodes // NUMBERED_AT_ONCE)):
        numbers[part] = graph.take_nodes(keys[part], kinds[part])
    return graph, Town(numbers[:people], numbers[people : people + shops], numbers[people + shops :])


def zipf(rng: np.random.Generator, among: Ints, size: int, *, power: float) -> Ints:
    """Draw from a power law by its continuous inverse."""
    n, u = len(among), rng.random(size)
    ranks = (n + 1) ** u - 1 if power == 1 else ((u * ((n + 1) ** (1 - power) - 1) + 1) ** (1 / (1 - power))) - 1
    return among[np.minimum(ranks.astype(np.int64), n - 1)]


def draw_edges(town: Town, rng: np.random.Generator, n: int) -> tuple[Ints, Ints, Ints]:
    """Left, right and amounts of n edges."""
    sort = rng.random(n)
    right = zipf(rng, town.shops, n, power=1.0)
    right = np.where(
        sort < 0.7,
        right,
        np.where(sort < 0.9, zipf(rng, town.people, n, power=0.6), zipf(rng, town.devices, n, power=0.6)),
    )
    return zipf(rng, town.people, n, power=0.6), right, rng.integers(100, 100_000, n)


def draw_nodes(town: Town, rng: np.random.Generator, n: int) -> Ints:
    """Ends of edges, so busy nodes are asked about as often as they appear."""
    left, right, _ = draw_edges(town, rng, n // 2)
    return rng.permutation(np.concatenate([left, right]))


def fill(graph: Graph, town: Town, edges: int, rng: np.random.Generator) -> tuple[float, int]:
    """Stream LAPS windows; edges per CPU-second from the first full window on, and how many were streamed."""
    total, batch = int(edges * LAPS), min(1_000_000, edges // 10)
    warm = Graph(100, 100, 1)
    warm.append_nodes(np.array([BEGIN]), np.array([1]), np.array([2]), np.array([3]))
    took, counted, done = 0.0, 0, 0
    while done < total:
        n = min(batch, total - done)
        at_us = BEGIN + ((done + np.arange(n)) * (WINDOW_DAYS * DAY_US / edges)).astype(np.int64)
        left, right, amounts = draw_edges(town, rng, n)
        started = time.process_time()
        graph.append_nodes(at_us, left, right, amounts)
        if done >= edges * 0.5:
            took, counted = took + time.process_time() - started, counted + n
        done += n
        print(f"\rstreamed {done:,}/{total:,}", end="", file=sys.stderr)
    return counted / took, done


def ask(graph: Graph, nodes: Ints) -> dict[str, Any]:
    """One hop (7 days, cap 256) and two hops (7 days, 32 × 32) in the kernel, one hop from Python, and the share that caps cut short."""
    cycle_us = measure_cycle()
    time_one_hop(graph, nodes[:8], days=7, cap=256)
    time_two_hops(graph, nodes[:8], days=7, fan=32)
    before = graph.counters()
    figures: dict[str, Any] = percentiles(time_one_hop(graph, nodes, days=7, cap=256) * cycle_us, "hop1_us")
    between = graph.counters()
    figures |= percentiles(time_two_hops(graph, nodes[::2].copy(), days=7, fan=32) * cycle_us, "hop2_us")
    after = graph.counters()
    figures["truncated_share"] = round(
        (after["cut_short"] - before["cut_short"]) / (after["walks"] - before["walks"]), 4
    )
    figures["hop1_truncated_share"] = round((between["cut_short"] - before["cut_short"]) / len(nodes), 4)
    calls, since = np.zeros(5_000), graph.since(7)
    for k, node in enumerate(nodes[1:10_000:2].tolist()):
        started = time.perf_counter_ns()
        graph.hop1(node, since)
        calls[k] = time.perf_counter_ns() - started
    return figures | percentiles(calls / 1000, "hop1_python_us")


def measure_cycle() -> float:
    """Microseconds of one tick of the cycle counter."""
    count_cycles(10)
    started = time.perf_counter()
    counted = count_cycles(50_000_000)
    return (time.perf_counter() - started) * 1e6 / counted


def percentiles(took_us: NDArray[Any], name: str) -> dict[str, float]:
    """Median and 99th percentile under a name: medians over PARTS of the run, so that one stolen slice is not taken for the tail."""
    p50, p99 = np.median([np.percentile(part, [50, 99]) for part in np.array_split(took_us, PARTS)], axis=0).tolist()
    return {f"{name}_p50": round(p50, 3), f"{name}_p99": round(p99, 3)}


def measure_cycles(graph: Graph, town: Town, rng: np.random.Generator) -> dict[str, float]:
    """Transfers appended and searched for cycles of at most 4 edges within a day, on the full graph."""
    n = min(200_000, len(town.people))
    payers, payees = zipf(rng, town.people, n, power=0.6), zipf(rng, town.people, n, power=0.6)
    amounts, at_us = rng.integers(100, 100_000, n), graph.now_us + np.arange(n) * 1_000
    close_cycles(graph, payers[:1], payees[:1], amounts[:1], at_us[:1])
    started = time.process_time()
    found = close_cycles(graph, payers, payees, amounts, at_us)
    return {"cycles_per_s": round(n / (time.process_time() - started)), "cycles_found": found}


def measure_unions(nodes: int, edges: int, rng: np.random.Generator) -> dict[str, float]:
    """Forests built anew from a log of ties as long as a third of the edges, at most ten million: two unions a tie."""
    rows = min(edges // 3, 10_000_000)
    log = make_tie_log(rng.integers(1, nodes, rows), rng.integers(1, nodes, rows))
    rebuild_forests(log[:10], nodes)
    started = time.process_time()
    rebuild_forests(log, nodes)
    took = time.process_time() - started
    return {"unions_per_s": round(2 * rows / took), "rebuild_seconds": round(took, 3), "rebuild_ties": rows}


def measure_snapshot(graph: Graph) -> dict[str, float]:
    """Seconds to save the graph and to map it back; nothing where it is larger than SNAPSHOT_BYTES_MAX or the disk has no room."""
    with tempfile.TemporaryDirectory(prefix="honghua-bench-") as name:
        folder = Path(name)
        size = sum(graph.memory().values())
        if size > SNAPSHOT_BYTES_MAX or shutil.disk_usage(folder).free < 1.2 * size:
            return {}
        started = time.perf_counter()
        graphs.TemporalGraph.of_arrays(graph.arrays()).save(folder)
        saved = time.perf_counter()
        back = graphs.TemporalGraph.load(folder)
        mapped = time.perf_counter()
        assert back.counters()["edges"] == graph.counters()["edges"]
    return {"snapshot_save_s": round(saved - started, 2), "snapshot_map_s": round(mapped - saved, 4)}


def measure_ring(seed: int) -> float:
    """Milliseconds from the last event of a ring on shared devices until its values show it: one call of the sensor, in a full town."""
    rng = derive_rng(seed, "ring")
    n = 100_000
    events = np.zeros((n, 7), np.int64)
    events[:, 0] = BEGIN + np.arange(n) * (10 * DAY_US // n)
    events[:, 1], events[:, 2] = 1, rng.integers(100, 100_000, n)
    events[:, 4], events[:, 5] = rng.integers(1, 20_000, n), 1 + (2_000 * rng.random(n) ** 2).astype(np.int64)
    events[:, 6] = events[:, 4]
    ring = np.arange(n - 4_000, n, 100)
    events[ring, 4], events[ring, 5], events[ring, 6] = 90_000 + ring // 100 % 8, 70_000, 80_000 + ring // 300 % 2
    plan = graphs.EdgePlan(pairs=((4, 5, graphs.CUSTOMER, graphs.MERCHANT), (4, 6, graphs.CUSTOMER, graphs.DEVICE)))
    sensor = graphs.GraphSensor(graphs.TemporalGraph(60_000, 3 * n, WINDOW_DAYS), plan)
    out = np.zeros((n, len(sensor.names)), np.float32)
    last = int(ring[-1])
    sensor.step(events[:last], out[:last])
    started = time.perf_counter()
    sensor.step(events[last : last + 1], out[last : last + 1])
    took_ms = (time.perf_counter() - started) * 1000
    assert out[last, sensor.names.index("graph_community_any")] == 8
    assert out[last, sensor.names.index("graph_linked_buyers_share")] == 1
    return round(took_ms, 3)


def check_small(seed: int) -> int:
    """Counts and distinct others of a small sliding graph against numpy on the list of its edges; how many of 1,500 answers differ."""
    rng = derive_rng(seed, "small")
    graph, town = make_graph(ORACLE_EDGES)
    n = 3 * ORACLE_EDGES
    ticks = (np.arange(n) * (WINDOW_DAYS * DAY_TICKS / ORACLE_EDGES)).astype(np.int64)
    left, right, amounts = draw_edges(town, rng, n)
    graph.append_nodes(BEGIN + ticks * TICK_US, left, right, amounts)
    nodes, different = draw_nodes(town, rng, 500), 0
    real = left != right
    for days in (1, 7, WINDOW_DAYS):
        got = hop1_many(graph, nodes, days=days, mask=ALL, cap=1_000)
        recent = np.flatnonzero(real & (ticks >= ticks[-1] - days * DAY_TICKS))
        for node, row in zip(nodes.tolist(), got.tolist(), strict=True):
            ids = recent[(left[recent] == node) | (right[recent] == node)][::-1][:1_000]
            others = np.where(left[ids] == node, right[ids], left[ids])
            different += (row[0], row[3]) != (len(ids), len(np.unique(others)))
    return different + int(graph.counters()["lost"])


def run_peer(edges: int, seed: int) -> dict[str, Any]:
    """igraph, a program of its own, on the same kind of stream without the sliding; beside it ours on just the same questions."""
    rng = derive_rng(seed, "peer")
    graph, town = make_graph(edges)
    left, right, amounts = draw_edges(town, rng, edges)
    ticks = (np.arange(edges) * (WINDOW_DAYS * DAY_TICKS / edges)).astype(np.int64)
    graph.append_nodes(BEGIN + ticks * TICK_US, left, right, amounts)
    queries = draw_nodes(town, rng, 2_000)
    since = int(ticks[-1]) - 7 * DAY_TICKS
    with tempfile.TemporaryDirectory(prefix="honghua-peer-") as folder:
        for name, array in {
            "edges": np.stack([left, right], axis=1), "stamps": ticks, "amounts": amounts, "queries": queries, "since": np.array([since]),
        }.items():  # fmt: skip
            np.save(Path(folder) / f"{name}.npy", array)
        done = subprocess.run(
            [sys.executable, str(PEER), folder], capture_output=True, text=True, check=False, timeout=PEER_SECONDS_MAX
        )
    if done.returncode != 0:
        return {"skipped": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "igraph did not answer"}
    answer: dict[str, Any] = json.loads(done.stdout)
    mine = hop1_many(graph, queries, days=7, mask=ALL, cap=1_000)
    return answer | {
        "ours_counts_cap_1000": int(mine[:, 0].sum()),
        "ours_bytes_per_edge": round(graph.pool.nbytes / edges, 1),
    }
