"""`honghua bench restart`: the risk engine's way back after a crash: the newest snapshot, checked, and the facts since."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.decision.api import DecisionEngine, EngineSettings, load_newest, save_snapshot
from honghua.features.core import Schema
from honghua.fraud.api import SensorSize
from honghua.fraud.core import RiskPlan
from honghua.store.settings import StoreSettings

Ints = NDArray[np.int64]
START_US: Final = 1_700_000_000_000_000
BLOCK: Final = 8_192
SCHEMA: Final = Schema(("customer", "merchant", "device"), ("available_minor", "limit_minor", "hour", "weekday"))
EVENT_US: Final = 200_000


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser("restart", help="time until the risk engine is back")
    parser.add_argument("--facts", type=int, default=10_000_000)
    parser.add_argument("--tail", type=int, default=100_000, help="facts since the last snapshot")
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fold the facts, snapshot before the tail, go on; then come back from the disk and compare states.

    The tail's events come from memory, as the database gives them: reading 100,000 facts there takes about a second more.
    """
    if not 0 <= args.tail < args.facts:
        raise BadInput("the tail is a part of the facts", code="BAD_SIZE")
    size = SensorSize(entities=3 * args.people, nodes=3 * args.people, edges=4_000_000, keys=args.people)
    plan, settings = RiskPlan(SCHEMA), EngineSettings(size, 0)
    rng = np.random.default_rng(args.seed)
    engine = DecisionEngine(plan, settings=settings)
    tail: list[Ints] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        snapshot_ms = 0
        began = time.perf_counter()
        for start in range(0, args.facts, BLOCK):
            events = make_events(rng, start, min(BLOCK, args.facts - start), args.people)
            if start + len(events) > args.facts - args.tail and not tail:
                snapshot_ms = take_snapshot(folder, engine, start)
            if start + len(events) > args.facts - args.tail:
                tail.append(events)
            engine.absorb(events, np.arange(start, start + len(events)))
        folded = time.perf_counter() - began
        if not tail:
            snapshot_ms = take_snapshot(folder, engine, args.facts)
        began = time.perf_counter()
        found = load_newest(folder, lambda path: DecisionEngine.restore(path, plan, settings=settings))
        assert found is not None, "a snapshot was written"
        loaded = time.perf_counter()
        again, at = found
        for events in tail:
            again.absorb(events, np.arange(at, at + len(events)))
            at += len(events)
        ready = time.perf_counter()
        size_mb = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    return {
        "facts": args.facts, "tail": args.tail, "ready_ms": round((ready - began) * 1e3), "load_ms": round((loaded - began) * 1e3),
        "identical": again.digest() == engine.digest(), "snapshot_ms": snapshot_ms, "snapshot_mb": round(size_mb, 1),
        "fold_per_s": round(args.facts / folded), "values": len(engine.sensor.names),
    }  # fmt: skip


def take_snapshot(folder: Path, engine: DecisionEngine, fact_id: int) -> int:
    """Milliseconds that it took."""
    began = time.perf_counter()
    save_snapshot(folder, engine.save, fact_id=fact_id)
    return round((time.perf_counter() - began) * 1e3)


def make_events(rng: np.random.Generator, start: int, n: int, people: int) -> Ints:
    """A block of purchases, five a second."""
    events = np.zeros((n, SCHEMA.width), np.int64)
    events[:, 0] = START_US + (start + np.arange(n)) * EVENT_US
    events[:, 1], events[:, 2], events[:, 3] = 1, rng.integers(100, 100_000, n), events[:, 0]
    events[:, SCHEMA.place("customer")] = 1 + rng.integers(0, people, n)
    events[:, SCHEMA.place("merchant")] = 10**12 + rng.zipf(1.3, n) % (people // 10 + 1)
    events[:, SCHEMA.place("device")] = 10**13 + rng.integers(0, people, n)
    events[:, SCHEMA.place("available_minor")] = rng.integers(0, 10**6, n)
    events[:, SCHEMA.place("limit_minor")] = 10**6
    return events
