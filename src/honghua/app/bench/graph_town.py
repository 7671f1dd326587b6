"""A town of purchases and transfers for `honghua bench graph`: what the sensor costs an event, whole and group by group.

Customers by Zipf 0.6 with a device of their own (3 % use somebody else's), an address shared by two, six usual shops and shops by Zipf
1.0, eight friends whom they send money: 2.5 edges an event, crowds of about seven around half of the customers. The live graph is filled
in bulk, then events come in batches of 256; the least of many batches counts, for neighbours only ever add.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.clock import DAY_US
from honghua.graph import api as graphs
from honghua.graph.core import DAY_TICKS, TICK_US, make_tie_log

Ints = NDArray[np.int64]
Generator = np.random.Generator

BEGIN: Final = 1_700_000_000_000_000
WINDOW_DAYS: Final = 30
EDGES_AN_EVENT: Final = 2.4
EDGES_MAX: Final = 20_000_000
BATCH: Final = 256
BATCHES: Final = 40
CHUNK: Final = 500_000
WHO, SHOP, DEVICE, ADDRESS, PAYEE = range(4, 9)  # columns
PLAN: Final = graphs.EdgePlan(
    pairs=(
        (WHO, SHOP, graphs.CUSTOMER, graphs.MERCHANT),
        (WHO, DEVICE, graphs.CUSTOMER, graphs.DEVICE),
        (WHO, ADDRESS, graphs.CUSTOMER, graphs.ADDRESS),
        (WHO, PAYEE, graphs.CUSTOMER, graphs.CUSTOMER),
    )
)


def draw_ranks(rng: Generator, among: int, n: int, *, power: float) -> Ints:
    """1 … among by a power law."""
    u = rng.random(n)
    ranks = (among + 1) ** u - 1 if power == 1 else (u * ((among + 1) ** (1 - power) - 1) + 1) ** (1 / (1 - power)) - 1
    return np.asarray(np.minimum(ranks.astype(np.int64), among - 1) + 1)


def draw_events(rng: Generator, n: int, edges: int, begin_us: int, end_us: int) -> Ints:
    """int64[n, 9] events of a town whose size fits `edges` live edges, evenly in time."""
    people, shops = max(50, int(edges * 0.08)), max(10, int(edges * 0.008))
    events = np.zeros((n, 9), np.int64)
    events[:, 0] = begin_us + (np.arange(n) * ((end_us - begin_us) / n)).astype(np.int64)
    who, buys = draw_ranks(rng, people, n, power=0.6), rng.random(n) < 0.8
    events[:, 1], events[:, 2], events[:, WHO] = np.where(buys, 1, 3), rng.integers(100, 100_000, n), who
    place = ((who * 6 + rng.integers(0, 6, n)) * 2_654_435_761) % 2**32 / 2**32
    usual = ((shops + 1) ** place - 1).astype(np.int64) + 1
    shop = np.where(rng.random(n) < 0.5, np.minimum(usual, shops), draw_ranks(rng, shops, n, power=1))
    events[:, SHOP] = np.where(buys, shop, 0)
    events[:, DEVICE] = np.where(rng.random(n) < 0.97, who, rng.integers(1, people + 1, n))
    events[:, ADDRESS] = np.where(buys & (rng.random(n) < 0.5), who // 2 + 1, 0)
    friend = (who + rng.integers(1, 9, n) - 1) % people + 1
    payee = np.where(rng.random(n) < 0.7, friend, draw_ranks(rng, people, n, power=0.6))
    events[:, PAYEE] = np.where(buys | (payee == who), 0, payee)
    return events


def fill_town(graph: graphs.TemporalGraph, edges: int, rng: Generator, end_us: int) -> Ints:
    """Append a window of events in bulk; the log of their ties to devices and addresses."""
    total, done = int(edges / EDGES_AN_EVENT), 0
    logs = []
    while done < total:
        n = min(CHUNK, total - done)
        times = (BEGIN + int((end_us - BEGIN) * ((done + k) / total)) for k in (0, n))
        events = draw_events(rng, n, edges, *times)
        ends = [
            graph.take_nodes(np.ascontiguousarray(events[:, pair[side]]), np.full(n, pair[2 + side]))
            for pair in PLAN.pairs
            for side in (0, 1)
        ]
        left, right = np.stack(ends[::2], axis=1), np.stack(ends[1::2], axis=1)
        width = len(PLAN.pairs)
        graph.append_nodes(
            np.repeat(events[:, 0], width), left.reshape(-1), right.reshape(-1), np.repeat(events[:, 2], width)
        )
        for place in (1, 2):
            has = right[:, place] != 0
            log = make_tie_log(left[has, place], right[has, place], pair=place)
            log[:, 1] = (events[has, 0] - BEGIN) // TICK_US
            logs.append(log)
        done += n
    return np.concatenate(logs)


def measure_sensor(edges: int, seed: int) -> dict[str, Any]:
    """CPU microseconds of the sensor an event: all groups, each alone, and all without each; what it walked."""
    edges, rng = min(edges, EDGES_MAX), np.random.default_rng(seed)
    end_us = BEGIN + WINDOW_DAYS * DAY_US
    graph = graphs.TemporalGraph(int(edges * 0.24) + 100, edges, WINDOW_DAYS)
    whole = graphs.GraphSensor(graph, PLAN)
    log = fill_town(graph, edges, rng, end_us)[-len(whole.communities.log) :]
    whole.communities.log[: len(log)], whole.communities.logged[0] = log, len(log)
    for _ in range(2):
        whole.communities.turn(WINDOW_DAYS * DAY_TICKS, WINDOW_DAYS * DAY_TICKS)
    step_us = WINDOW_DAYS * DAY_US * EDGES_AN_EVENT / edges
    clock = [end_us]

    def cost(groups: tuple[str, ...]) -> float:
        sensor = graphs.GraphSensor(graph, replace(PLAN, groups=groups))
        if "community" in groups:
            sensor.communities = whole.communities
        begin, clock[0] = clock[0], clock[0] + int(BATCH * BATCHES * step_us)
        events = draw_events(rng, BATCH * BATCHES, edges, begin, clock[0])
        out = np.empty((BATCH, len(sensor.names)), np.float32)
        took = []
        for start in range(0, len(events), BATCH):
            started = time.process_time()
            sensor.step(events[start : start + BATCH], out)
            took.append(time.process_time() - started)
        return round(min(took) / BATCH * 1e6, 2)

    cost(graphs.GROUPS)
    before = graph.counters()
    figures: dict[str, Any] = {"sensor_us_per_event": cost(graphs.GROUPS), "sensor_values": len(whole.names)}
    after = graph.counters()
    for name in ("walks", "visits", "cut_short"):
        figures[f"sensor_{name}_per_event"] = round((after[name] - before[name]) / (BATCH * BATCHES), 2)
    groups = {
        group: {"alone_us": cost((group,)), "adds_us": cost(tuple(g for g in graphs.GROUPS if g != group))}
        for group in graphs.GROUPS
    }
    full = cost(graphs.GROUPS)
    for parts in groups.values():
        parts["adds_us"] = round(full - parts["adds_us"], 2)
    return figures | {
        "sensor_groups": groups, "sensor_edges": edges, "sensor_batch": BATCH, "sensor_load": round(os.getloadavg()[0], 2),
    }  # fmt: skip
